"""What verification reads of the log: everything, in the order of the tree and a part at a time, so that memory stays flat."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Integer, Text, and_, bindparam, cast, func, select

from gateway.errors import IntegrityError
from gateway.store.audit_log import Head, read_head
from gateway.store.engine import together
from gateway.store.schema import (
    audit_checkpoint,
    audit_detail,
    audit_entry,
    audit_head,
    audit_key,
    audit_log,
    audit_node,
    audit_party,
    decision_input,
)

PAGE = 500
COUNTED = {
    "audit_entry": audit_entry,
    "audit_node": audit_node,
    "audit_detail": audit_detail,
    "audit_party": audit_party,
    "audit_checkpoint": audit_checkpoint,
    "audit_key": audit_key,
    "audit_head": audit_head,
}
_RANGE = and_(
    audit_entry.c.log_id == bindparam("of_log"), audit_entry.c.seq >= bindparam("low"), audit_entry.c.seq < bindparam("high")
)
_ENTRIES = (
    select(
        audit_entry.c.seq,
        audit_entry.c.entry_id,
        audit_entry.c.leaf,
        audit_entry.c.leaf_hash,
        audit_detail.c.key_id,
        audit_detail.c.ciphertext,
    )
    .select_from(
        audit_entry.outerjoin(
            audit_detail, and_(audit_detail.c.log_id == audit_entry.c.log_id, audit_detail.c.entry_id == audit_entry.c.entry_id)
        )
    )
    .where(_RANGE)
    .order_by(audit_entry.c.seq)
)
_NODES = (
    select(audit_node.c.hash)
    .where(
        audit_node.c.log_id == bindparam("of_log"),
        audit_node.c.level == bindparam("at"),
        audit_node.c.idx >= bindparam("low"),
        audit_node.c.idx < bindparam("high"),
    )
    .order_by(audit_node.c.idx)
)
_PARTIES = (
    select(audit_party.c.seq)
    .where(
        audit_party.c.log_id == bindparam("of_log"),
        audit_party.c.institution_id == bindparam("institution"),
        audit_party.c.seq >= bindparam("low"),
        audit_party.c.seq < bindparam("high"),
    )
    .order_by(audit_party.c.seq)
)


@dataclass(frozen=True)
class LogRow:
    """A log as `audit_log` and its head say it is; `accepts` is 1 or 0."""

    log_id: int
    origin: str
    key_id: str
    opened_at: str
    accepts: int
    successor: int | None
    head: Head


@dataclass(frozen=True, slots=True)
class LoggedEntry:
    """One row of the log with what is sealed beside it; `key_id` and `ciphertext` are None where nothing is."""

    index: int
    entry: str
    leaf: bytes
    leaf_hash: bytes
    key_id: str | None
    ciphertext: bytes | None


@dataclass(frozen=True)
class KeptCheckpoint:
    """A row of `audit_checkpoint`; `cosignatures` is the text of its JSON."""

    size: int
    note: str
    cosignatures: str
    published_at: str


def read_logs(connection: Connection) -> list[LogRow]:
    """Every log, oldest first. Raises `IntegrityError` where one has no head."""
    # The number as it is stored: SQLite would take any but 0 for true.
    accepts = cast(audit_log.c.accepts, Integer)
    named = (audit_log.c.log_id, audit_log.c.origin, audit_log.c.key_id, audit_log.c.opened_at, accepts)
    rows = connection.execute(select(*named).order_by(audit_log.c.log_id)).fetchall()
    closed = connection.execute(select(audit_head.c.log_id, audit_head.c.successor)).fetchall()
    heads = {row.log_id: row.successor for row in closed}
    for log_id, *_ in rows:
        if log_id not in heads:
            raise IntegrityError(f"Log {log_id} has no head.")
    return [
        LogRow(log_id, origin, key_id, opened_at, accepting, heads[log_id], read_head(connection, log_id))
        for log_id, origin, key_id, opened_at, accepting in rows
    ]


def count_rows(connection: Connection) -> dict[tuple[str, int], int]:
    """(table, log) -> how many rows it has of that log."""
    return {
        (name, log_id): count
        for name, table in COUNTED.items()
        for log_id, count in connection.execute(select(table.c.log_id, func.count()).group_by(table.c.log_id)).fetchall()
    }


def read_range(connection: Connection, log_id: int, low: int, high: int) -> list[LoggedEntry]:
    """The entries of [low, high), in order, with their sealed details."""
    [rows] = together(connection, (_ENTRIES, {"of_log": log_id, "low": low, "high": high}))
    return [
        LoggedEntry(seq, entry, bytes(leaf), bytes(hashed), key_id, None if sealed is None else bytes(sealed))
        for seq, entry, leaf, hashed, key_id, sealed in rows
    ]


def read_node_range(connection: Connection, log_id: int, low: int, high: int) -> dict[int, tuple[int, list[bytes]]]:
    """The inner nodes that the entries of [low, high) completed: level -> first index and hashes in order."""
    levels = range(1, high.bit_length())
    firsts = {level: low >> level for level in levels if high >> level > low >> level}
    asked = [(_NODES, {"of_log": log_id, "at": level, "low": low >> level, "high": high >> level}) for level in firsts]
    found = together(connection, *asked)
    return {level: (firsts[level], [bytes(row[0]) for row in rows]) for level, rows in zip(firsts, found, strict=True)}


def read_institutions(connection: Connection, log_id: int) -> list[str]:
    """Every institution that an entry is shown to, sorted."""
    rows = connection.execute(select(audit_party.c.institution_id).where(audit_party.c.log_id == log_id).distinct()).fetchall()
    return sorted(row[0] for row in rows)


def read_party_range(connection: Connection, log_id: int, institutions: Sequence[str], low: int, high: int) -> dict[int, list[str]]:
    """Which of these institutions may see which entries of [low, high)."""
    found: dict[int, list[str]] = {}
    for at in range(0, len(institutions), PAGE):
        some = institutions[at : at + PAGE]
        asked = [(_PARTIES, {"of_log": log_id, "institution": one, "low": low, "high": high}) for one in some]
        for institution, rows in zip(some, together(connection, *asked), strict=True):
            for (seq,) in rows:
                found.setdefault(seq, []).append(institution)
    return found


def read_kept(connection: Connection, log_id: int, low: int, high: int) -> list[KeptCheckpoint]:
    """The checkpoints of sizes (low, high] that were kept, in order."""
    kept = audit_checkpoint.c
    statement = select(kept.size, kept.note, cast(kept.cosignatures, Text), kept.published_at)
    rows = connection.execute(statement.where(kept.log_id == log_id, kept.size > low, kept.size <= high).order_by(kept.size))
    return [KeptCheckpoint(*row) for row in rows.fetchall()]


def read_inputs(connection: Connection, digests: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """Digest and text of those decisions' inputs that are stored."""
    wanted = sorted(digests)
    for at in range(0, len(wanted), PAGE):
        statement = select(decision_input.c.digest, decision_input.c.content)
        for digest, content in connection.execute(statement.where(decision_input.c.digest.in_(wanted[at : at + PAGE]))).fetchall():
            yield digest, bytes(content)
