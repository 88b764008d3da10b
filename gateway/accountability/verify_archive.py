"""Verify an archived log with nothing but its public key: no database, no secret, no network."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from gateway.accountability.segments import note_name, read_note, read_segment, read_text, segment_name
from gateway.accountability.verify import Tell, nobody
from gateway.domain.auditing import Checkpoint
from gateway.errors import IntegrityError, RequestError
from gateway.store.audit_rows import LoggedEntry
from gateway.tlog.key_chain import KeyChain, read_chain
from gateway.tlog.note import Verifier
from gateway.tlog.rebuild import Rebuilt

PART = 1_024
FOLDER = re.compile(r"log-([1-9][0-9]{0,8})")
KNOWN = re.compile(r"[0-9]{12}-[0-9]{12}\.(jsonl\.gz|note)|checkpoint|keys|.*\.new")


@dataclass(frozen=True)
class VerifiedArchive:
    """One log that was found whole up to its archived checkpoint, with the number of sealed details in it."""

    origin: str
    checkpoint: Checkpoint
    details: int


def verify_archive(folder: Path, keys: Collection[Verifier], tell: Tell = nobody) -> list[VerifiedArchive]:
    """Recompute every log of an archive from its leaves. `keys` are the logs' public keys, any of each log's.

    Raises `RequestError` when it is no archive, `IntegrityError` at the first place that does not hold.
    """
    found = sorted((int(match[1]), place) for place in folder.glob("log-*") if (match := FOLDER.fullmatch(place.name)))
    if not found:
        raise RequestError(f"{folder.name} has no folder log-1: it is not an archive of a log.")
    trusted = {key.key.public_bytes_raw() for key in keys}
    verified: list[VerifiedArchive] = []
    before: VerifiedArchive | None = None
    for log_id, place in found:
        chain = _chain(log_id, place, trusted)
        checkpoint = chain.open_checkpoint(read_text(place / "checkpoint"))
        details, first = _one_log(place, chain, checkpoint, tell)
        if before is not None and before.checkpoint.log_id == log_id - 1:
            _assert_follows(before, first)
        before = VerifiedArchive(chain.origin, checkpoint, details)
        verified.append(before)
    return verified


def _chain(log_id: int, place: Path, trusted: Collection[bytes]) -> KeyChain:
    names = sorted((place / "keys").glob("*"), key=lambda file: (len(file.name), file.name))
    notes = [read_text(file) for file in names if not file.name.endswith(".new")]
    if not notes:
        raise IntegrityError(f"{place.name} names no key of its log.")
    return read_chain(log_id, notes[0].partition("\n")[0], notes, trusted)


def _one_log(place: Path, chain: KeyChain, checkpoint: Checkpoint, tell: Tell) -> tuple[int, Mapping[str, Any]]:
    """How many sealed details there are, and the first entry's leaf."""
    tree, details = Rebuilt(), 0
    leaf: Mapping[str, Any] = {}
    _assert_known(place)
    while tree.size < checkpoint.size:
        segment = read_note(place, tree.size, _count(place, tree.size, checkpoint.size), chain)
        if segment is None or segment.count == 0:
            raise IntegrityError(f"The segment from entry {tree.size} on is missing from {place.name}.")
        alone = Rebuilt()
        for part in read_segment(place, segment, PART):
            hashes = [entry.leaf_hash for entry in part]
            alone.take(hashes)
            tree.take(hashes)
            details += sum(entry.ciphertext is not None for entry in part)
            leaf = leaf or _leaf(part[0])
            tell(tree.size, checkpoint.size)
        if alone.root != segment.root:
            raise IntegrityError(f"{segment_name(segment.first, segment.count)} has another root than its note says.")
    if tree.size != checkpoint.size or tree.root != checkpoint.root:
        raise IntegrityError(f"The entries of {place.name} are not those of its checkpoint.")
    return details, leaf


def _count(place: Path, first: int, size: int) -> int:
    """Of the longest segment from an entry on that the checkpoint covers; 0 where there is none."""
    counts = [int(file.name[13:25]) for file in place.glob(f"{first:012}-*.note") if KNOWN.fullmatch(file.name)]
    return max((count for count in counts if first + count <= size and (place / note_name(first, count)).is_file()), default=0)


def _assert_known(place: Path) -> None:
    for file in sorted(place.iterdir()):
        if not KNOWN.fullmatch(file.name):
            raise IntegrityError(f"{place.name} holds {file.name}, which is no part of an archive.")


def _leaf(entry: LoggedEntry) -> Mapping[str, Any]:
    found: Mapping[str, Any] = orjson.loads(entry.leaf)
    return found


def _assert_follows(before: VerifiedArchive, first: Mapping[str, Any]) -> None:
    """A log that follows another says where that one stood when it was closed."""
    checkpoint, named = before.checkpoint, first.get("previous")
    stood = {"origin": before.origin, "size": str(checkpoint.size), "root": checkpoint.root.hex()}
    if not isinstance(named, dict) or {name: named.get(name) for name in stood} != stood:
        raise IntegrityError(f"Log {checkpoint.log_id} is not as the first entry of the log after it says that it was closed.")
