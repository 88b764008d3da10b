"""Pack mentions (pure): which entries name which people, in buckets, as small as they get.

A bucket is three columns of numbers (gaps between its people, how many entries each has, gaps between these), 4 bytes a number,
with all first bytes put before all second ones, and so on, then deflated. The gaps are small, so three bytes of four are zero and
vanish: about one byte a mention is left, half of what a Roaring bitmap a person takes, as most people have few entries in a
segment.
"""

from __future__ import annotations

import hmac
import sys
import zlib
from array import array
from collections.abc import Iterable, Mapping
from itertools import accumulate, pairwise

from gateway.errors import IntegrityError

Mentions = Mapping[int, Iterable[int]]
"""Person number -> the indexes of the entries that name it, ascending."""
HASH_BITS = 32
PER_BUCKET = 1_000
"""Mentions that a bucket is to have: a look-up opens one in each segment."""
NUMBER_BYTES = 8
NUMBERS = "I"
WIDTH = array(NUMBERS).itemsize
LEVEL = 6
DOMAIN = b"educator-data-gateway/subject bucket"
LARGEST = (1 << 32) - 1


def hashing_key(register_secret: bytes) -> bytes:
    """The key that people's hashes are made with, from the register key: who has neither cannot tell whose a bucket is."""
    return hmac.digest(register_secret, DOMAIN, "sha256")


def hash_of(key: bytes, person: int) -> int:
    """32 bits that place a person in a bucket of any segment under the key."""
    return int.from_bytes(hmac.digest(key, person.to_bytes(NUMBER_BYTES, "big"), "sha256")[: HASH_BITS // 8], "big")


def bits_for(mentions: int) -> int:
    """How many bits of the hash the buckets of a segment take."""
    return (mentions // PER_BUCKET).bit_length()


def bucketed(mentions: Mapping[int, array[int]], bits: int, key: bytes) -> dict[int, dict[int, array[int]]]:
    """The same, bucket by bucket."""
    buckets: dict[int, dict[int, array[int]]] = {}
    for person, indexes in mentions.items():
        buckets.setdefault(hash_of(key, person) >> (HASH_BITS - bits), {})[person] = indexes
    return buckets


def packed(bucket: Mapping[int, array[int]], first: int) -> bytes:
    """The bytes of one bucket; `first` is the first index of its segment. Raises `IntegrityError` for a person or a stretch of the
    log that is out of the range of 32 bits."""
    people = sorted(bucket)
    columns = array(NUMBERS)
    try:
        columns.append(len(people))
        columns.extend(_gaps(people, 0))
        columns.extend(len(bucket[person]) for person in people)
        for person in people:
            columns.extend(_gaps(bucket[person], first))
    except OverflowError as why:
        raise IntegrityError("A person or an entry has a number that the index cannot hold.") from why
    _little_endian(columns)
    content = columns.tobytes()
    return zlib.compress(b"".join(content[place::WIDTH] for place in range(WIDTH)), LEVEL)


def unpacked(content: bytes, first: int) -> dict[int, array[int]]:
    """The people of one bucket and their entries. Raises `IntegrityError` for bytes that are no bucket."""
    columns, people, counts = _columns(content)
    found: dict[int, array[int]] = {}
    start = 1 + 2 * len(people)
    for person, count in zip(people, counts, strict=True):
        found[person] = _indexes(columns[start : start + count], first)
        start += count
    return found


def unpacked_one(content: bytes, first: int, person: int) -> array[int]:
    """The entries of one person of a bucket, none where it is not there."""
    columns, people, counts = _columns(content)
    if person not in people:
        return array(NUMBERS)
    place = people.index(person)
    start = 1 + 2 * len(people) + sum(counts[:place])
    return _indexes(columns[start : start + counts[place]], first)


def _gaps(numbers: Iterable[int], before: int) -> list[int]:
    listed = list(numbers)
    return [listed[0] - before, *(later - earlier for earlier, later in pairwise(listed))] if listed else []


def _indexes(gaps: array[int], first: int) -> array[int]:
    found = array("Q")
    found.extend(list(accumulate(gaps, initial=first))[1:])
    return found


def _columns(content: bytes) -> tuple[array[int], list[int], array[int]]:
    try:
        planes = zlib.decompress(content)
    except zlib.error as why:
        raise IntegrityError("A bucket of the subject index cannot be read.") from why
    length = len(planes) // WIDTH
    mixed = bytearray(len(planes))
    for place in range(WIDTH):
        mixed[place::WIDTH] = planes[place * length : (place + 1) * length]
    columns = array(NUMBERS, bytes(mixed))
    _little_endian(columns)
    count = columns[0]
    return columns, list(accumulate(columns[1 : 1 + count])), columns[1 + count : 1 + 2 * count]


def _little_endian(columns: array[int]) -> None:
    if sys.byteorder == "big":
        columns.byteswap()
