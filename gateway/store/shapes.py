"""What is known of the fields of sources, and what changed of them when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import Connection, delete, insert, select

from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.domain.source_shapes import FieldChange, KnownField, KnownShape, SourceDrift
from gateway.store.schema import source_drift, source_shape


@dataclass(frozen=True)
class ShapeKey:
    """One resource of one source of one provider."""

    provider: InstitutionId
    source: str
    resource: ResourceName

    @property
    def row(self) -> dict[str, str]:
        return {"provider_id": self.provider, "source_id": self.source, "resource": self.resource}


def read_shape(connection: Connection, key: ShapeKey) -> KnownShape | None:
    """What is known of a resource of a source; None before its first pull."""
    row = connection.execute(
        select(source_shape).where(
            source_shape.c.provider_id == key.provider,
            source_shape.c.source_id == key.source,
            source_shape.c.resource == key.resource,
        )
    ).one_or_none()
    if row is None:
        return None
    fields = {name: KnownField(frozenset(said["types"]), said["always"]) for name, said in row.fields.items()}
    return KnownShape(fields, row.mapping, row.others, row.crowded)


def write_shape(connection: Connection, key: ShapeKey, shape: KnownShape) -> None:
    """Put what is known now in the place of what was."""
    connection.execute(
        delete(source_shape).where(
            source_shape.c.provider_id == key.provider,
            source_shape.c.source_id == key.source,
            source_shape.c.resource == key.resource,
        )
    )
    fields = {name: {"types": sorted(field.types), "always": field.always} for name, field in shape.fields.items()}
    connection.execute(
        insert(source_shape).values(**key.row, mapping=shape.mapping, others=shape.others, crowded=shape.crowded, fields=fields)
    )


def write_drift(connection: Connection, key: ShapeKey, run_id: str, at: str, changes: Sequence[FieldChange]) -> None:
    """Note what a run found changed."""
    rows = [
        {
            **key.row,
            "run_id": run_id,
            "position": position,
            "at": at,
            "field": change.field,
            "change": change.change,
            "before": list(change.before),
            "now": list(change.now),
        }
        for position, change in enumerate(changes)
    ]
    if rows:
        connection.execute(insert(source_drift), rows)


def read_drift(connection: Connection, provider: InstitutionId, source: str, most: int) -> Iterator[SourceDrift]:
    """What changed at a source, the newest first, up to `most` changes."""
    statement = (
        select(source_drift)
        .where(source_drift.c.provider_id == provider, source_drift.c.source_id == source)
        .order_by(source_drift.c.at.desc(), source_drift.c.run_id.desc(), source_drift.c.position)
        .limit(most)
    )
    for _, found in groupby(connection.execute(statement), key=lambda row: row.run_id):
        rows = list(found)
        changes = tuple(FieldChange(row.field, row.change, tuple(row.before), tuple(row.now)) for row in rows)
        yield SourceDrift(source, provider, rows[0].resource, rows[0].at, changes)
