"""Keep the subject index up with the log: step by step from the last indexed entry on, each step one transaction.

A step reads a stretch of the log, turns its details round (entry -> people becomes person -> entries) and writes a segment for each
provider; small segments at the end are taken in by the next, so that a log has few. All is computed before the transaction begins,
which then only writes: nobody who discloses waits for it longer than for that.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import orjson

from gateway.accountability.named_people import people_of
from gateway.domain.identifiers import InstitutionId, PersonId
from gateway.errors import RequestError, Unavailable
from gateway.register.desk import INDEX_TABLE, RegisterDesk, RegisterKeys
from gateway.register.mentions import bits_for, bucketed, hash_of, hashing_key, packed, unpacked, unpacked_one
from gateway.register.named import whose
from gateway.store.audit_log import read_head
from gateway.store.engine import Connection
from gateway.store.subjects import (
    Named,
    Progress,
    Segment,
    begins_later,
    buckets_of,
    buckets_of_one,
    every_log,
    forget_index,
    keys_of_segments,
    named_entries,
    numbers_of,
    read_progress,
    segments,
    write_step,
)

AT_ONCE = 200
"""Entries that are read at once."""
STEP = 250_000
"""Mentions after which a step ends; one entry may have more."""
LARGEST_SEGMENT = 500_000
"""Mentions: a segment that is full stays as it is, so that no step writes more than some 600 KB."""
FEW = 1_000
"""Entries that name nobody are read again by each look until there are so many."""
_Indexes: TypeAlias = "dict[int, array[int]]"


@dataclass(frozen=True)
class _Read:
    """What one step found: by provider and register key, the people and their entries; and the index that comes next."""

    by_owner: Mapping[tuple[InstitutionId, str], _Indexes]
    next_seq: int


def catch_up(desk: RegisterDesk) -> Mapping[int, int]:
    """Index every log up to where it is now; gives how far that is in each: what comes after names nobody, up to this moment. May
    be cut off anywhere, and done by many at once."""
    keys = RegisterKeys(desk.ring)
    with desk.database.read() as connection:
        ends = {log_id: read_head(connection, log_id).size for log_id in every_log(connection)}
    for log_id, end in ends.items():
        while _step(log_id, end, keys, desk):
            pass
    with desk.database.read() as connection:
        return {log_id: read_progress(connection, log_id).next_seq for log_id in ends}


def assert_indexed(connection: Connection, ends: Mapping[int, int]) -> None:
    """Raises `Unavailable` where the index of this snapshot does not go as far: somebody makes it anew."""
    if any(read_progress(connection, log_id).next_seq < end for log_id, end in ends.items()):
        raise Unavailable("The index of people is being made anew. Try again shortly.")


def rebuild(desk: RegisterDesk) -> Mapping[int, int]:
    """Make the whole index anew from the log's details; gives what `catch_up` gives.

    Raises `RequestError` where a log's beginning is not in the database: what is said of it would be lost.
    """
    with desk.database.read() as connection:
        logs = every_log(connection)
        if any(begins_later(connection, log_id) for log_id in logs):
            raise RequestError("The beginning of the log is in an archive, so the index cannot be made anew. Restore it first.")
    for log_id in logs:
        with desk.database.write() as connection:
            forget_index(connection, log_id)
    return catch_up(desk)


def entries_about(connection: Connection, provider: InstitutionId, person: PersonId, keys: RegisterKeys) -> list[tuple[int, int]]:
    """Log and index of every entry that names somebody, under any number that the person had, oldest first, as far as the index of
    this snapshot goes."""
    found: set[tuple[int, int]] = set()
    numbers = numbers_of(connection, provider, person)
    for log_id in every_log(connection):
        for key_id in keys_of_segments(connection, log_id, provider):
            key, sealer = keys.key(key_id), keys.sealer(key_id, INDEX_TABLE)
            if key is None or sealer is None:
                continue
            hashing = hashing_key(key.secret)
            for number in numbers:
                for first, bucket, sealed in buckets_of_one(connection, log_id, provider, key_id, hash_of(hashing, number)):
                    content = sealer.unseal(sealed, _place(log_id, provider, first, bucket))
                    found.update((log_id, index) for index in unpacked_one(content, first, number))
    return sorted(found)


def _step(log_id: int, end: int, keys: RegisterKeys, desk: RegisterDesk) -> bool:
    """One step; False when everybody who is named up to `end` is indexed. Where another process was quicker, what was found is
    dropped."""
    with desk.database.read() as connection:
        before = read_progress(connection, log_id)
        if before.next_seq >= end:
            return False
        read = _read(connection, log_id, before, end, keys)
        if not read.by_owner and read.next_seq - before.next_seq < FEW:
            return False  # a look leaves an entry that names nobody: the next need not write for that
        gone: list[Segment] = []
        new: list[tuple[Segment, Mapping[int, bytes]]] = []
        for (provider, key_id), mentions in read.by_owner.items():
            taken = _small_ones(segments(connection, log_id, provider), key_id, _count(mentions))
            together = _joined([_of_segment(connection, segment, keys) for segment in taken], mentions)
            first = taken[0].first_seq if taken else min(indexes[0] for indexes in mentions.values())
            gone += taken
            new.append(_sealed(log_id, provider, first, read.next_seq, key_id, together, keys))
    with desk.database.write() as connection:
        write_step(connection, log_id, before, read.next_seq, gone, new)
    return True


def _read(connection: Connection, log_id: int, before: Progress, end: int, keys: RegisterKeys) -> _Read:
    by_owner: dict[tuple[InstitutionId, str], _Indexes] = {}
    start, mentions = before.next_seq, 0
    while True:
        page = named_entries(connection, log_id, start, AT_ONCE)
        for named in page:
            if named.index >= end:
                return _Read(by_owner, end)
            mentions += _turn_round(named, by_owner, keys)
            start = named.index + 1
            if mentions >= STEP:
                return _Read(by_owner, start)
        if len(page) < AT_ONCE:
            return _Read(by_owner, end)


def _turn_round(named: Named, by_owner: dict[tuple[InstitutionId, str], _Indexes], keys: RegisterKeys) -> int:
    """Put one entry under each of its people; gives how many they are."""
    provider = whose(orjson.loads(named.leaf))
    detail = None if provider is None else keys.detail(named.entry, named.key_id, named.sealed)
    if provider is None or detail is None:
        return 0
    people: set[int] = set().union(*people_of(detail).values())
    mentions = by_owner.setdefault((provider, named.key_id), {}) if people else {}
    for person in people:
        if person in mentions:
            mentions[person].append(named.index)
        else:
            mentions[person] = array("Q", (named.index,))
    return len(people)


def _small_ones(known: Sequence[Segment], key_id: str, mentions: int) -> list[Segment]:
    """The segments at the end that what is new takes in: none more than twice what comes after it, so that each mention is written
    anew some log2(LARGEST_SEGMENT) times at most, and a log has few segments that are not full."""
    taken: list[Segment] = []
    for segment in reversed(known):
        if segment.key_id != key_id or segment.mentions > 2 * mentions or segment.mentions + mentions > LARGEST_SEGMENT:
            break
        taken.insert(0, segment)
        mentions += segment.mentions
    return taken


def _joined(parts: Iterable[_Indexes], newest: _Indexes) -> _Indexes:
    """The people of parts that follow each other in the log."""
    whole: _Indexes = {}
    for part in (*parts, newest):
        for person, indexes in part.items():
            if person in whole:
                whole[person].extend(indexes)
            else:
                whole[person] = indexes
    return whole


def _of_segment(connection: Connection, segment: Segment, keys: RegisterKeys) -> _Indexes:
    sealer = keys.sealer(segment.key_id, INDEX_TABLE)
    whole: _Indexes = {}
    if sealer is not None:
        for bucket, sealed in buckets_of(connection, segment):
            place = _place(segment.log_id, segment.provider, segment.first_seq, bucket)
            whole |= unpacked(sealer.unseal(sealed, place), segment.first_seq)
    return whole


def _sealed(
    log_id: int, provider: InstitutionId, first: int, after: int, key_id: str, mentions: _Indexes, keys: RegisterKeys
) -> tuple[Segment, Mapping[int, bytes]]:
    key, sealer = keys.key(key_id), keys.sealer(key_id, INDEX_TABLE)
    count = _count(mentions)
    segment = Segment(log_id, provider, first, after, bits_for(count), count, key_id)
    if key is None or sealer is None:
        return segment, {}
    buckets = bucketed(mentions, segment.bits, hashing_key(key.secret))
    return segment, {
        bucket: sealer.seal(packed(people, first), _place(log_id, provider, first, bucket)) for bucket, people in buckets.items()
    }


def _count(mentions: _Indexes) -> int:
    return sum(len(indexes) for indexes in mentions.values())


def _place(log_id: int, provider: InstitutionId, first: int, bucket: int) -> str:
    """What a bucket is bound to. A segment that is written anew begins where the first that it took in began."""
    return f"{log_id}|{provider}|{first}|{bucket}"
