"""Take in the batches that are complete: each through the same road as any other source, by whichever process holds the lock."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from connectors.push import Batch, Mode, PushedBatch
from connectors.source import Source
from gateway.app import Gateway
from gateway.domain.identifiers import InstitutionId
from gateway.domain.times import utc_text
from gateway.errors import GatewayError, SyncRunning
from gateway.ingest import ResourceReport, ingest, log_drift, order_of
from gateway.receive import open_part
from gateway.store.exclusive import exclusive
from gateway.store.pushes import BatchKey, StoredBatch, complete_batches, end_batch, read_batch, read_parts
from gateway.telemetry import logger, place_of

Sources = Callable[[], Mapping[tuple[InstitutionId, str], Source]]


def take_batches(gateway: Gateway, sources: Sources) -> int:
    """Take in every batch that is complete, in the order in which they were begun; gives how many.

    One that fails is told so at its own address and on the log, and its sender sends a new one; one that another process works on,
    or whose provider is being synced, is left for later.
    """
    with gateway.database.read() as connection:
        waiting = complete_batches(connection)
    known = sources() if waiting else {}
    return sum(_take(gateway, key, known.get((key.provider, key.source))) for key in waiting)


def _take(gateway: Gateway, key: BatchKey, source: Source | None) -> bool:
    try:
        with exclusive(gateway.database, f"push/{key.provider}/{key.source}"):
            with gateway.database.read() as connection:
                batch = read_batch(connection, key)
                sizes = [part.size for part in read_parts(connection, key)]
            if batch is None or batch.state != "complete":
                return False
            _end(gateway, key, *_outcome(gateway, key, source, batch, sizes))
    except SyncRunning:
        return False
    return True


def _outcome(
    gateway: Gateway, key: BatchKey, source: Source | None, batch: StoredBatch, sizes: list[int]
) -> tuple[str, str | None, ResourceReport | None]:
    if source is None or key.resource not in source.resources:
        return "failed", "There is no source file for this batch any more.", None

    def part(place: int) -> bytes:
        with gateway.database.read() as connection:
            return open_part(connection, key, place + 1, gateway.ring)

    mode: Mode = "changes" if batch.mode == "changes" else "whole"
    connector = PushedBatch(source, Batch(key.batch, key.resource, mode, batch.media_type, sizes, part))
    try:
        order = order_of(source, allow_shrink=batch.allow_shrink)
        [report] = ingest(order, connector, gateway.intake(), lambda *_: None, log_drift)
    except SyncRunning:
        raise
    except GatewayError as why:
        logger().error("batch failed", **key.row, code=why.code)
        return "failed", f"{why.code}: {why.detail}", None
    except Exception as why:  # noqa: BLE001 - whatever it is, the batch ends and keeps no other waiting; its text could hold a value
        logger().error("batch failed", **key.row, code=GatewayError.code, kind=type(why).__name__, where=place_of(why))
        return "failed", f"{GatewayError.code}: {GatewayError.title}.", None
    return report.outcome, None, report


def _end(gateway: Gateway, key: BatchKey, state: str, failure: str | None, report: ResourceReport | None) -> None:
    counts = None
    if report is not None:
        found = report.counts
        counts = {"inserted": found.inserted, "updated": found.updated, "deleted": found.deleted, "unchanged": found.unchanged}
        counts["quarantined"] = report.quarantined
    with gateway.database.write() as connection:
        end_batch(connection, key, state, utc_text(gateway.clock()), failure, counts)
