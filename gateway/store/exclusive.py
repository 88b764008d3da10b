"""One sync at a time for each provider and resource, in all processes; the lock dies with its holder."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gateway.errors import SyncRunning
from gateway.store.engine import Database, unavailable_when_out_of_reach

BUSY = "A sync of this provider is running, or its keys are being changed. Wait for that to end, then run this again."


@contextmanager
def exclusive(database: Database, name: str) -> Iterator[None]:
    """Hold the named lock. Raises `SyncRunning` at once when another process or thread has it, `Unavailable` when the database is
    out of reach."""
    digest = hashlib.sha256(name.encode()).digest()
    if database.dialect == "postgresql":
        with unavailable_when_out_of_reach(), database.engine.connect() as connection:
            key = int.from_bytes(digest[:8], "big", signed=True)
            if not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}).scalar():
                raise SyncRunning(BUSY)
            connection.commit()
            try:
                yield
            finally:
                try:
                    connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": key})
                    connection.commit()
                except DBAPIError:
                    connection.invalidate()  # the lock ends with its session, and what the block itself raised must be heard
        return
    handle = os.open(f"{database.engine.url.database}.sync-{digest.hex()[:16]}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as why:
            raise SyncRunning(BUSY) from why
        yield
    finally:
        os.close(handle)
