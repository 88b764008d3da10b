"""The SQL of the audit log: lock the head, write a batch, read entries, nodes and details."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from gateway.domain.auditing import Checkpoint
from gateway.errors import ConfigurationError, IntegrityError, Unavailable
from gateway.store.engine import together, without_waiting
from gateway.store.epoch import EPOCH, epoch_of
from gateway.store.schema import (
    audit_checkpoint,
    audit_detail,
    audit_entry,
    audit_head,
    audit_key,
    audit_log,
    audit_node,
    audit_party,
)
from gateway.tlog.merkle import HASH_BYTES, Node

PAGE = 2_000
# Built once: every disclosure runs these, and building a statement costs more than running it.
_HEAD = select(audit_head.c.size, audit_head.c.frontier, audit_head.c.root, audit_head.c.checkpoint).where(
    audit_head.c.log_id == bindparam("of_log")
)
_HEAD_LOCKED = _HEAD.where(audit_head.c.successor.is_(None)).with_for_update()
_MOVE_HEAD = update(audit_head).where(audit_head.c.log_id == bindparam("of_log"))
_ADD_ENTRY, _ADD_NODE, _ADD_DETAIL, _ADD_PARTY = (insert(table) for table in (audit_entry, audit_node, audit_detail, audit_party))


@dataclass(frozen=True)
class Head:
    """Where a log stands: its size, the roots of its perfect subtrees, its root and signed checkpoint."""

    log_id: int
    size: int
    frontier: tuple[bytes, ...]
    root: bytes
    note: str


@dataclass(frozen=True)
class StoredEntry:
    """One row of the log."""

    index: int
    entry: str
    leaf: bytes
    leaf_hash: bytes


@dataclass(frozen=True)
class NewEntry:
    """One row to be written, with what is sealed beside it and who may see it."""

    entry: str
    leaf: bytes
    leaf_hash: bytes
    institutions: tuple[str, ...]
    key_id: str | None
    ciphertext: bytes | None


def open_log(connection: Connection, checkpoint: Checkpoint, *, origin: str, key_id: str, at: str) -> None:
    """Begin a log; `checkpoint` is the signed one of size 0."""
    connection.execute(insert(audit_log).values(log_id=checkpoint.log_id, origin=origin, key_id=key_id, opened_at=at, accepts=True))
    connection.execute(
        insert(audit_head).values(log_id=checkpoint.log_id, size=0, frontier=b"", root=checkpoint.root, checkpoint=checkpoint.note)
    )


def accepting_log(connection: Connection) -> tuple[int, str] | None:
    """Id and origin of the one log that accepts appends."""
    row = connection.execute(select(audit_log.c.log_id, audit_log.c.origin).where(audit_log.c.accepts)).one_or_none()
    return None if row is None else (row.log_id, row.origin)


def read_head(connection: Connection, log_id: int) -> Head:
    """The head in this snapshot."""
    return _head(log_id, connection.execute(_HEAD, {"of_log": log_id}).fetchall())


def lock_head(connection: Connection, log_id: int) -> tuple[Head, int]:
    """The head, which no other writer moves before this transaction ends, and the state epoch as it is once the head is held.

    Raises `Unavailable` when the log was closed: another process opened a new one.
    """
    rows, epoch = together(connection, (_HEAD_LOCKED, {"of_log": log_id}), (EPOCH, {}))
    if not rows:
        raise Unavailable("The audit log takes no entries any more: another one was opened. Start this process again.")
    return _head(log_id, rows), epoch_of(epoch)


def _head(log_id: int, rows: Sequence[Any]) -> Head:
    if not rows:
        raise ConfigurationError("The audit log is not open. Run: gateway db upgrade")
    [(size, packed, tree_root, note)] = rows
    frontier = bytes(packed)
    roots = tuple(frontier[at : at + HASH_BYTES] for at in range(0, len(frontier), HASH_BYTES))
    return Head(log_id, size, roots, bytes(tree_root), note)


def write_entries(
    connection: Connection,
    head: Head,
    entries: Sequence[NewEntry],
    nodes: Sequence[Node],
    frontier: Sequence[bytes],
    checkpoint: Checkpoint,
    *,
    commit: bool,
) -> None:
    """Write a batch after `head`, whose lock the caller's transaction holds. `seq` follows the head's size, so that a
    rolled-back batch leaves no gap; leaves' own hashes stand with the entries, so only inner nodes are nodes here. `commit` says
    that the transaction has nothing else to write."""
    log_id = head.log_id
    numbered = list(enumerate(entries, start=head.size))
    inner = [{"log_id": log_id, "level": n.level, "idx": n.index, "hash": n.hash} for n in nodes if n.level > 0]
    details = [
        {"log_id": log_id, "entry_id": e.entry, "key_id": e.key_id, "ciphertext": e.ciphertext}
        for e in entries
        if e.ciphertext is not None
    ]
    parties = [
        {"log_id": log_id, "institution_id": institution, "seq": seq} for seq, e in numbered for institution in e.institutions
    ]
    with without_waiting(connection, commit=commit):
        connection.execute(
            _ADD_ENTRY,
            [{"log_id": log_id, "seq": seq, "entry_id": e.entry, "leaf": e.leaf, "leaf_hash": e.leaf_hash} for seq, e in numbered],
        )
        for statement, rows in ((_ADD_NODE, inner), (_ADD_DETAIL, details), (_ADD_PARTY, parties)):
            if rows:
                connection.execute(statement, rows)
        connection.execute(
            _MOVE_HEAD,
            {
                "of_log": log_id,
                "size": checkpoint.size,
                "frontier": b"".join(frontier),
                "root": checkpoint.root,
                "checkpoint": checkpoint.note,
            },
        )


def read_entries(connection: Connection, log_id: int, start: int = 0) -> Iterator[StoredEntry]:
    """Entries in order from an index on, a page at a time."""
    after = start - 1
    while True:
        rows = connection.execute(
            select(audit_entry.c.seq, audit_entry.c.entry_id, audit_entry.c.leaf, audit_entry.c.leaf_hash)
            .where(audit_entry.c.log_id == log_id, audit_entry.c.seq > after)
            .order_by(audit_entry.c.seq)
            .limit(PAGE)
        ).fetchall()
        for seq, entry, leaf, hashed in rows:
            yield StoredEntry(seq, entry, bytes(leaf), bytes(hashed))
        if len(rows) < PAGE:
            return
        after = rows[-1].seq


def find_entry(connection: Connection, log_id: int, entry: str) -> StoredEntry | None:
    """The entry with an id."""
    row = connection.execute(
        select(audit_entry.c.seq, audit_entry.c.entry_id, audit_entry.c.leaf, audit_entry.c.leaf_hash).where(
            audit_entry.c.log_id == log_id, audit_entry.c.entry_id == entry
        )
    ).one_or_none()
    return None if row is None else StoredEntry(row.seq, row.entry_id, bytes(row.leaf), bytes(row.leaf_hash))


def read_node(connection: Connection, log_id: int, level: int, index: int) -> bytes | None:
    """The stored hash of one perfect subtree; level 0 is the leaf's own."""
    if level == 0:
        statement = select(audit_entry.c.leaf_hash).where(audit_entry.c.log_id == log_id, audit_entry.c.seq == index)
    else:
        statement = select(audit_node.c.hash).where(
            audit_node.c.log_id == log_id, audit_node.c.level == level, audit_node.c.idx == index
        )
    found = connection.execute(statement).scalar()
    return None if found is None else bytes(found)


def read_details(connection: Connection, log_id: int, entries: Sequence[str]) -> dict[str, tuple[str, bytes]]:
    """Key id and sealed detail of those entries that have one."""
    rows = connection.execute(
        select(audit_detail.c.entry_id, audit_detail.c.key_id, audit_detail.c.ciphertext).where(
            audit_detail.c.log_id == log_id, audit_detail.c.entry_id.in_(entries)
        )
    )
    return {entry: (key_id, bytes(ciphertext)) for entry, key_id, ciphertext in rows}


def write_checkpoint(connection: Connection, checkpoint: Checkpoint, at: str) -> None:
    """Keep a checkpoint that was published; `at` is the time of the newest entry that it covers, which verification derives."""
    connection.execute(
        insert(audit_checkpoint).values(
            log_id=checkpoint.log_id, size=checkpoint.size, note=checkpoint.note, cosignatures=[], published_at=at
        )
    )


def write_key(connection: Connection, log_id: int, generation: int, note: str) -> None:
    """Announce a key of a log, in the caller's transaction."""
    connection.execute(insert(audit_key).values(log_id=log_id, generation=generation, note=note))


def read_keys(connection: Connection, log_id: int) -> list[str]:
    """The notes of a log's keys, oldest first. Raises `IntegrityError` where they are not numbered from 1 on."""
    rows = connection.execute(
        select(audit_key.c.generation, audit_key.c.note).where(audit_key.c.log_id == log_id).order_by(audit_key.c.generation)
    ).fetchall()
    if [generation for generation, _ in rows] != list(range(1, len(rows) + 1)):
        raise IntegrityError(f"The keys of log {log_id} are not numbered from 1 on.")
    return [note for _, note in rows]


def close_log(connection: Connection, log_id: int, successor: int) -> None:
    """Take no entries any more; the caller's transaction holds the head's lock and opens the successor."""
    connection.execute(update(audit_log).where(audit_log.c.log_id == log_id).values(accepts=False))
    connection.execute(update(audit_head).where(audit_head.c.log_id == log_id).values(successor=successor))
