"""What the care of keys needs from outside itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.audit import AuditLog
from gateway.catalog.model import Catalog
from gateway.domain.auditing import AuditEvent
from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.store.engine import Database
from gateway.store.key_ring import KeyRing
from gateway.store.record_tables import RecordTables


@dataclass(frozen=True)
class CustodyDesk:
    """`clock` gives UTC; `actor` is told on the log."""

    catalog: Catalog
    tables: Mapping[ResourceName, RecordTables]
    database: Database
    ring: KeyRing
    log: AuditLog
    clock: Callable[[], datetime]
    actor: str

    def event(self, operation: str, provider: InstitutionId, **more: object) -> AuditEvent:
        """Something that was done to a provider's keys; `more` are counts and ids as text."""
        leaf = {"operation": operation, "provider": provider, "actor": self.actor, **more}
        return AuditEvent(kind="key", leaf=leaf, institutions=(provider,))
