"""Verify the audit log from its leaves up, without trusting anything that stands beside them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from gateway.domain.auditing import Checkpoint
from gateway.errors import ConfigurationError, IntegrityError
from gateway.store.audit_log import (
    Head,
    StoredEntry,
    count_beyond,
    read_details,
    read_entries,
    read_head,
    read_node,
    read_nodes,
    read_parties,
)
from gateway.store.engine import Connection, Database
from gateway.tlog.checkpoint import open_checkpoint
from gateway.tlog.merkle import EMPTY_ROOT, Node, extend, leaf_hash, root, subtree
from gateway.tlog.note import Verifier

CHUNK = 2_000
OpenDetail = Callable[[str, bytes, str], bytes | None]
"""(entry id, ciphertext, key id) -> salt and detail; None when the key was destroyed."""


@dataclass(frozen=True)
class Verified:
    """What was found whole: entries, sealed details that opened, and those whose key is gone."""

    checkpoint: Checkpoint
    details: int
    details_out_of_reach: int


def verify(database: Database, log_id: int, verifier: Verifier, open_detail: OpenDetail, published: Path | None) -> Verified:
    """Recompute every hash, the tree, the frontier and the root; check the signature, the published checkpoint, who may see
    each entry, and that each sealed detail is the one its leaf commits to.

    Raises `IntegrityError` that names the first place where something does not hold.
    """
    with database.read() as connection:
        head = read_head(connection, log_id)
        checkpoint = open_checkpoint(log_id, head.note, verifier)
        if (checkpoint.size, checkpoint.root) != (head.size, head.root):
            raise IntegrityError("The signed checkpoint is not the head's: size or root differ.")
        if count_beyond(connection, log_id, head.size):
            raise IntegrityError("There are rows beyond the log's size.")
        earlier = _published(published, log_id, verifier)
        rebuilt = _Rebuilt(head, earlier)
        details = out_of_reach = 0
        for chunk in _chunks(read_entries(connection, log_id)):
            rebuilt.take(chunk)
            opened, lost = _check_beside(connection, log_id, chunk, open_detail)
            details, out_of_reach = details + opened, out_of_reach + lost
        rebuilt.finish(read_nodes(connection, log_id))
    return Verified(checkpoint, details, out_of_reach)


def check_not_restored(database: Database, log_id: int, verifier: Verifier, published: Path) -> None:
    """Refuse a database that is older than what was published: a restored backup would fork the log.

    Raises `IntegrityError`; does nothing when nothing was published yet.
    """
    earlier = _published(published, log_id, verifier)
    if earlier is None:
        return
    with database.read() as connection:
        contained = read_head(connection, log_id).size >= earlier.size and earlier.root == (
            subtree(0, earlier.size, lambda level, index: read_node(connection, log_id, level, index) or b"")
            if earlier.size
            else EMPTY_ROOT
        )
    if not contained:
        raise IntegrityError(
            f"The audit log does not contain what was published ({earlier.size} entries): the database was restored from a backup "
            "or changed. Nothing is disclosed until an operator has looked into it."
        )


class _Rebuilt:
    """The tree as the leaves say, chunk by chunk."""

    def __init__(self, head: Head, earlier: Checkpoint | None) -> None:
        self._head = head
        self._earlier = earlier
        self._size = 0
        self._frontier: tuple[bytes, ...] = ()
        self._inner: dict[tuple[int, int], bytes] = {}

    def take(self, chunk: Sequence[StoredEntry]) -> None:
        for position, entry in enumerate(chunk, start=self._size):
            if entry.index != position:
                raise IntegrityError(f"Entry {position} is missing.")
            if leaf_hash(entry.leaf) != entry.leaf_hash:
                raise IntegrityError(f"Entry {position} ({entry.entry}) was changed: its hash is not its leaf's.")
            leaf = json.loads(entry.leaf)
            if leaf.get("id") != entry.entry:
                raise IntegrityError(f"Entry {position} ({entry.entry}) stands under another id than its leaf's.")
        for part in self._split(chunk):
            self._frontier, nodes = extend(self._size, self._frontier, [entry.leaf_hash for entry in part])
            self._size += len(part)
            self._note(nodes)
            if self._earlier and self._size == self._earlier.size and root(self._frontier) != self._earlier.root:
                raise IntegrityError("The published checkpoint has another root: entries were replaced since.")

    def finish(self, stored: Iterator[tuple[int, int, bytes]]) -> None:
        head = self._head
        if self._size != head.size:
            raise IntegrityError(f"The log has {self._size} entries, its head says {head.size}.")
        if self._earlier and self._earlier.size > head.size:
            raise IntegrityError("The published checkpoint is of a longer log: entries were removed.")
        if self._frontier != head.frontier or (root(self._frontier) if self._size else EMPTY_ROOT) != head.root:
            raise IntegrityError("The head's frontier or root is not the one of the entries.")
        # Read to the end, whatever is found: a stream that is dropped half read keeps its cursor on the server open.
        wrong = [f"{level}/{index}" for level, index, hashed in stored if self._inner.pop((level, index), None) != hashed]
        if wrong:
            raise IntegrityError(f"Node {wrong[0]} is not the one of the entries.")
        if self._inner:
            level, index = min(self._inner)
            raise IntegrityError(f"Node {level}/{index} is missing.")

    def _split(self, chunk: Sequence[StoredEntry]) -> list[Sequence[StoredEntry]]:
        """Cut a chunk where the published checkpoint ends."""
        at = self._earlier.size - self._size if self._earlier else 0
        return [chunk[:at], chunk[at:]] if 0 < at < len(chunk) else [chunk]

    def _note(self, nodes: Sequence[Node]) -> None:
        self._inner |= {(node.level, node.index): node.hash for node in nodes if node.level > 0}


def _check_beside(connection: Connection, log_id: int, chunk: Sequence[StoredEntry], open_detail: OpenDetail) -> tuple[int, int]:
    """The parties and the sealed details of a chunk against its leaves; how many opened, how many are out of reach."""
    leaves = {entry.entry: json.loads(entry.leaf) for entry in chunk}
    parties = read_parties(connection, log_id, chunk[0].index, chunk[-1].index)
    for entry in chunk:
        if parties.get(entry.index, []) != sorted(leaves[entry.entry]["institutions"]):
            raise IntegrityError(f"Entry {entry.index} ({entry.entry}) is shown to other institutions than its leaf says.")
    details = read_details(connection, log_id, list(leaves))
    opened = lost = 0
    for entry_id, leaf in leaves.items():
        committed = leaf.get("detail")
        if (committed is None) != (entry_id not in details):
            if committed is not None:
                lost += 1
                continue
            raise IntegrityError(f"Entry {entry_id} has a sealed detail that its leaf does not commit to.")
        if committed is None:
            continue
        key_id, ciphertext = details[entry_id]
        salted = open_detail(entry_id, ciphertext, key_id)
        if salted is None:
            lost += 1
        elif _digest(salted) != committed:
            raise IntegrityError(f"The sealed detail of entry {entry_id} is not the one its leaf commits to.")
        else:
            opened += 1
    return opened, lost


def _digest(salted: bytes) -> str:
    return hashlib.sha256(salted).hexdigest()


def _published(file: Path | None, log_id: int, verifier: Verifier) -> Checkpoint | None:
    if file is None or not file.exists():
        return None
    try:
        note = file.read_text(encoding="utf-8")
    except OSError as why:
        raise ConfigurationError(f"{file.name} cannot be read: {why.strerror}") from why
    return open_checkpoint(log_id, note, verifier)


def _chunks(entries: Iterator[StoredEntry]) -> Iterator[list[StoredEntry]]:
    while chunk := list(islice(entries, CHUNK)):
        yield chunk
