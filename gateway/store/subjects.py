"""The SQL of the subject index: how far a log is indexed, the segments of each provider, and their sealed buckets.

The index is made of the log's own entries and can be made again from them, so that writing it is no event of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Connection, bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.domain.identifiers import InstitutionId, PersonId
from gateway.store.engine import without_waiting
from gateway.store.schema import (
    audit_detail,
    audit_entry,
    audit_log,
    former_person,
    subject_bucket,
    subject_progress,
    subject_segment,
)

HASH_BITS = 32
"""Bits of a person's keyed hash; a bucket is its first ones."""
_SEGMENTS = (
    select(subject_segment)
    .where(subject_segment.c.log_id == bindparam("of_log"), subject_segment.c.provider_id == bindparam("provider"))
    .order_by(subject_segment.c.first_seq)
)
_WHERE = bindparam("hashed", type_=BigInteger).op(">>")(HASH_BITS - subject_segment.c.bits)
_BUCKETS_OF_ONE = (
    select(subject_segment.c.first_seq, subject_segment.c.bits, subject_bucket.c.sealed)
    .join(
        subject_bucket,
        (subject_bucket.c.log_id == subject_segment.c.log_id)
        & (subject_bucket.c.provider_id == subject_segment.c.provider_id)
        & (subject_bucket.c.first_seq == subject_segment.c.first_seq)
        & (subject_bucket.c.bucket == _WHERE),
    )
    .where(
        subject_segment.c.log_id == bindparam("of_log"),
        subject_segment.c.provider_id == bindparam("provider"),
        subject_segment.c.key_id == bindparam("key"),
    )
)


@dataclass(frozen=True)
class Progress:
    """The first index of a log that is not indexed, and how often the index moved."""

    next_seq: int
    moved: int


@dataclass(frozen=True)
class Segment:
    """A stretch of a log that is indexed for a provider, as its table has it."""

    log_id: int
    provider: InstitutionId
    first_seq: int
    after_seq: int
    bits: int
    mentions: int
    key_id: str


@dataclass(frozen=True, repr=False)
class Named:
    """An entry that has a sealed detail: it may name people."""

    index: int
    entry: str
    leaf: bytes
    key_id: str
    sealed: bytes


def every_log(connection: Connection) -> Sequence[int]:
    """The ids of all logs that this database ever had, oldest first."""
    return connection.execute(select(audit_log.c.log_id).order_by(audit_log.c.log_id)).scalars().all()


def begins_later(connection: Connection, log_id: int) -> bool:
    """Whether the first entries of a log are not in the database."""
    first = select(audit_entry.c.seq).where(audit_entry.c.log_id == log_id).order_by(audit_entry.c.seq).limit(1)
    return bool(connection.execute(first).scalar())


def read_progress(connection: Connection, log_id: int) -> Progress:
    """How far a log is indexed."""
    row = connection.execute(select(subject_progress).where(subject_progress.c.log_id == log_id)).one_or_none()
    return Progress(0, 0) if row is None else Progress(row.next_seq, row.moved)


def named_entries(connection: Connection, log_id: int, start: int, count: int) -> Sequence[Named]:
    """The first entries from an index on that have a sealed detail, in order, at most `count`."""
    rows = connection.execute(
        select(audit_entry.c.seq, audit_entry.c.entry_id, audit_entry.c.leaf, audit_detail.c.key_id, audit_detail.c.ciphertext)
        .join(
            audit_detail,
            (audit_detail.c.log_id == audit_entry.c.log_id) & (audit_detail.c.entry_id == audit_entry.c.entry_id),
        )
        .where(audit_entry.c.log_id == log_id, audit_entry.c.seq >= start)
        .order_by(audit_entry.c.seq)
        .limit(count)
    )
    return [_named(row) for row in rows]


def entries_at(connection: Connection, log_id: int, indexes: Collection[int]) -> Mapping[int, Named]:
    """These entries with their details, by index; those that are not in the database, or without a detail, are absent."""
    rows = connection.execute(
        select(audit_entry.c.seq, audit_entry.c.entry_id, audit_entry.c.leaf, audit_detail.c.key_id, audit_detail.c.ciphertext)
        .join(
            audit_detail,
            (audit_detail.c.log_id == audit_entry.c.log_id) & (audit_detail.c.entry_id == audit_entry.c.entry_id),
        )
        .where(audit_entry.c.log_id == log_id, audit_entry.c.seq.in_(indexes))
    )
    return {row.seq: _named(row) for row in rows}


def _named(row: Any) -> Named:
    return Named(row.seq, row.entry_id, bytes(row.leaf), row.key_id, bytes(row.ciphertext))


def segments(connection: Connection, log_id: int, provider: InstitutionId) -> Sequence[Segment]:
    """A provider's segments in the order of the log."""
    rows = connection.execute(_SEGMENTS, {"of_log": log_id, "provider": provider})
    return [Segment(row.log_id, row.provider_id, row.first_seq, row.after_seq, row.bits, row.mentions, row.key_id) for row in rows]


def keys_of_segments(connection: Connection, log_id: int, provider: InstitutionId) -> Sequence[str]:
    """The register keys that a provider's segments are sealed under."""
    chosen = select(subject_segment.c.key_id).where(subject_segment.c.log_id == log_id, subject_segment.c.provider_id == provider)
    return connection.execute(chosen.distinct().order_by(subject_segment.c.key_id)).scalars().all()


def buckets_of(connection: Connection, segment: Segment) -> Iterator[tuple[int, bytes]]:
    """Every bucket of a segment that has anything in it, with its number."""
    for bucket, sealed in connection.execute(
        select(subject_bucket.c.bucket, subject_bucket.c.sealed).where(
            subject_bucket.c.log_id == segment.log_id,
            subject_bucket.c.provider_id == segment.provider,
            subject_bucket.c.first_seq == segment.first_seq,
        )
    ):
        yield bucket, bytes(sealed)


def buckets_of_one(
    connection: Connection, log_id: int, provider: InstitutionId, key_id: str, hashed: int
) -> Sequence[tuple[int, int, bytes]]:
    """For somebody's keyed hash: first index, bucket and sealed content of the bucket in each segment under a key."""
    rows = connection.execute(_BUCKETS_OF_ONE, {"of_log": log_id, "provider": provider, "key": key_id, "hashed": hashed})
    return [(first, hashed >> (HASH_BITS - bits), bytes(sealed)) for first, bits, sealed in rows]


def write_step(
    connection: Connection,
    log_id: int,
    before: Progress,
    next_seq: int,
    gone: Sequence[Segment],
    new: Sequence[tuple[Segment, Mapping[int, bytes]]],
) -> bool:
    """Put new segments in the place of those that are gone and move on, all or none; False where another process moved first."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    first = {"log_id": log_id, "next_seq": 0, "moved": 0}
    connection.execute(dialect.insert(subject_progress).values(**first).on_conflict_do_nothing())
    moved = connection.execute(
        update(subject_progress)
        .where(subject_progress.c.log_id == log_id, subject_progress.c.moved == before.moved)
        .values(next_seq=next_seq, moved=before.moved + 1)
    )
    if moved.rowcount != 1:
        return False
    for segment in gone:
        for table in (subject_bucket, subject_segment):
            connection.execute(
                delete(table).where(
                    table.c.log_id == log_id,
                    table.c.provider_id == segment.provider,
                    table.c.first_seq == segment.first_seq,
                )
            )
    with without_waiting(connection):
        for segment, buckets in new:
            place = {"log_id": log_id, "provider_id": segment.provider, "first_seq": segment.first_seq}
            connection.execute(
                insert(subject_segment),
                {
                    **place,
                    "after_seq": segment.after_seq,
                    "bits": segment.bits,
                    "mentions": segment.mentions,
                    "key_id": segment.key_id,
                },
            )
            rows = [{**place, "bucket": bucket, "sealed": sealed} for bucket, sealed in sorted(buckets.items())]
            connection.execute(insert(subject_bucket), rows)
    return True


def forget_index(connection: Connection, log_id: int) -> None:
    """Drop all that is indexed of a log, so that it is made again from the entries."""
    for table in (subject_bucket, subject_segment):
        connection.execute(delete(table).where(table.c.log_id == log_id))
    connection.execute(
        update(subject_progress).where(subject_progress.c.log_id == log_id).values(next_seq=0, moved=subject_progress.c.moved + 1)
    )


def numbers_of(connection: Connection, provider: InstitutionId, person: PersonId) -> Sequence[PersonId]:
    """Every number that a person has or had: entries bear the number of their time."""
    former = select(former_person.c.former_id).where(former_person.c.provider_id == provider, former_person.c.person_id == person)
    others = {PersonId(number) for number in connection.execute(former).scalars()}
    return sorted({person, *others})
