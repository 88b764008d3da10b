"""The commitment to the people of an answer: the Merkle root over HMAC-SHA256 of their numbers under the agreement's subject key,
blinded for each entry.

It says nothing by itself, and can be opened person by person. A party of the entry reads its leaf: without the blind, two answers
about the same people, also about people that the party is not shown, would be known by their equal roots, and nobody by the
root of the empty tree.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import islice

from gateway.tlog.merkle import leaf_hashes, root_of

BLOCK_BYTES = 64
NUMBER_BYTES = 8
MOST_KEYS = 8
MOST_PEOPLE = 32_768
"""Of one key, a power of two: at 200 bytes each, all that is remembered stays below 60 MB."""
MOST_ROOTS = 4_096
_OUTER = bytes(byte ^ 0x5C for byte in range(256))
_INNER = bytes(byte ^ 0x36 for byte in range(256))


def subject_commitment(key: bytes, salt: bytes, resource: str, people: Iterable[int]) -> bytes:
    """SHA-256(blind || root); `salt` is the 32 bytes that the entry's body is committed to with."""
    return hashlib.sha256(subject_blind(key, salt, resource) + subject_root(key, people)).digest()


def subject_blind(key: bytes, salt: bytes, resource: str) -> bytes:
    """What the root is hidden behind in one entry: HMAC-SHA256 of salt and resource (an answer with expansions has an entry for
    each, all of one salt) under the key. Whoever opens a person of an entry hands this out, and never the key."""
    [blind] = keyed_hashes(key, (salt + resource.encode(),))
    return blind


def subject_root(key: bytes, people: Iterable[int]) -> bytes:
    """The root over these people's leaves, in their order; each number is hashed as 8 bytes, big-endian."""
    return _leaves_under(key).root(people)


def keyed_hashes(key: bytes, messages: Iterable[bytes]) -> list[bytes]:
    """HMAC-SHA256 of each message, 32 bytes, in order. Written out (RFC 2104) so that the two keyed states are made once
    instead of once a message, which halves the time; the key is at most 64 bytes long."""
    if len(key) > BLOCK_BYTES:
        raise ValueError("the key is longer than a block")
    block = key.ljust(BLOCK_BYTES, b"\0")
    inner, outer = hashlib.sha256(block.translate(_INNER)), hashlib.sha256(block.translate(_OUTER))
    new_inner, new_outer, hashes = inner.copy, outer.copy, []
    for message in messages:
        first, second = new_inner(), new_outer()
        first.update(message)
        second.update(first.digest())
        hashes.append(second.digest())
    return hashes


class _Leaves:
    """People's leaf hashes under one key. The same people are disclosed page after page and night after night, so their hashes
    are remembered: making them costs three times what the tree over them does. So is the root over the same people in the same
    order, by SHA-256 of their numbers."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._known: dict[int, bytes] = {}
        self._roots: dict[bytes, bytes] = {}

    def root(self, people: Iterable[int]) -> bytes:
        """A part of the people at a time, as all of an export's take too much memory at once. A part is a power of two, and so a
        whole branch of the tree."""
        coming = iter(people)
        return root_of([self._root(part) for part in iter(lambda: list(islice(coming, MOST_PEOPLE)), [])])

    def _root(self, asked: Sequence[int]) -> bytes:
        numbers = hashlib.sha256(struct.pack(f">{len(asked)}Q", *asked)).digest()
        found = self._roots.get(numbers)
        if found is None:
            found = root_of(self._of(asked))
            if len(self._roots) >= MOST_ROOTS:
                self._roots = {}
            self._roots[numbers] = found
        return found

    def _of(self, asked: Sequence[int]) -> list[bytes]:
        known = self._known
        missing = [person for person in asked if person not in known]
        if missing:
            made = leaf_hashes(keyed_hashes(self._key, (person.to_bytes(NUMBER_BYTES, "big") for person in missing)))
            if len(known) + len(missing) > MOST_PEOPLE:
                known = self._known = {person: known[person] for person in asked if person in known}
            known.update(zip(missing, made, strict=True))
        return [known[person] for person in asked]


@lru_cache(maxsize=MOST_KEYS)
def _leaves_under(key: bytes) -> _Leaves:
    return _Leaves(key)
