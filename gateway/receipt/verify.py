"""Verify what a partner kept against the log's key: each claim by itself, so that it is said which holds and which does not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.receipt.checks import covers, grew, included, is_committed, is_of, read_leaf
from gateway.receipt.failures import DoesNotHold
from gateway.receipt.note import Checkpoint, Key, open_checkpoint
from gateway.receipt.read_files import Consistency, Proof, Receipt

OWN = "the answer's checkpoint"


@dataclass(frozen=True)
class Kept:
    """What there is to verify: the proof of an entry, the headers of its answer and the answer's exact bytes in parts, earlier
    checkpoints by the name of their file, and proofs that the log only grew. Only the proof must be there."""

    proof: Proof
    receipt: Receipt | None = None
    body: Iterable[bytes] | None = None
    earlier: Mapping[str, str] = field(default_factory=dict)
    grown: Sequence[Consistency] = ()


@dataclass(frozen=True)
class Finding:
    """One claim: whether it holds (None: there was nothing to check it by) and what is to be said about it."""

    claim: str
    holds: bool | None
    said: str


@dataclass(frozen=True)
class Verdict:
    """Everything that was found; `entry` is what the log says of the answer, trusted only where all holds."""

    findings: tuple[Finding, ...]
    entry: Mapping[str, object]

    @property
    def holds(self) -> bool:
        """Whether nothing that was checked is wrong."""
        return all(found.holds is not False for found in self.findings)


def verify(kept: Kept, keys: Sequence[Key]) -> Verdict:
    """Check the checkpoint's signature, the entry's place in the log, its answer's headers and body, and that the log only grew."""
    newest, signed = _signed("checkpoint", kept.proof.note, keys)
    findings = [signed, _included(kept.proof, newest)]
    members, entry = _entry(kept.proof)
    findings += [entry, _receipt(kept, members), _body(kept, members)]
    if kept.receipt is not None and kept.receipt.checkpoint is not None:
        findings.append(_growth(OWN, kept.receipt.checkpoint, newest, kept, keys))
    findings += [_growth(name, note, newest, kept, keys) for name, note in kept.earlier.items()]
    return Verdict(tuple(findings), members)


def _signed(claim: str, note: str, keys: Sequence[Key]) -> tuple[Checkpoint | None, Finding]:
    try:
        found = open_checkpoint(note, keys)
    except DoesNotHold as why:
        return None, Finding(claim, False, str(why))
    return found, Finding(claim, True, f"signed by {found.origin} at {found.size:,} entries")


def _included(proof: Proof, newest: Checkpoint | None) -> Finding:
    if newest is None:
        return Finding("inclusion", None, "without a checkpoint that can be trusted there is no log to stand in")
    try:
        return Finding("inclusion", True, included(proof, newest))
    except DoesNotHold as why:
        return Finding("inclusion", False, str(why))


def _entry(proof: Proof) -> tuple[Mapping[str, object], Finding]:
    try:
        members = read_leaf(proof.leaf)
    except DoesNotHold as why:
        return {}, Finding("entry", False, str(why))
    return members, Finding("entry", True, f"{members['id']} of {members['time']}")


def _receipt(kept: Kept, members: Mapping[str, object]) -> Finding:
    if kept.receipt is None:
        return Finding("receipt", None, "no headers of an answer were given")
    try:
        return Finding("receipt", True, is_of(kept.receipt, kept.proof, members))
    except DoesNotHold as why:
        return Finding("receipt", False, str(why))


def _body(kept: Kept, members: Mapping[str, object]) -> Finding:
    if kept.receipt is None or kept.body is None:
        return Finding("body", None, "no body was given, or no headers of its answer")
    try:
        return Finding("body", True, is_committed(kept.receipt, kept.body, members))
    except DoesNotHold as why:
        return Finding("body", False, str(why))


def _growth(name: str, note: str, newest: Checkpoint | None, kept: Kept, keys: Sequence[Key]) -> Finding:
    try:
        other = open_checkpoint(note, keys)
        if name == OWN:
            covers(other, kept.proof)
        said = None if newest is None else grew(other, newest, kept.grown)
    except DoesNotHold as why:
        return Finding("growth", False, f"{name}: {why}")
    if said is not None:
        return Finding("growth", True, f"{name}: {said}")
    if newest is None:
        return Finding("growth", None, f"{name}: without a checkpoint that can be trusted there is nothing to compare with")
    first, second = sorted((other.size, newest.size))
    return Finding("growth", None, f"{name}: give --consistency with the answer of /audit/consistency?from={first}&to={second}")
