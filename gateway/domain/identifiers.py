"""Ids that passed a check; each is its own type so that one cannot be handed in for another."""

from __future__ import annotations

from typing import NewType

InstitutionId = NewType("InstitutionId", str)
"""Slug of an organisation, the same in agreements, sources and clients: `lakeside`."""
ClientId = NewType("ClientId", str)
AgreementId = NewType("AgreementId", str)
ResourceName = NewType("ResourceName", str)
"""Ed-Fi's plural word: `candidates`."""
ElementPath = NewType("ElementPath", str)
"""Dotted path inside a resource: `birthDate`, `candidateReference.candidateIdentifier`, `addresses.city`."""
RecordId = NewType("RecordId", int)
"""Random 63-bit surrogate of a natural key; never reused, its order tells nothing."""
PersonId = NewType("PersonId", int)
"""Dense per-provider number of a person; never leaves the gateway."""
Version = NewType("Version", int)
"""Number of a promotion of one (provider, resource)."""
KeyId = NewType("KeyId", str)
EntryId = NewType("EntryId", str)
"""UUIDv7 of an audit entry."""
