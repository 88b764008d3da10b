"""What resolution needs from outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.audit import AuditLog
from gateway.catalog.model import Catalog
from gateway.domain.identifiers import ResourceName
from gateway.store.engine import Database
from gateway.store.key_ring import KeyRing
from gateway.store.record_tables import RecordTables

DEED = "says who is the same person"


@dataclass(frozen=True)
class ResolutionDesk:
    """What resolution needs; `clock` gives the UTC time."""

    catalog: Catalog
    tables: Mapping[ResourceName, RecordTables]
    database: Database
    ring: KeyRing
    log: AuditLog
    clock: Callable[[], datetime]
