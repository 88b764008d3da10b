"""Verify what a partner kept against the log's key: each claim by itself, so that it is said which holds and which does not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from gateway.receipt.checks import covers, grew, included, is_committed, is_of, read_leaf
from gateway.receipt.failures import DoesNotHold
from gateway.receipt.note import Checkpoint, Key, open_checkpoint
from gateway.receipt.read_files import Consistency, Proof, Receipt

OWN = "the answer's checkpoint"
_Found = TypeVar("_Found")


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
    proof, receipt, body = kept.proof, kept.receipt, kept.body
    newest = _signed(proof.note, keys)
    findings = [_checked("checkpoint", lambda: f"signed by {_or_raise(newest).origin} at {_or_raise(newest).size:,} entries")]
    if isinstance(newest, Checkpoint):
        findings.append(_checked("inclusion", lambda: included(proof, newest)))
    else:
        findings.append(Finding("inclusion", None, "without a checkpoint that can be trusted there is no log to stand in"))
    members = _members(proof)
    findings.append(_checked("entry", lambda: f"{_or_raise(members)['id']} of {_or_raise(members)['time']}"))
    entry: Mapping[str, object] = {} if isinstance(members, DoesNotHold) else members
    if receipt is None:
        findings.append(Finding("receipt", None, "no headers of an answer were given"))
    else:
        findings.append(_checked("receipt", lambda: is_of(receipt, proof, entry)))
    if receipt is None or body is None:
        findings.append(Finding("body", None, "no body was given, or no headers of its answer"))
    else:
        findings.append(_checked("body", lambda: is_committed(receipt, body, entry)))
    return Verdict((*findings, *_growth(kept, newest, keys)), entry)


def _growth(kept: Kept, newest: Checkpoint | DoesNotHold, keys: Sequence[Key]) -> Iterator[Finding]:
    """That the logs of all checkpoints are beginnings of one log, as far as there are proofs of it."""
    notes = dict(kept.earlier)
    if kept.receipt is not None and kept.receipt.checkpoint is not None:
        notes[OWN] = kept.receipt.checkpoint
    compared: set[tuple[int, int]] = set()
    for name, note in notes.items():
        other = _signed(note, keys)
        if isinstance(other, DoesNotHold) or isinstance(newest, DoesNotHold):
            why = other if isinstance(other, DoesNotHold) else newest
            yield Finding("growth", False, f"{name}: {why}")
            continue
        first, second = sorted((other.size, newest.size))
        compared.add((first, second))
        found = _checked("growth", partial(_grew, name, other, newest, kept))
        ask = f"{name}: give --consistency with the answer of /audit/consistency?from={first}&to={second}"
        yield found if found.said else Finding("growth", None, ask)
    for proof in kept.grown:
        if (proof.first, proof.second) not in compared:
            yield Finding("growth", False, f"a proof from {proof.first:,} to {proof.second:,} is of no two checkpoints given")


def _grew(name: str, other: Checkpoint, newest: Checkpoint, kept: Kept) -> str:
    try:
        if name == OWN:
            covers(other, kept.proof)
        said = grew(other, newest, kept.grown)
    except DoesNotHold as why:
        raise DoesNotHold(f"{name}: {why}") from None
    return f"{name}: {said}" if said else ""


def _checked(claim: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(claim, True, check())
    except DoesNotHold as why:
        return Finding(claim, False, str(why))


def _signed(note: str, keys: Sequence[Key]) -> Checkpoint | DoesNotHold:
    try:
        return open_checkpoint(note, keys)
    except DoesNotHold as why:
        return why


def _members(proof: Proof) -> Mapping[str, object] | DoesNotHold:
    try:
        return read_leaf(proof.leaf)
    except DoesNotHold as why:
        return why


def _or_raise(found: _Found | DoesNotHold) -> _Found:
    if isinstance(found, DoesNotHold):
        raise found
    return found
