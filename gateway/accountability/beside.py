"""What stands beside the leaves, held against them: who may see an entry, its detail, the people in it, inputs of decisions."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from pyroaring import BitMap

from gateway.accountability.named_people import SALT_BYTES, people_in
from gateway.accountability.tree import Leaf
from gateway.errors import IntegrityError
from gateway.store.audit_rows import LoggedEntry, read_inputs
from gateway.store.engine import Connection
from gateway.tlog.subjects import subject_commitment

OpenDetail = Callable[[str, bytes, str], bytes | None]
"""(entry id, ciphertext, key id) -> salt and detail, None without such a key; raises `IntegrityError` when it does not open."""
OpenSubjects = Callable[[str, str], bytes | None]
"""(agreement, provider) -> the key of its commitments to people; None when it was destroyed."""
DETAIL_VERSION = 1
MOST_KNOWN_INPUTS = 65_536
NOT_OF_REGISTERS = {"data", "pseudonym"}
"""Purposes of keys that seal no detail."""


@dataclass
class Taken:
    """Of one log so far: party rows, sealed details, those that opened, those out of reach, commitments to people made again."""

    parties: int = 0
    sealed: int = 0
    opened: int = 0
    out_of_reach: int = 0
    commitments: int = 0


@dataclass
class _Gone:
    """Keys and details that are not there, with the first entry of each, and what entries say was destroyed."""

    keys: dict[str, str] = field(default_factory=dict)
    details: dict[tuple[str, ...], str] = field(default_factory=dict)
    destroyed_keys: set[str] = field(default_factory=set)
    destroyed_of: set[str] = field(default_factory=set)


class Beside:
    """Takes the entries of every log in their order, and says at the end whether what is out of reach may be."""

    def __init__(self, connection: Connection, open_detail: OpenDetail, open_subjects: OpenSubjects) -> None:
        self._connection = connection
        self._open_detail = open_detail
        self._open_subjects = open_subjects
        self._known_inputs: set[str] = set()
        self._gone = _Gone()
        self._taken: dict[int, Taken] = {}

    def taken(self, log_id: int) -> Taken:
        return self._taken.setdefault(log_id, Taken())

    def take(
        self, log_id: int, entries: Sequence[LoggedEntry], leaves: Sequence[Leaf], parties: Mapping[int, Sequence[str]]
    ) -> None:
        """A part of a log with those who may see each entry. Raises `IntegrityError` at the first that does not hold."""
        taken = self.taken(log_id)
        for entry, leaf in zip(entries, leaves, strict=True):
            seen_by = parties.get(entry.index, [])
            if seen_by != leaf["institutions"]:
                raise IntegrityError(f"Entry {entry.index} ({entry.entry}) is shown to other institutions than its leaf says.")
            taken.parties += len(seen_by)
            self._take_detail(entry, leaf, taken)
            if leaf["kind"] == "key" and leaf.get("operation") == "destroyed":
                self._gone.destroyed_keys.add(str(leaf.get("key")))
                if leaf.get("purpose") not in NOT_OF_REGISTERS:
                    self._gone.destroyed_of.add(str(leaf.get("provider")))
        self._hold_inputs(entries, leaves)

    def finish(self) -> None:
        """What is gone must have been destroyed on the log. Raises `IntegrityError` otherwise."""
        for key_id, where in self._gone.keys.items():
            if key_id not in self._gone.destroyed_keys:
                raise IntegrityError(f"The sealed detail of {where} names a key that there is not and that no entry destroyed.")
        for institutions, where in self._gone.details.items():
            if not self._gone.destroyed_of & set(institutions):
                raise IntegrityError(f"The sealed detail of {where} is missing, and no entry destroyed its key.")

    def _take_detail(self, entry: LoggedEntry, leaf: Leaf, taken: Taken) -> None:
        committed = leaf.get("detail")
        if entry.ciphertext is None or entry.key_id is None:
            if committed is not None:
                taken.out_of_reach += 1
                self._gone.details.setdefault(tuple(leaf["institutions"]), _where(entry))
            return
        if committed is None:
            raise IntegrityError(f"{_where(entry)} has a sealed detail that its leaf does not commit to.")
        taken.sealed += 1
        try:
            salted = self._open_detail(entry.entry, entry.ciphertext, entry.key_id)
        except IntegrityError as why:
            raise IntegrityError(f"The sealed detail of {_where(entry)} does not open: it was changed.") from why
        if salted is None:
            taken.out_of_reach += 1
            self._gone.keys.setdefault(entry.key_id, _where(entry))
            return
        if hashlib.sha256(salted).hexdigest() != committed:
            raise IntegrityError(f"The sealed detail of {_where(entry)} is not the one its leaf commits to.")
        taken.opened += 1
        if "subjects" in leaf and leaf["kind"] == "disclosure":
            taken.commitments += self._people_hold(entry, leaf, salted[SALT_BYTES:])

    def _people_hold(self, entry: LoggedEntry, leaf: Leaf, detail: bytes) -> bool:
        """Whether the commitment could be made again; raises where it is another."""
        key = self._open_subjects(leaf["agreement"], leaf["provider"])
        if key is None:
            return False
        try:
            right = commitment(key, leaf["resource"], orjson.loads(detail))
        except (KeyError, TypeError, ValueError, binascii.Error) as why:
            raise IntegrityError(f"The sealed detail of {_where(entry)} cannot be read.") from why
        if right != leaf["subjects"]:
            raise IntegrityError(f"{_where(entry)} commits to other people than its sealed detail names.")
        return True

    def _hold_inputs(self, entries: Sequence[LoggedEntry], leaves: Sequence[Leaf]) -> None:
        """The inputs that the decisions of these entries name are stored, and are those."""
        named: dict[str, LoggedEntry] = {}
        for entry, leaf in zip(entries, leaves, strict=True):
            digest = leaf.get("input")
            if digest is not None and digest not in self._known_inputs:
                named.setdefault(digest, entry)
        right = {
            digest for digest, content in read_inputs(self._connection, named) if hashlib.sha256(content).hexdigest() == digest
        }
        for digest, entry in named.items():
            if digest not in right:
                raise IntegrityError(f"What the decision of {_where(entry)} was made from is not stored as it was.")
        if len(self._known_inputs) > MOST_KNOWN_INPUTS:
            self._known_inputs.clear()
        self._known_inputs |= right


def commitment(key: bytes, resource: str, detail: Mapping[str, Any]) -> str:
    """The commitment to the people that a disclosure's detail names, in hexadecimal, as its leaf holds it.

    Raises `ValueError` for a detail of another version.
    """
    if detail["version"] != DETAIL_VERSION:
        raise ValueError("another version")
    salt = base64.b64decode(detail["body_salt"])
    return subject_commitment(key, salt, resource, BitMap().union(*people_in(detail).values())).hex()


def _where(entry: LoggedEntry) -> str:
    return f"entry {entry.index} ({entry.entry})"
