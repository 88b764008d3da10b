"""Verify the audit log from its leaves up, without trusting anything that stands beside them."""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import orjson

from gateway.accountability.beside import Beside, OpenDetail, OpenSubjects
from gateway.accountability.published import read_published
from gateway.accountability.tree import Tree
from gateway.domain.auditing import Checkpoint
from gateway.errors import IntegrityError
from gateway.store.audit_log import read_keys, read_node
from gateway.store.audit_rows import (
    LogRow,
    count_rows,
    read_institutions,
    read_kept,
    read_logs,
    read_node_range,
    read_party_range,
    read_range,
)
from gateway.store.engine import Connection, Database
from gateway.tlog.key_chain import KeyChain, read_chain
from gateway.tlog.merkle import EMPTY_ROOT, subtree

CHUNK = 1_024
Tell = Callable[[int, int], None]
"""(entries that are verified, entries that there are)"""


@dataclass(frozen=True)
class Trust:
    """What the database is held against: public keys of logs (32 bytes each), and how to open what is sealed."""

    keys: Collection[bytes]
    detail: OpenDetail
    subjects: OpenSubjects


@dataclass(frozen=True)
class Verified:
    """What was found whole in one log: entries, sealed details that opened, those whose key is gone, and how many commitments to
    people were made again from them; `key` is the log's newest, as other tools take it."""

    checkpoint: Checkpoint
    details: int
    details_out_of_reach: int
    commitments: int
    key: str


def nobody(_done: int, _all: int) -> None:
    """Hears nothing."""


def verify(database: Database, trust: Trust, published: Path | None, tell: Tell = nobody) -> list[Verified]:
    """Recompute every hash, node, frontier and root of every log; check signatures, the published and the kept checkpoints, who may
    see each entry, that each sealed detail is the one its leaf commits to and names whom it commits to, and that the inputs of
    decisions are those that were asked about. Memory does not grow with the log.

    Raises `IntegrityError` that names the first place where something does not hold.
    """
    with _collector_at_rest(), database.read() as connection:
        logs = read_logs(connection)
        counts = count_rows(connection)
        _assert_all_belong(logs, counts)
        chains = {log.log_id: read_chain(log.log_id, log.origin, read_keys(connection, log.log_id), trust.keys) for log in logs}
        beside = Beside(connection, trust.detail, trust.subjects)
        earlier = None if published is None else read_published(published, chains.values())
        total, done, verified = sum(log.head.size for log in logs), 0, []
        for log, following in zip(logs, [*logs[1:], None], strict=True):
            chain = chains[log.log_id]
            checkpoint = _row_holds(log, chain, following)
            own = earlier if earlier is not None and earlier.log_id == log.log_id else None
            at = done
            counted = _one_log(connection, log, chain, beside, own, lambda size, at=at: tell(at + size, total))  # type: ignore[misc]
            _assert_counts(log.log_id, counts, counted)
            done += log.head.size
            taken = beside.taken(log.log_id)
            verified.append(Verified(checkpoint, taken.opened, taken.out_of_reach, taken.commitments, chain.newest.verifier.vkey))
        _assert_follow(connection, logs)
        beside.finish()
    return verified


def check_not_restored(database: Database, log_id: int, trusted: Collection[bytes], published: Path) -> None:
    """Refuse a database that is older than what was published: a restored backup would fork the log.

    Raises `IntegrityError`; does nothing when nothing was published yet, or only of a log that was closed since.
    """
    with database.read() as connection:
        logs = {log.log_id: log for log in read_logs(connection)}
        chains = [read_chain(log.log_id, log.origin, read_keys(connection, log.log_id), trusted) for log in logs.values()]
        earlier = read_published(published, chains)
        if earlier is None or earlier.log_id != log_id:
            return
        contained = logs[log_id].head.size >= earlier.size and earlier.root == _root_at(connection, log_id, earlier.size)
    if not contained:
        raise IntegrityError(
            f"The audit log does not contain what was published ({earlier.size} entries): the database was restored from a backup "
            "or changed. Nothing is disclosed until an operator has looked into it and opened a new log: gateway audit new-log"
        )


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Nothing here refers to itself, so that counting references frees it all; looking for circles among millions of leaves takes
    as long as verifying them."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _root_at(connection: Connection, log_id: int, size: int) -> bytes:
    """The root of the first `size` entries, from the nodes that are stored."""
    return subtree(0, size, lambda level, index: read_node(connection, log_id, level, index) or b"") if size else EMPTY_ROOT


def _assert_all_belong(logs: Sequence[LogRow], counts: Mapping[tuple[str, int], int]) -> None:
    known = {log.log_id for log in logs}
    for table, log_id in sorted(counts):
        if log_id not in known:
            raise IntegrityError(f"{table} has rows of a log {log_id} that there is not.")
    if not logs:
        raise IntegrityError("There is no log.")


def _row_holds(log: LogRow, chain: KeyChain, following: LogRow | None) -> Checkpoint:
    """The head's checkpoint, once what `audit_log` and the head say agrees with the signatures."""
    checkpoint, first = chain.open_checkpoint(log.head.note), chain.keys[0]
    if (checkpoint.size, checkpoint.root) != (log.head.size, log.head.root):
        raise IntegrityError("The signed checkpoint is not the head's: size or root differ.")
    if (log.key_id, log.opened_at) != (first.verifier.key_hash.hex(), first.at):
        raise IntegrityError(f"Log {log.log_id} was opened by another key or at another time than its row says.")
    closed = (0, following.log_id) if following else (1, None)
    if (log.accepts, log.successor) != closed:
        raise IntegrityError(f"Log {log.log_id} is not closed or open as the logs after it say.")
    return checkpoint


def _one_log(
    connection: Connection, log: LogRow, chain: KeyChain, beside: Beside, earlier: Checkpoint | None, tell: Callable[[int], None]
) -> Mapping[str, int]:
    """Every row of one log; gives how many each table must have."""
    tree, kept = Tree(log.head, chain, earlier), 0
    institutions = read_institutions(connection, log.log_id)
    for low in range(0, max(log.head.size, 1), CHUNK):
        high = min(low + CHUNK, log.head.size)
        entries = read_range(connection, log.log_id, low, high)
        checkpoints = read_kept(connection, log.log_id, low if low else -1, high)
        kept += len(checkpoints)
        leaves = tree.take(low, high, entries, read_node_range(connection, log.log_id, low, high), checkpoints)
        parties = read_party_range(connection, log.log_id, institutions, low, high)
        beside.take(log.log_id, entries, leaves, parties)
        tell(high)
    tree.finish()
    taken = beside.taken(log.log_id)
    return {
        "audit_entry": log.head.size,
        "audit_node": sum(log.head.size >> level for level in range(1, log.head.size.bit_length())),
        "audit_detail": taken.sealed,
        "audit_party": taken.parties,
        "audit_checkpoint": kept,
        "audit_key": len(chain.keys),
        "audit_head": 1,
    }


def _assert_counts(log_id: int, counts: Mapping[tuple[str, int], int], expected: Mapping[str, int]) -> None:
    for table, count in expected.items():
        more = counts.get((table, log_id), 0) - count
        if more:
            raise IntegrityError(f"{table} has rows beyond the entries of log {log_id}: {more}.")


def _assert_follow(connection: Connection, logs: Sequence[LogRow]) -> None:
    """Each log after the first says in its first entry where the one before it stood when it was closed."""
    for before, log in pairwise(logs):
        first = read_range(connection, log.log_id, 0, 1)
        leaf = orjson.loads(first[0].leaf) if first else {}
        stood = {"log": str(before.log_id), "origin": before.origin, "size": str(before.head.size), "root": before.head.root.hex()}
        named = leaf.get("previous") if leaf.get("kind") == "log" else None
        if not isinstance(named, dict) or {name: named.get(name) for name in stood} != stood:
            raise IntegrityError(f"Log {before.log_id} is not as the first entry of log {log.log_id} says that it was closed.")
