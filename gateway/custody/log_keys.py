"""The keys that sign the log: which ones do now, and giving a log another one while every process goes on appending.

A new key is announced by an entry, and by a note that it and the key before signed. Until the overlap ends both sign every
checkpoint, so that who knows only the older one learns of the new one from a checkpoint that it can check.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.custody.desk import CustodyDesk
from gateway.domain.auditing import AuditEntry, AuditEvent
from gateway.domain.times import utc_text
from gateway.errors import ConfigurationError
from gateway.store.audit_log import lock_head, read_keys, write_key
from gateway.store.engine import Connection, Database
from gateway.store.key_ring import KeyRing
from gateway.tlog.key_chain import JointSigner, announce, signed_by
from gateway.tlog.note import Signer


class LogSigners:
    """Who signs the log of an origin now; read anew when the log's head shows that another process gave it a key, or when an
    overlap is over."""

    def __init__(self, database: Database, ring: KeyRing, origin: str, clock: Callable[[], datetime]) -> None:
        self._ring = ring
        self._origin = origin
        self._clock = clock
        self._until: str | None = None
        with database.read() as connection:
            self._signer = self.read(connection)

    @property
    def now(self) -> JointSigner:
        return self._signer

    def current(self, connection: Connection, note: str) -> Signer:
        """For the next checkpoint after the one in `note`, whose head the caller's transaction holds."""
        over = self._until is not None and utc_text(self._clock()) >= self._until
        if over or not signed_by(note, self._origin) <= self._signer.key_hashes:
            self._signer = self.read(connection)
        return self._signer

    def read(self, connection: Connection) -> JointSigner:
        """As the keys stand in the caller's transaction; does not keep it."""
        now = utc_text(self._clock())
        keys = [(key, until) for key, until in self._ring.log_keys(connection) if until is None or until > now]
        if not keys:
            raise ConfigurationError("There is no key that signs the log. Restore the database's keys, or run: gateway db upgrade")
        self._until = min((until for _, until in keys if until is not None), default=None)
        return JointSigner([Signer(self._origin, key) for key, _ in keys])


@dataclass(frozen=True)
class RotatedLogKey:
    """The new key and the one before, as other tools take them; the note that both signed, and the entry."""

    key: str
    before: str
    note: str
    entry: AuditEntry


def rotate_log_key(log_id: int, signers: LogSigners, desk: CustodyDesk, overlap: timedelta) -> RotatedLogKey:
    """Give the log a new key; the one before signs beside it until `overlap` is over. All or nothing, in one transaction."""
    at, until = utc_text(desk.clock()), utc_text(desk.clock() + overlap)
    with desk.database.write() as connection:
        head, _ = lock_head(connection, log_id)
        before = signers.current(connection, head.note)
        generation = len(read_keys(connection, log_id)) + 1
        desk.ring.begin_log_key(connection, at, until)
        new = Signer(before.verifier.name, desk.ring.log_keys(connection)[0][0])
        # The entry's own checkpoint is the first that the new key signs.
        since = head.size + 1
        note = announce([new, before], log_id, generation, since, at)
        write_key(connection, log_id, generation, note)
        leaf = {
            "operation": "rotated",
            "actor": desk.actor,
            "key": new.verifier.vkey,
            "before": before.verifier.vkey,
            "generation": str(generation),
            "since": str(since),
            "overlap_until": until,
        }
        joint = JointSigner([new, before])
        entry = desk.log.append_in(connection, AuditEvent(kind="log", leaf=leaf), joint)
    return RotatedLogKey(new.verifier.vkey, before.verifier.vkey, note, entry)
