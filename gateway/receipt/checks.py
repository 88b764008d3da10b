"""The single checks: each gives what holds, in words, or raises `DoesNotHold` with what does not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence

from gateway.receipt.failures import DoesNotHold
from gateway.receipt.note import Checkpoint
from gateway.receipt.read_files import Consistency, Proof, Receipt
from gateway.receipt.tree import check_consistency, check_inclusion, leaf_hash

LEAF_VERSION = "1"


def included(proof: Proof, newest: Checkpoint) -> str:
    """The entry stands in the log of the checkpoint."""
    check_inclusion(leaf_hash(proof.leaf), proof.index, newest.size, proof.path, newest.root)
    return f"the entry is number {proof.index:,} of that log (counted from 0)"


def read_leaf(leaf: bytes) -> Mapping[str, object]:
    """The members of an entry of the version that is known here."""
    try:
        members = json.loads(leaf)
    except ValueError:
        raise DoesNotHold("the entry is not JSON") from None
    named = isinstance(members, dict) and {"id", "time", "kind"} <= members.keys()
    if not named or members.get("version") != LEAF_VERSION:
        raise DoesNotHold(f"the entry is not of version {LEAF_VERSION}, the only one that this program knows")
    return dict(members)


def is_of(receipt: Receipt, proof: Proof, members: Mapping[str, object]) -> str:
    """The headers name the entry that the proof is of."""
    if receipt.entry != members.get("id"):
        raise DoesNotHold("the answer's headers name another entry than the proof is of")
    if receipt.index != proof.index:
        raise DoesNotHold(f"the answer's headers say that its entry is number {receipt.index:,}, the proof says {proof.index:,}")
    return "the answer's headers name this entry"


def is_committed(receipt: Receipt, body: Iterable[bytes], members: Mapping[str, object]) -> str:
    """SHA-256(salt || body) is the entry's commitment, and the length is its too."""
    if receipt.salt is None:
        raise DoesNotHold("the answer's headers have no Gateway-Body-Salt, so that its body cannot be checked")
    committed, length = members.get("body"), 0
    if committed is None:
        raise DoesNotHold("the entry is not about a body")
    salted = hashlib.sha256(receipt.salt)
    for part in body:
        salted.update(part)
        length += len(part)
    if (salted.hexdigest(), str(length)) != (committed, members.get("body_length")):
        raise DoesNotHold(f"the body ({length:,} bytes) is not the one of the entry ({members.get('body_length')} bytes)")
    return f"the body is the one of the entry, all {length:,} bytes"


def covers(checkpoint: Checkpoint, proof: Proof) -> None:
    """The checkpoint that came with an answer is of a log that has its entry."""
    if checkpoint.size <= proof.index:
        raise DoesNotHold(f"it is of {checkpoint.size:,} entries, too few for entry {proof.index:,}")


def grew(one: Checkpoint, other: Checkpoint, proofs: Sequence[Consistency]) -> str | None:
    """The smaller of two logs is the beginning of the larger; None where no proof of these two sizes was given."""
    earlier, later = sorted((one, other), key=lambda checkpoint: checkpoint.size)
    if earlier.origin != later.origin:
        raise DoesNotHold(f"it is a checkpoint of another log ({one.origin})")
    sizes = (earlier.size, later.size)
    paths = [proof.path for proof in proofs if (proof.first, proof.second) == sizes]
    if earlier.size == later.size:
        paths = [()]
    if not paths:
        return None
    check_consistency(*sizes, paths[0], earlier.root, later.root)
    return f"the log of {sizes[0]:,} entries is the beginning of the log of {sizes[1]:,}"
