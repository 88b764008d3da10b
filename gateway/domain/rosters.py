"""A roster: whom a recipient asks about, by the provider's name for them and with the recipient's own id for each."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.domain.identifiers import AgreementId, InstitutionId, RecordId, ResourceName


@dataclass(frozen=True)
class RosterKey:
    """Which roster: there is one of a key space for each schedule of an agreement."""

    agreement: AgreementId
    schedule: str
    provider: InstitutionId
    key_space: ResourceName


@dataclass(frozen=True)
class RosterLine:
    """One record that is asked about: the surrogate of its name, and the recipient's own id, sealed."""

    record: RecordId
    own_id: bytes
