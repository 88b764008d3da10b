"""Audit: append events to the log, durable before anybody hears of the outcome; group commit per process (decision 20)."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from gateway.domain.auditing import AuditEntry, AuditEvent, Checkpoint
from gateway.domain.decision import Question
from gateway.domain.identifiers import EntryId, InstitutionId
from gateway.domain.times import utc_text
from gateway.errors import DisclosureDenied, GatewayError, IntegrityError, Reason, StorageFailed, Unavailable
from gateway.store.audit_log import Head, NewEntry, lock_head, write_entries
from gateway.store.decisions import keep_inputs
from gateway.store.engine import Connection, Database
from gateway.store.usage import count_uses
from gateway.tlog.checkpoint import sign_checkpoint
from gateway.tlog.leaf import leaf_text
from gateway.tlog.merkle import extend, leaf_hash, root
from gateway.tlog.note import Signer

LARGEST_BATCH = 512
LARGEST_LEAF = 0xFFFF
MOST_KNOWN_INPUTS = 4_096
SALT_BYTES = 32
ANONYMOUS_WINDOW = timedelta(minutes=1)
OUT_OF_REACH = "The audit log is out of reach; nothing was disclosed. Try again shortly."
STATE_MOVED = Reason(
    "GW-AUD-01",
    "34 CFR 99.31(a)",
    "An agreement, client or opt-out changed while the request was served; ask again.",
)
SealDetail = Callable[[InstitutionId, EntryId, bytes], tuple[str, bytes]]
"""(owner, entry, plaintext) -> (key id, ciphertext) under the owner's register key."""
Renew = Callable[[Connection, str], Signer]
"""(transaction that holds the head, the head's note) -> who signs the next one: another process may have given the log a key."""


class Listener(Protocol):
    """Who hears how appends went, to count and time them; called by the thread that appended, so it must be quick."""

    def appended(self, events: Sequence[AuditEvent], seconds: float, error: GatewayError | None) -> None:
        """`events` of one answer took `seconds` to be durable, or to fail."""

    def refused_anonymously(self, kind: str) -> None:
        """Somebody unknown was refused."""


class _Nobody:
    """Hears nothing."""

    def appended(self, events: Sequence[AuditEvent], seconds: float, error: GatewayError | None) -> None:
        pass

    def refused_anonymously(self, kind: str) -> None:
        pass


NOBODY: Listener = _Nobody()


class _Waiter:
    """One caller's events and, once their batch is decided, their outcome."""

    def __init__(self, events: Sequence[AuditEvent]) -> None:
        self.events = events
        self.entries: Sequence[AuditEntry] = ()
        self.error: GatewayError | None = None

    @property
    def settled(self) -> bool:
        return bool(self.entries) or self.error is not None


@dataclass(frozen=True)
class _Prepared:
    id: EntryId
    row: NewEntry


class AuditLog:
    """The one log that accepts appends. Many threads and processes may append at once."""

    def __init__(
        self,
        database: Database,
        log_id: int,
        signer: Signer,
        *,
        clock: Callable[[], datetime],
        new_entry_id: Callable[[], EntryId],
        seal_detail: SealDetail,
        renew: Renew | None = None,
        published: Path | None = None,
        on_fatal: Callable[[], None] = lambda: None,
        listener: Listener = NOBODY,
    ) -> None:
        self._database = database
        self._log_id = log_id
        self._signer = signer
        self._renew = renew
        self._clock = clock
        self._new_entry_id = new_entry_id
        self._seal_detail = seal_detail
        self._published = published
        self._published_at: datetime | None = None
        self._on_fatal = on_fatal
        self._listener = listener
        self._waiting: list[_Waiter] = []
        self._queue = threading.Lock()
        self._turn = threading.Lock()
        self._anonymous: Counter[str] = Counter()
        self._anonymous_since: datetime | None = None
        self._known_inputs: set[str] = set()
        self.ready = True

    @property
    def log_id(self) -> int:
        """The log that this one appends to."""
        return self._log_id

    def append(self, event: AuditEvent) -> AuditEntry:
        """Append one event; as `append_all`."""
        [entry] = self.append_all([event])
        return entry

    def append_all(self, events: Sequence[AuditEvent]) -> Sequence[AuditEntry]:
        """Append the events of one answer, all or none; returns when their batch is committed and synced.

        Raises `Unavailable` when the log cannot be written, `DisclosureDenied` when the state epoch of an event has moved or a
        limit of its grant would be passed.
        """
        begun = time.perf_counter()
        waiter = _Waiter(events)
        with self._queue:
            self._waiting.append(waiter)
        try:
            # Whoever gets the turn commits for all that wait then; the others find themselves settled when theirs comes.
            with self._turn:
                while not waiter.settled:
                    with self._queue:
                        batch, self._waiting = self._waiting[:LARGEST_BATCH], self._waiting[LARGEST_BATCH:]
                    self._commit(batch)
        finally:
            self._listener.appended(events, time.perf_counter() - begun, waiter.error)
        if waiter.error is not None:
            raise waiter.error
        return waiter.entries

    def append_in(self, connection: Connection, event: AuditEvent, signer: Signer | None = None) -> AuditEntry:
        """Append one event inside a store writer's transaction, after its business rows; durable with its commit. `signer` is who
        signs this once, for a transaction that changes the log's keys."""
        head, _ = lock_head(connection, self._log_id)
        [entry] = self._write(connection, head, [event], commit=False, signer=signer)
        return entry

    def refuse_anonymous(self, kind: str) -> None:
        """Count a refusal of somebody unknown; a minute's refusals make one entry (decision 21)."""
        self._listener.refused_anonymously(kind)
        with self._queue:
            self._anonymous[kind] += 1
            self._anonymous_since = self._anonymous_since or self._clock()
            due = self._clock() - self._anonymous_since >= ANONYMOUS_WINDOW
        if due:
            self.flush_anonymous()

    def flush_anonymous(self) -> None:
        """Write the counted refusals, if there are any."""
        with self._queue:
            counted, since = self._anonymous, self._anonymous_since
            self._anonymous, self._anonymous_since = Counter(), None
        if not counted or since is None:
            return
        leaf: dict[str, object] = {"since": utc_text(since), "refused": {kind: str(n) for kind, n in sorted(counted.items())}}
        self.append(AuditEvent(kind="anonymous_refusals", leaf=leaf))

    def _commit(self, batch: Sequence[_Waiter]) -> None:
        failure: GatewayError = Unavailable(OUT_OF_REACH)
        checkpoint: Checkpoint | None = None
        try:
            if not self.ready:
                return
            with self._database.write() as connection:
                head, epoch = lock_head(connection, self._log_id)
                current = [w for w in batch if all(event.state_epoch in {None, epoch} for event in w.events)]
                for waiter in current:
                    over = count_uses(connection, [event.use for event in waiter.events])
                    waiter.error = None if over is None else DisclosureDenied((over,))
                current = [waiter for waiter in current if waiter.error is None]
                events = [event for waiter in current for event in waiter.events]
                entries = self._write(connection, head, events, commit=True)
            self._know_inputs(events)
            written = iter(entries)
            for waiter in current:
                waiter.entries = list(islice(written, len(waiter.events)))
            failure = DisclosureDenied((STATE_MOVED,))
            checkpoint = entries[-1].checkpoint if entries else None
        except StorageFailed:
            # A failed sync may have dropped pages that the system calls clean: never retry it and trust the result.
            self.ready = False
            self._on_fatal()
        except Unavailable:
            pass  # every waiter of the batch gets `failure`
        finally:
            for waiter in batch:
                if not waiter.settled:
                    waiter.error = failure
        if checkpoint is not None:
            self._publish(checkpoint)

    def _write(
        self, connection: Connection, head: Head, events: Sequence[AuditEvent], *, commit: bool, signer: Signer | None = None
    ) -> list[AuditEntry]:
        if not events:
            return []
        if signer is None:
            signer = self._signer if self._renew is None else self._renew(connection, head.note)
        prepared = [self._prepare(event) for event in events]
        frontier, nodes = extend(head.size, head.frontier, [item.row.leaf_hash for item in prepared])
        size = head.size + len(prepared)
        checkpoint = sign_checkpoint(head.log_id, size, root(frontier), signer)
        keep_inputs(connection, self._new_inputs(events))
        write_entries(connection, head, [item.row for item in prepared], nodes, frontier, checkpoint, commit=commit)
        return [AuditEntry(item.id, head.size + at, item.row.leaf, checkpoint) for at, item in enumerate(prepared)]

    def _new_inputs(self, events: Sequence[AuditEvent]) -> Collection[Question]:
        """What the decisions of these events were made from, as far as this process has not stored it yet."""
        asked = {event.question.digest: event.question for event in events if event.question is not None}
        return [question for digest, question in asked.items() if digest not in self._known_inputs]

    def _know_inputs(self, committed: Sequence[AuditEvent]) -> None:
        if len(self._known_inputs) > MOST_KNOWN_INPUTS:
            self._known_inputs.clear()
        self._known_inputs |= {event.question.digest for event in committed if event.question is not None}

    def _prepare(self, event: AuditEvent) -> _Prepared:
        entry = event.entry or self._new_entry_id()
        commitment: dict[str, object] = {}
        key_id: str | None = None
        ciphertext: bytes | None = None
        if event.detail is not None and event.detail_owner is not None:
            salted = os.urandom(SALT_BYTES) + event.detail
            commitment = {"detail": hashlib.sha256(salted).hexdigest()}
            key_id, ciphertext = self._seal_detail(event.detail_owner, entry, salted)
        institutions = tuple(sorted(set(event.institutions)))
        members: dict[str, Any] = {
            **event.leaf,
            **commitment,
            "version": "1",
            "id": entry,
            "time": utc_text(self._clock()),
            "kind": event.kind,
            "institutions": list(institutions),
        }
        leaf = leaf_text(members)
        if len(leaf) > LARGEST_LEAF:
            raise IntegrityError("An audit entry would be larger than the log's format allows; nothing was written.")
        return _Prepared(entry, NewEntry(entry, leaf, leaf_hash(leaf), institutions, key_id, ciphertext))

    def _publish(self, checkpoint: Checkpoint) -> None:
        """Write the newest checkpoint beside the database, at most once a second, so that a restored backup shows."""
        now = self._clock()
        if self._published is None or (self._published_at and now - self._published_at < timedelta(seconds=1)):
            return
        self._published_at = now
        partial = self._published.with_name(f"{self._published.name}.{os.getpid()}.new")
        # The entries are durable by now: a copy that cannot be written must not turn them into a refusal.
        with suppress(OSError):
            partial.write_text(checkpoint.note, encoding="utf-8")
            partial.replace(self._published)
