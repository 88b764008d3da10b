"""What a review needs from outside, and who may do one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.audit import AuditLog
from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.errors import RequestError
from gateway.keys.seal import Sealer
from gateway.keys.text_digests import TextDigests
from gateway.know_people import Acquaintances
from gateway.store.engine import Connection, Database
from gateway.store.key_ring import KeyRing
from gateway.store.record_tables import RecordTables
from gateway.store.signatures import read_signatory

STEWARD = "steward"


@dataclass(frozen=True)
class Reviewer:
    """A steward of the provider, registered as one who may speak for it, and who typed the command."""

    provider: InstitutionId
    steward: str
    actor: str

    @property
    def named(self) -> str:
        return f"{self.provider}/{self.steward}"


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
        return Sealer(self.ring.provider(provider).data, table.name).unseal_each(sealed, provider, places)

    def digests(self, provider: InstitutionId, resource: ResourceName) -> TextDigests:
        return TextDigests(self.ring.provider(provider).source.secret, resource)


def assert_steward(connection: Connection, reviewer: Reviewer) -> None:
    """Raises `RequestError` for who is no steward of the provider now."""
    person = read_signatory(connection, reviewer.provider, reviewer.steward)
    if person is None or person.retired_at is not None or person.role != STEWARD:
        raise RequestError(
            f"{reviewer.provider} has no steward {reviewer.steward} now, and only a steward of the provider reviews its texts. "
            "See who is: gateway signatory list"
        )
