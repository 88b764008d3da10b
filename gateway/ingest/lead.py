"""Lead the pull of one resource after another, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from connectors.base import Connector, Incremental, Observing, Page, PositionExpired
from gateway.admit import admit
from gateway.catalog.model import Resource
from gateway.catalog.naming import naming_elements
from gateway.domain.identifiers import ResourceName
from gateway.domain.source_shapes import SeenShape, SourceDrift
from gateway.domain.times import utc_text
from gateway.errors import GatewayError, IngestError
from gateway.ingest.order import Drifted, Intake, Progress, ResourceReport, SyncOrder
from gateway.ingest.run import Reach, Run
from gateway.store.agreements import needed_elements
from gateway.store.exclusive import exclusive
from gateway.store.positions import Position, read_position
from gateway.store.prune import prune
from gateway.store.staging import Counts, begin_run, close_interrupted, head


def _untold(_: SourceDrift) -> None:
    """Nobody wants to know what changed at the source."""


def ingest(
    order: SyncOrder, connector: Connector, intake: Intake, progress: Progress, drifted: Drifted = _untold
) -> Iterable[ResourceReport]:
    """Pull every resource of a source in dependency order; yields a report when a resource is done.

    Raises `IngestError` (and leaves the last good state whole) when no operation agreement of the provider is in force, the
    source cannot be read, another sync of the provider runs, or the shrink guard refuses.
    """
    offered = frozenset(connector.resources())
    with exclusive(intake.database, f"sync/{order.provider}"):
        with intake.database.write() as connection:
            close_interrupted(connection, order.provider, utc_text(intake.clock()))
        for name, resource in intake.catalog.resources.items():
            if name in offered and (not order.only or name in order.only):
                _check_maintainer(order, resource)
                yield _take_in(_Pull(order, connector, intake, progress, drifted), resource)


@dataclass(frozen=True)
class _Pull:
    """What every resource of one sync has in common."""

    order: SyncOrder
    connector: Connector
    intake: Intake
    progress: Progress
    drifted: Drifted


def _take_in(pull: _Pull, resource: Resource) -> ResourceReport:
    order, connector, intake = pull.order, pull.connector, pull.intake
    with intake.database.read() as connection:
        admit(connection, order.provider, intake.clock())
        needed = needed_elements(connection, order.provider, naming_elements(intake.catalog)).get(resource.name)
        version, stored_before = head(connection, order.provider, resource.name)
    if needed is None:
        return ResourceReport(resource.name, "not_stored", 0, 0, 0, 0, 0, Counts(), version)
    stored = frozenset(needed) | frozenset(resource.identity)
    widened = stored != stored_before
    until = connector.position(resource.name) if isinstance(connector, Incremental) else None
    since = _since(order, intake, resource.name, widened=widened)
    try:
        report = _run(pull, resource, Reach(since if until is not None else None, until, version, stored, widened))
    except PositionExpired:
        report = _run(pull, resource, Reach(None, until, version, stored, widened))
    before = utc_text(intake.clock() - intake.keep_versions)
    with intake.database.write() as connection:
        prune(connection, intake.tables[resource.name], order.provider, before)
    return report


def _since(order: SyncOrder, intake: Intake, resource: ResourceName, *, widened: bool) -> Position | None:
    """Where to go on; None where everything must be pulled: at first, on demand, under another mapping, and when more is stored
    of each record than before."""
    with intake.database.read() as connection:
        known = read_position(connection, order.provider, order.source, resource)
    stays = known is not None and known.mapping == order.mappings.get(resource) and not widened and not order.whole
    return known if stays else None


def _run(pull: _Pull, resource: Resource, reach: Reach) -> ResourceReport:
    order, connector, intake = pull.order, pull.connector, pull.intake
    run_id = intake.new_run_id()
    with intake.database.write() as connection:
        begin_run(connection, run_id, order.provider, order.source, resource.name, utc_text(intake.clock()))
    run = Run(order, intake, resource, run_id, reach, later_counts=connector.may_repeat())
    limit = 1.0 if order.allow_shrink else intake.shrink_limit
    try:
        for page in _pages(connector, resource.name, reach):
            if page.unaccounted():
                raise IngestError(f"{order.source}: the connector lost rows of {resource.name}; nothing was taken over.")
            run.take(page)
            pull.progress(resource.name, run.rows, connector.rows_in(resource.name) if reach.since is None else None)
        if reach.since is None and not run.unidentified:
            run.stage.remove_unseen()
        run.stage.check_shrink(limit)
        return run.promote(_seen(connector, resource.name))
    except PositionExpired:
        run.give_up("position expired")
        raise
    except GatewayError as why:
        run.give_up(why.code, _seen(connector, resource.name))
        raise
    finally:
        run.stage.close()
        if run.drift is not None:
            pull.drifted(run.drift)


def _seen(connector: Connector, resource: ResourceName) -> SeenShape | None:
    return connector.seen(resource) if isinstance(connector, Observing) else None


def _pages(connector: Connector, resource: ResourceName, reach: Reach) -> Iterator[Page]:
    if reach.since is not None and reach.until is not None and isinstance(connector, Incremental):
        return connector.changes(resource, reach.since.text, reach.until)
    return connector.pull(resource)


def _check_maintainer(order: SyncOrder, resource: Resource) -> None:
    """Who maintains a record decides the law, so a source may only bring what the catalog lets its kind maintain."""
    maintainer = order.maintainers[resource.name]
    for person in resource.persons.values():
        if maintainer not in person.maintained_by:
            allowed = " or ".join(person.maintained_by)
            raise IngestError(
                f"{order.source}: {resource.name} may be maintained by {allowed}, not by {maintainer}. "
                "Correct `maintainer` in the source file, or leave the resource out."
            )
