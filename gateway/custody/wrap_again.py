"""Move the keys from one key-encryption key to another."""

from __future__ import annotations

from gateway.custody.desk import CustodyDesk
from gateway.domain.auditing import AuditEntry, AuditEvent
from gateway.keys.wrap import KeyWrapper


def wrap_again(wrapper: KeyWrapper, desk: CustodyDesk) -> tuple[int, AuditEntry]:
    """Wrap every key that a key-encryption key wraps by this one, all or none; how many, and the entry."""
    with desk.database.write() as connection:
        count = desk.ring.rewrap(connection, wrapper)
        leaf = {"operation": "wrapped again", "keys": str(count), "wrapped_by": wrapper.name, "actor": desk.actor}
        return count, desk.log.append_in(connection, AuditEvent(kind="key", leaf=leaf))
