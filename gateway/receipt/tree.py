"""The Merkle tree of RFC 6962, as far as a verifier needs it (RFC 9162, 2.1.3.2 and 2.1.4.2), written apart from the gateway's."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from gateway.receipt.failures import DoesNotHold


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256(0x00 || leaf)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def check_inclusion(hashed: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Raises `DoesNotHold` unless the path leads from the leaf's hash to the root of the tree of `size`."""
    if not 0 <= index < size:
        raise DoesNotHold(f"the proof is of entry {index}, the checkpoint's log has {size}")
    position, last, node = index, size - 1, hashed
    for sibling in path:
        if last == 0:
            raise DoesNotHold("the proof has more hashes than a log of this size")
        if position % 2 == 1 or position == last:
            node = _above(sibling, node)
            while position % 2 == 0 and position != 0:
                position, last = position // 2, last // 2
        else:
            node = _above(node, sibling)
        position, last = position // 2, last // 2
    if last != 0 or node != root:
        raise DoesNotHold("the proof does not lead from the entry to the checkpoint's root")


def check_consistency(first: int, second: int, path: Sequence[bytes], first_root: bytes, second_root: bytes) -> None:
    """Raises `DoesNotHold` unless the path shows that the log of `first` entries is the beginning of that of `second`."""
    if not 0 < first <= second:
        raise DoesNotHold(f"a log of {first} entries is not the beginning of one of {second}")
    if first == second:
        if path or first_root != second_root:
            raise DoesNotHold("two checkpoints of one size have different roots: the log was forked")
        return
    # A whole tree is a node of the larger one, so that its root is where the path begins.
    nodes = list(path) if first & (first - 1) else [first_root, *path]
    if not nodes:
        raise DoesNotHold("the consistency proof is empty")
    position, last = first - 1, second - 1
    while position % 2 == 1:
        position, last = position // 2, last // 2
    old = new = nodes[0]
    for sibling in nodes[1:]:
        if last == 0:
            raise DoesNotHold("the consistency proof has more hashes than a log of this size")
        if position % 2 == 1 or position == last:
            old, new = _above(sibling, old), _above(sibling, new)
            while position % 2 == 0 and position != 0:
                position, last = position // 2, last // 2
        else:
            new = _above(new, sibling)
        position, last = position // 2, last // 2
    if last != 0 or old != first_root or new != second_root:
        raise DoesNotHold("the earlier log is not the beginning of the later one")


def _above(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
