"""Hold the stored tree of a log against the one that its leaves make, a part at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from gateway.domain.auditing import Checkpoint
from gateway.errors import IntegrityError
from gateway.store.audit_log import Head
from gateway.store.audit_rows import KeptCheckpoint, LoggedEntry
from gateway.tlog.key_chain import KeyChain
from gateway.tlog.merkle import EMPTY_ROOT
from gateway.tlog.rebuild import Rebuilt

Leaf = Mapping[str, Any]
NO_COSIGNATURES = "[]"


class Tree:
    """The tree as the leaves say. `earlier` is what was published."""

    def __init__(self, head: Head, chain: KeyChain, earlier: Checkpoint | None) -> None:
        self._head = head
        self._chain = chain
        self._earlier = earlier
        self._rebuilt = Rebuilt()

    def take(
        self,
        low: int,
        high: int,
        entries: Sequence[LoggedEntry],
        nodes: Mapping[int, tuple[int, list[bytes]]],
        kept: Sequence[KeptCheckpoint],
    ) -> list[Leaf]:
        """The entries of [low, high), the inner nodes that they complete, and the checkpoints that were kept there; gives the
        leaves, read. Raises `IntegrityError` at the first that does not hold."""
        leaves = _read_leaves(low, high, entries)
        made: dict[int, tuple[int, list[bytes]]] = {}
        times = {index + 1: str(leaf.get("time")) for index, leaf in enumerate(leaves, start=low)} if kept else {}
        roots = {one.size for one in kept} | ({self._earlier.size} if self._earlier else set())
        begun = low
        for size in sorted({size for size in roots if low < size < high} | {high}):
            for run in self._rebuilt.take([entry.leaf_hash for entry in entries[begun - low : size - low]]):
                made.setdefault(run.level, (run.first, []))[1].extend(run.hashes)
            self._holds_at(size, [one for one in kept if one.size == size], times.get(size, ""))
            begun = size
        if low == 0:
            self._hold_empty([one for one in kept if one.size == 0])
        _assert_same(made, nodes)
        return leaves

    def finish(self) -> None:
        """Once every entry was taken."""
        head, rebuilt = self._head, self._rebuilt
        if self._earlier and self._earlier.size > head.size:
            raise IntegrityError("The published checkpoint is of a longer log: entries were removed.")
        if rebuilt.frontier != head.frontier or rebuilt.root != head.root:
            raise IntegrityError("The head's frontier or root is not the one of the entries.")

    def _holds_at(self, size: int, kept: Sequence[KeptCheckpoint], time: str) -> None:
        if self._earlier and size == self._earlier.size and self._rebuilt.root != self._earlier.root:
            raise IntegrityError("The published checkpoint has another root: entries were replaced since.")
        for one in kept:
            self._hold(one, self._rebuilt.root, time)

    def _hold_empty(self, kept: Sequence[KeptCheckpoint]) -> None:
        if self._earlier and self._earlier.size == 0 and self._earlier.root != EMPTY_ROOT:
            raise IntegrityError("The published checkpoint is not the one of an empty log.")
        for one in kept:
            self._hold(one, EMPTY_ROOT, self._chain.keys[0].at)

    def _hold(self, kept: KeptCheckpoint, root: bytes, time: str) -> None:
        checkpoint = self._chain.open_checkpoint(kept.note)
        if (checkpoint.size, checkpoint.root) != (kept.size, root):
            raise IntegrityError(f"The checkpoint that was kept of {kept.size} entries is not theirs.")
        if kept.published_at != time:
            raise IntegrityError(f"The checkpoint that was kept of {kept.size} entries is not of their time.")
        if kept.cosignatures != NO_COSIGNATURES:
            raise IntegrityError(f"The checkpoint that was kept of {kept.size} entries is cosigned by a witness that nobody knows.")


def _read_leaves(low: int, high: int, entries: Sequence[LoggedEntry]) -> list[Leaf]:
    sha256, leaves = hashlib.sha256, []
    for position, entry in enumerate(entries, start=low):
        if entry.index != position:
            raise IntegrityError(f"Entry {position} is missing.")
        # `leaf_hash`, written out: a call costs a third of the hash.
        if sha256(b"\x00" + entry.leaf).digest() != entry.leaf_hash:
            raise IntegrityError(f"Entry {position} ({entry.entry}) was changed: its hash is not its leaf's.")
        leaves.append(_read_leaf(position, entry))
    if low + len(entries) != high:
        raise IntegrityError(f"Entry {low + len(entries)} is missing: the log has fewer entries than its head says.")
    return leaves


def _read_leaf(position: int, entry: LoggedEntry) -> Leaf:
    try:
        leaf = orjson.loads(entry.leaf)
    except orjson.JSONDecodeError as why:
        raise IntegrityError(f"Entry {position} ({entry.entry}) was changed: its leaf cannot be read.") from why
    if not isinstance(leaf, dict) or leaf.get("id") != entry.entry:
        raise IntegrityError(f"Entry {position} ({entry.entry}) stands under another id than its leaf's.")
    return leaf


def _assert_same(made: Mapping[int, tuple[int, list[bytes]]], stored: Mapping[int, tuple[int, list[bytes]]]) -> None:
    """By the first entry that a wrong node covers, the smallest node first."""
    if made == stored:
        return
    wrong: list[tuple[int, int, str]] = []
    for level, (first, hashes) in made.items():
        found = stored.get(level, (first, []))[1]
        if len(found) < len(hashes):
            at = _first_gap(hashes, found)
            wrong.append(((first + at) << level, level, f"Node {level}/{first + at} is missing"))
        wrong += [
            ((first + at) << level, level, f"Node {level}/{first + at} is not the one of the entries")
            for at, (right, there) in enumerate(zip(hashes, found, strict=False))
            if right != there and len(found) == len(hashes)
        ]
    entry, level, what = min(wrong, default=(0, 0, "The nodes are not those of the entries"))
    raise IntegrityError(f"{what} ({entry} to {entry + (1 << level) - 1}).")


def _first_gap(hashes: Sequence[bytes], found: Sequence[bytes]) -> int:
    return next((at for at, right in enumerate(hashes) if at >= len(found) or found[at] != right), 0)
