"""Open a new log after a disaster, where the old one must not go on: a restored backup would fork it.

The new log's first entry says which log it follows, what that one had published last, where it stood when it was closed, who
closed it and why. The old one takes no entries any more, and stays readable and verifiable. What was cut short is finished by doing
it again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gateway.accountability.published import write_published
from gateway.accountability.verify import check_not_restored
from gateway.audit import AuditLog
from gateway.domain.auditing import AuditEvent
from gateway.domain.identifiers import EntryId, InstitutionId
from gateway.domain.times import utc_text
from gateway.errors import IntegrityError, RequestError
from gateway.store.audit_log import close_log, lock_head, open_log, read_keys, write_key
from gateway.store.audit_rows import LogRow, read_logs, read_range
from gateway.store.engine import Connection, Database
from gateway.store.key_ring import KeyRing
from gateway.tlog.checkpoint import sign_checkpoint
from gateway.tlog.key_chain import announce, read_chain
from gateway.tlog.merkle import EMPTY_ROOT
from gateway.tlog.note import Signer

LONGEST_REASON = 500
UNKNOWN = "unknown"
STATED = ("origin", "size", "root")


@dataclass(frozen=True)
class StartAgain:
    """What a new log is opened with: its origin, the file of the published checkpoint, the reason in the operator's words, who the
    operator is, and whether a key of its own is made. `although_whole` closes a log that nothing is wrong with."""

    database: Database
    ring: KeyRing
    origin: str
    published: Path
    because: str
    actor: str
    clock: Callable[[], datetime]
    new_entry_id: Callable[[], EntryId]
    new_key: bool = False
    although_whole: bool = False


@dataclass(frozen=True)
class Opened:
    """The new log, the one before, the new one's key as other tools take it, and the id of its first entry."""

    log_id: int
    closed: int
    key: str
    entry: str


def open_new_log(asked: StartAgain) -> Opened:
    """Close the log that takes entries and open another. Raises `RequestError` for an origin that a log has had, for a reason that
    cannot be kept, and where nothing is wrong with the log; `Unavailable` when another process was first."""
    if not asked.because.strip() or len(asked.because) > LONGEST_REASON or not asked.because.isprintable():
        raise RequestError(f"--because takes one line of at most {LONGEST_REASON} characters, without anything about a person.")
    with asked.database.read() as connection:
        logs = read_logs(connection)
        trusted = log_keys(asked.ring, connection)
    if logs[-1].origin == asked.origin and _is_unpublished(asked):
        return _finish(asked, logs)
    if asked.origin in {log.origin for log in logs}:
        raise RequestError(
            f"There is a log of origin {asked.origin} already. Set GATEWAY_LOG_ORIGIN to one that none has had, and run this again."
        )
    old = logs[-1]
    if not asked.although_whole:
        _assert_broken(asked, old, trusted)
    _keep_published(asked.published, old.log_id)
    _open(asked, old)
    with asked.database.read() as connection:
        logs = read_logs(connection)
    return _finish(asked, logs)


def _is_unpublished(asked: StartAgain) -> bool:
    """Whether what is published is not of the log that takes entries."""
    return _last_published(asked.published)["origin"] != asked.origin


def _finish(asked: StartAgain, logs: Sequence[LogRow]) -> Opened:
    """Publish the new log's checkpoint in place of the old one's."""
    old, new = logs[-2:]
    with asked.database.read() as connection:
        chain = read_chain(new.log_id, new.origin, read_keys(connection, new.log_id), log_keys(asked.ring, connection))
        [first] = read_range(connection, new.log_id, 0, 1)
    write_published(asked.published, new.head.note)
    return Opened(new.log_id, old.log_id, chain.newest.verifier.vkey, first.entry)


def _assert_broken(asked: StartAgain, old: LogRow, trusted: frozenset[bytes]) -> None:
    with suppress(IntegrityError):
        check_not_restored(asked.database, old.log_id, trusted, asked.published)
        raise RequestError(
            "The log contains all that was published, so that it can go on. To close it all the same: --although-whole"
        )


def _keep_published(published: Path, log_id: int) -> None:
    """A copy of what the old log published last, beside the new one's."""
    copy = published.with_name(f"{published.name}.{log_id}")
    if published.exists() and not copy.exists():
        partial = copy.with_name(f"{copy.name}.new")
        shutil.copyfile(published, partial)
        partial.replace(copy)


def log_keys(ring: KeyRing, connection: Connection) -> frozenset[bytes]:
    """The public keys, 32 bytes each, of every key that the ring has for logs."""
    return frozenset(key.public_key().public_bytes_raw() for key, _ in ring.log_keys(connection))


def _open(asked: StartAgain, old: LogRow) -> None:
    at, log_id = utc_text(asked.clock()), old.log_id + 1
    with asked.database.write() as connection:
        head, _ = lock_head(connection, old.log_id)
        if asked.new_key:
            asked.ring.begin_log_key(connection, at, at)
        asked.ring.end_log_overlap(connection, at)
        signer = Signer(asked.origin, asked.ring.log_keys(connection)[0][0])
        empty = sign_checkpoint(log_id, 0, EMPTY_ROOT, signer)
        open_log(connection, empty, origin=asked.origin, key_id=signer.verifier.key_hash.hex(), at=at)
        write_key(connection, log_id, 1, announce([signer], log_id, 1, 0, at))
        close_log(connection, old.log_id, log_id)
        leaf = {
            "operation": "opened",
            "origin": asked.origin,
            "key": signer.verifier.vkey,
            "because": asked.because,
            "actor": asked.actor,
            "previous": {
                "log": str(old.log_id),
                "origin": old.origin,
                "size": str(head.size),
                "root": head.root.hex(),
                "published": _last_published(asked.published),
            },
        }
        log = AuditLog(
            asked.database, log_id, signer, clock=asked.clock, new_entry_id=asked.new_entry_id, seal_detail=_seals_nothing
        )
        log.append_in(connection, AuditEvent(kind="log", leaf=leaf))


def _last_published(file: Path) -> dict[str, str]:
    """What the file states, as far as it states anything: it may be signed by a key that the restored database does not have."""
    lines: list[str] = []
    with suppress(OSError, UnicodeDecodeError):
        lines = file.read_text(encoding="utf-8").split("\n")
    return dict(zip(STATED, (*lines[:3], *(UNKNOWN for _ in STATED)), strict=False))


def _seals_nothing(_owner: InstitutionId, _entry: EntryId, _plaintext: bytes) -> tuple[str, bytes]:
    raise IntegrityError("A new log's first entry has no detail.")
