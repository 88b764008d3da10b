"""What the register needs from outside itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.audit import AuditLog
from gateway.catalog.model import Catalog
from gateway.domain.identifiers import ResourceName
from gateway.keys.seal import DataKey, Sealer
from gateway.store.engine import Database
from gateway.store.key_ring import KeyRing
from gateway.store.record_tables import RecordTables

DETAIL_TABLE, INDEX_TABLE = "audit_detail", "subject_bucket"


@dataclass(frozen=True)
class RegisterDesk:
    """`clock` gives UTC; `log` is where looks are noted."""

    catalog: Catalog
    tables: Mapping[ResourceName, RecordTables]
    database: Database
    ring: KeyRing
    log: AuditLog
    clock: Callable[[], datetime]


class RegisterKeys:
    """The register keys of one piece of work, each opened once."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._known: dict[str, DataKey | None] = {}
        self._sealers: dict[tuple[str, str], Sealer] = {}

    def key(self, key_id: str) -> DataKey | None:
        """None when it was destroyed."""
        if key_id not in self._known:
            self._known[key_id] = self._ring.register_key(key_id)
        return self._known[key_id]

    def sealer(self, key_id: str, table: str) -> Sealer | None:
        """What opens and seals in a table; None when the key was destroyed."""
        key = self.key(key_id)
        if key is None:
            return None
        if (key_id, table) not in self._sealers:
            self._sealers[key_id, table] = Sealer(key, table)
        return self._sealers[key_id, table]

    def detail(self, entry: str, key_id: str, sealed: bytes) -> bytes | None:
        """Salt and detail of an entry; None when its key was destroyed."""
        sealer = self.sealer(key_id, DETAIL_TABLE)
        return None if sealer is None else sealer.unseal(sealed, entry)
