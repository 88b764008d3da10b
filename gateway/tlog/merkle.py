"""The Merkle tree of RFC 6962: leaf and node hashes, a frontier that grows, inclusion and consistency proofs.

A node (level, index) is the hash of the perfect subtree over leaves [index * 2**level, (index + 1) * 2**level). The frontier
of a tree of n leaves is the roots of the perfect subtrees of n's binary form, largest first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from gateway.errors import IntegrityError

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
Fetch = Callable[[int, int], bytes]
"""(level, index) -> stored hash of that perfect subtree."""


@dataclass(frozen=True)
class Node:
    """A perfect subtree that an append completed."""

    level: int
    index: int
    hash: bytes


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256(0x00 || leaf)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def leaf_hashes(leaves: Iterable[bytes]) -> list[bytes]:
    """`leaf_hash` of each."""
    sha256 = hashlib.sha256
    return [sha256(b"\x00" + leaf).digest() for leaf in leaves]


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def extend(size: int, frontier: Sequence[bytes], leaves: Sequence[bytes]) -> tuple[tuple[bytes, ...], list[Node]]:
    """Append leaf hashes to a tree of `size`; gives the new frontier and every perfect subtree that became whole, leaves too.

    Raises `IntegrityError` when the frontier is not one of a tree of that size.
    """
    if len(frontier) != size.bit_count():
        raise IntegrityError("The log's frontier does not fit its size.")
    stack = list(frontier)
    made: list[Node] = []
    for offset, hashed in enumerate(leaves):
        index = size + offset
        level, node = 0, hashed
        made.append(Node(0, index, node))
        while index & 1:
            node = node_hash(stack.pop(), node)
            index >>= 1
            level += 1
            made.append(Node(level, index, node))
        stack.append(node)
    return tuple(stack), made


def root(frontier: Sequence[bytes]) -> bytes:
    """The root of the tree with this frontier."""
    if not frontier:
        return EMPTY_ROOT
    hashed = frontier[-1]
    for left in reversed(frontier[:-1]):
        hashed = node_hash(left, hashed)
    return hashed


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over these leaf hashes."""
    hashes, sha256 = list(leaves), hashlib.sha256
    while len(hashes) > 1:
        # A level at a time; what has no right neighbour goes up as it is, which is RFC 6962's split at powers of two.
        unpaired = hashes[len(hashes) & ~1 :]
        # `node_hash`, written out: a call costs a third of the hash.
        hashes = [sha256(b"\x01" + left + right).digest() for left, right in zip(hashes[::2], hashes[1::2], strict=False)]
        hashes += unpaired
    return hashes[0] if hashes else EMPTY_ROOT


def subtree(start: int, end: int, fetch: Fetch) -> bytes:
    """The root over leaves [start, end), `start` aligned as RFC 6962's splits leave it."""
    width = end - start
    if width & (width - 1) == 0:
        level = width.bit_length() - 1
        return fetch(level, start >> level)
    split = start + (1 << ((width - 1).bit_length() - 1))
    return node_hash(subtree(start, split, fetch), subtree(split, end, fetch))


def inclusion_proof(index: int, size: int, fetch: Fetch) -> list[bytes]:
    """The audit path of RFC 6962, 2.1.1, for leaf `index` in a tree of `size`."""
    if not 0 <= index < size:
        raise IndexError("no such leaf in a tree of this size")
    return _path(index, 0, size, fetch)


def _path(index: int, start: int, end: int, fetch: Fetch) -> list[bytes]:
    if end - start == 1:
        return []
    split = start + (1 << ((end - start - 1).bit_length() - 1))
    if index < split:
        return [*_path(index, start, split, fetch), subtree(split, end, fetch)]
    return [*_path(index, split, end, fetch), subtree(start, split, fetch)]


def consistency_proof(first: int, second: int, fetch: Fetch) -> list[bytes]:
    """The proof of RFC 6962, 2.1.2, that the tree of `first` leaves is a prefix of the tree of `second`."""
    if not 0 < first <= second:
        raise IndexError("no such pair of sizes")
    return _subproof(first, 0, second, True, fetch)


def _subproof(first: int, start: int, end: int, whole: bool, fetch: Fetch) -> list[bytes]:
    if first == end - start:
        return [] if whole else [subtree(start, end, fetch)]
    split_width = 1 << ((end - start - 1).bit_length() - 1)
    split = start + split_width
    if first <= split_width:
        return [*_subproof(first, start, split, whole, fetch), subtree(split, end, fetch)]
    return [*_subproof(first - split_width, split, end, False, fetch), subtree(start, split, fetch)]


def check_inclusion(hashed: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes) -> None:
    """Raises `IntegrityError` unless the proof leads from the leaf hash to the root (RFC 9162, 2.1.3.2)."""
    place, last, node = index, size - 1, hashed
    if not 0 <= index < size:
        raise IntegrityError("The proof is for a leaf outside the tree.")
    for sibling in proof:
        if last == 0:
            raise IntegrityError("The inclusion proof is too long.")
        if place & 1 or place == last:
            node = node_hash(sibling, node)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            node = node_hash(node, sibling)
        place >>= 1
        last >>= 1
    if last or node != expected:
        raise IntegrityError("The inclusion proof does not lead to the root.")


def check_consistency(first: int, second: int, proof: Sequence[bytes], first_root: bytes, second_root: bytes) -> None:
    """Raises `IntegrityError` unless the proof shows that the first tree is a prefix of the second (RFC 9162, 2.1.4.2)."""
    wrong = IntegrityError("The consistency proof does not hold.")
    if first == second:
        if proof or first_root != second_root:
            raise wrong
        return
    path = list(proof)
    if first & (first - 1) == 0:
        path.insert(0, first_root)
    if not path:
        raise wrong
    place, last = first - 1, second - 1
    while place & 1:
        place >>= 1
        last >>= 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise wrong
        if place & 1 or place == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            new = node_hash(new, sibling)
        place >>= 1
        last >>= 1
    if old != first_root or new != second_root or last:
        raise wrong
