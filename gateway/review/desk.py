"""What a review needs from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.audit import AuditLog
from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.keys.seal import Sealer
from gateway.keys.text_digests import TextDigests
from gateway.know_people import Acquaintances
from gateway.store.engine import Database
from gateway.store.key_ring import KeyRing
from gateway.store.record_tables import RecordTables

DEED = "reviews its texts"


@dataclass(frozen=True)
class ReviewDesk:
    """What a review needs; `clock` gives the UTC time."""

    tables: Mapping[ResourceName, RecordTables]
    database: Database
    ring: KeyRing
    log: AuditLog
    people: Acquaintances
    clock: Callable[[], datetime]

    def unseal(
        self,
        provider: InstitutionId,
        resource: ResourceName,
        collection: str | None,
        sealed: Sequence[bytes | None],
        places: Iterable[tuple[int, ...]],
    ) -> Iterable[bytes | None]:
        """JSON of the sealed elements by path, of each place. Raises `IntegrityError` when a value does not open."""
        tables = self.tables[resource]
        table = tables.rows if collection is None else tables.members[collection]
        where = list(places)
        return self.ring.opened(provider, lambda keys: Sealer(keys.data, table.name).unseal_each(sealed, provider, where))

    def digests(self, provider: InstitutionId, resource: ResourceName) -> TextDigests:
        return TextDigests(self.ring.provider(provider).source.secret, resource)
