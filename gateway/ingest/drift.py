"""Note what changed at a source since it was last read. It only tells: what is read, stored and shared stays what the source file
and the agreements name."""

from __future__ import annotations

from collections import Counter

from gateway.domain.compare_shapes import compare_shapes
from gateway.domain.source_shapes import SeenShape, SourceDrift, told
from gateway.store.engine import Connection
from gateway.store.shapes import ShapeKey, read_shape, write_drift, write_shape
from gateway.telemetry import logger


def note_drift(
    connection: Connection, key: ShapeKey, run_id: str, seen: SeenShape, *, mapping: str, whole: bool, at: str
) -> SourceDrift | None:
    """Compare what a run saw with what is known, and keep both. Where nothing is known yet, objects of which only the changed ones
    came are no measure for the others."""
    known = read_shape(connection, key)
    if not seen.certain and (not seen.looked or (known is None and not whole)):
        return None
    now, changes = compare_shapes(known, told(seen), mapping, whole=whole)
    if now != known:
        write_shape(connection, key, now)
    write_drift(connection, key, run_id, at, changes)
    return SourceDrift(key.source, key.provider, key.resource, at, changes) if changes else None


def log_drift(drift: SourceDrift) -> None:
    """The line to raise an alarm on."""
    named = {kind: [change.field for change in drift.changes if change.change == kind] for kind in ("new", "gone", "type")}
    logger().warning(
        "source drifted",
        source=drift.source,
        provider=drift.provider,
        resource=drift.resource,
        counts=dict(Counter(change.change for change in drift.changes)),
        fields={kind: names for kind, names in named.items() if names},
    )
