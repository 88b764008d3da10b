"""Batches that institutions send: their parts, sealed, until they are taken in, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.store.schema import push_batch, push_part


@dataclass(frozen=True)
class BatchKey:
    """Which batch: of a source of a provider, for one resource, under the name that the sender gave it."""

    provider: InstitutionId
    source: str
    resource: ResourceName
    batch: str

    @property
    def row(self) -> dict[str, object]:
        return {"provider_id": self.provider, "source_id": self.source, "resource": self.resource, "batch": self.batch}


@dataclass(frozen=True)
class StoredBatch:
    """A batch as it stands; `counts` (inserted, updated, deleted, unchanged, quarantined) once it was taken in."""

    media_type: str
    mode: str | None
    allow_shrink: bool
    parts: int | None
    state: str
    failure: str | None
    counts: Mapping[str, int] | None


@dataclass(frozen=True)
class StoredPart:
    """A part without its content: its number (from 1), its size in bytes, and the HMAC of what it holds."""

    number: int
    size: int
    digest: bytes


def read_batch(connection: Connection, key: BatchKey) -> StoredBatch | None:
    """The batch, if one was begun under this name."""
    row = connection.execute(select(push_batch).where(*_of_batch(key))).one_or_none()
    return (
        None
        if row is None
        else StoredBatch(row.media_type, row.mode, row.allow_shrink, row.parts, row.state, row.failure, row.counts)
    )


def read_parts(connection: Connection, key: BatchKey) -> Sequence[StoredPart]:
    """The parts that are there, by number."""
    columns = (push_part.c.part, push_part.c.size, push_part.c.digest)
    rows = connection.execute(select(*columns).where(*_of_part(key)).order_by(push_part.c.part))
    return [StoredPart(row.part, row.size, bytes(row.digest)) for row in rows]


def read_content(connection: Connection, key: BatchKey, number: int) -> bytes:
    """The sealed content of one part."""
    found = connection.execute(select(push_part.c.content).where(*_of_part(key), push_part.c.part == number)).scalar_one()
    return bytes(found)


def begin_batch(connection: Connection, key: BatchKey, media_type: str, at: str) -> None:
    """Note that a batch was begun."""
    connection.execute(
        insert(push_batch).values(**key.row, media_type=media_type, state="receiving", begun_at=at, allow_shrink=False)
    )


def write_part(connection: Connection, key: BatchKey, part: StoredPart, content: bytes) -> None:
    """Keep one part."""
    connection.execute(insert(push_part).values(**key.row, part=part.number, size=part.size, digest=part.digest, content=content))


def complete_batch(connection: Connection, key: BatchKey, mode: str, parts: int, *, allow_shrink: bool) -> None:
    """All parts are there: it is to be taken in."""
    connection.execute(
        update(push_batch).where(*_of_batch(key)).values(state="complete", mode=mode, parts=parts, allow_shrink=allow_shrink)
    )


def end_batch(
    connection: Connection, key: BatchKey, state: str, at: str, failure: str | None, counts: Mapping[str, int] | None
) -> None:
    """Note what became of a batch; its parts are no longer needed."""
    connection.execute(delete(push_part).where(*_of_part(key)))
    connection.execute(update(push_batch).where(*_of_batch(key)).values(state=state, ended_at=at, failure=failure, counts=counts))


def complete_batches(connection: Connection) -> Sequence[BatchKey]:
    """The batches that are still to be taken in, in the order in which they were begun."""
    rows = connection.execute(select(push_batch).where(push_batch.c.state == "complete").order_by(push_batch.c.begun_at))
    return [BatchKey(InstitutionId(r.provider_id), r.source_id, ResourceName(r.resource), r.batch) for r in rows]


def _of_batch(key: BatchKey) -> list[ColumnElement[bool]]:
    return [push_batch.c[name] == value for name, value in key.row.items()]


def _of_part(key: BatchKey) -> list[ColumnElement[bool]]:
    return [push_part.c[name] == value for name, value in key.row.items()]
