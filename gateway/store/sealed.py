"""The SQL of a provider's sealed values, of all of its records in the version that a snapshot sees: names, and free text."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Table, or_, select, type_coerce

from gateway.domain.identifiers import ElementPath, InstitutionId, ResourceName
from gateway.store.columns import AsItCame
from gateway.store.record_tables import RecordTables
from gateway.store.schema import resource_head


@dataclass(frozen=True)
class Promoted:
    """A resource as readers see it: its version, and the elements that are stored with it."""

    version: int
    stored: frozenset[ElementPath]


@dataclass(frozen=True, repr=False)
class SealedBlobs:
    """One table's blobs of a provider's current records, and the place of each; they belong to the record of the same number.
    `collection` is None for the records' own."""

    resource: ResourceName
    collection: str | None
    places: Sequence[tuple[int, ...]]
    sealed: Sequence[bytes | None]


def promoted(
    connection: Connection, provider: InstitutionId, resources: Collection[ResourceName]
) -> Mapping[ResourceName, Promoted]:
    """Which of these resources readers see of a provider."""
    rows = connection.execute(
        select(resource_head.c.resource, resource_head.c.version, resource_head.c.stored_elements).where(
            resource_head.c.provider_id == provider, resource_head.c.resource.in_(sorted(resources))
        )
    )
    return {
        ResourceName(resource): Promoted(int(version), frozenset(map(ElementPath, stored))) for resource, version, stored in rows
    }


def sealed_blobs(
    connection: Connection, tables: RecordTables, provider: InstitutionId, version: int, collections: Collection[str]
) -> Sequence[SealedBlobs]:
    """The blobs of every record that is in a version, and of its members in these collections."""
    rows, name = tables.rows, tables.resource.name
    own = select(rows.c.record_id, rows.c.from_version, type_coerce(rows.c.sealed, AsItCame())).where(
        rows.c.provider_id == provider,
        rows.c.from_version <= version,
        or_(rows.c.to_version.is_(None), rows.c.to_version > version),
    )
    current = [(int(record), int(since), blob) for record, since, blob in connection.execute(own)]
    found = [SealedBlobs(name, None, [place[:2] for place in current], [blob for _, _, blob in current])]
    versions = {record: since for record, since, _ in current}
    return [*found, *(_members(connection, tables.members[of], name, of, provider, versions) for of in sorted(collections))]


def _members(
    connection: Connection, members: Table, name: ResourceName, of: str, provider: InstitutionId, versions: Mapping[int, int]
) -> SealedBlobs:
    statement = select(
        members.c.record_id, members.c.from_version, members.c.ordinal, type_coerce(members.c.sealed, AsItCame())
    ).where(members.c.provider_id == provider)
    every = ((int(record), int(since), int(at), blob) for record, since, at, blob in connection.execute(statement))
    own = [member for member in every if versions.get(member[0]) == member[1]]
    return SealedBlobs(name, of, [member[:3] for member in own], [member[3] for member in own])
