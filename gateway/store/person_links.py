"""The SQL of links across institutions (decision 4): whom a provider's steward found behind a record of another institution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from gateway.domain.identifiers import InstitutionId, RecordId, ResourceName
from gateway.store.schema import key_registry, person_link


@dataclass(frozen=True)
class PersonLink:
    """A surrogate among the provider's people, and that of the other institution's record that is of the same person."""

    provider: InstitutionId
    key_space: ResourceName
    record: RecordId
    other: InstitutionId
    other_space: ResourceName
    other_record: RecordId


def linked_people(
    connection: Connection, provider: InstitutionId, key_space: ResourceName, other: InstitutionId, other_space: ResourceName
) -> Mapping[RecordId, tuple[RecordId, bytes]]:
    """The provider's people in a key space, as surrogate and key, by the other institution's records that are linked to them."""
    link, known = person_link.c, key_registry.c
    found = (
        select(link.other_record_id, known.record_id, known.source_key)
        .join(
            key_registry,
            (known.provider_id == link.provider_id) & (known.key_space == link.key_space) & (known.record_id == link.record_id),
        )
        .where(
            link.provider_id == provider,
            link.key_space == key_space,
            link.other_id == other,
            link.other_space == other_space,
        )
    )
    return {RecordId(theirs): (RecordId(ours), bytes(key)) for theirs, ours, key in connection.execute(found)}


def write_link(connection: Connection, link: PersonLink, by: str, at: str) -> None:
    """Note a link in the place of one that the other record had."""
    remove_link(connection, link)
    connection.execute(
        insert(person_link).values(
            provider_id=link.provider,
            key_space=link.key_space,
            record_id=link.record,
            other_id=link.other,
            other_space=link.other_space,
            other_record_id=link.other_record,
            decided_by=by,
            at=at,
        )
    )


def remove_link(connection: Connection, link: PersonLink) -> None:
    """Take the link of the other institution's record back, if it has one."""
    own = person_link.c
    connection.execute(
        delete(person_link).where(
            own.provider_id == link.provider,
            own.key_space == link.key_space,
            own.other_id == link.other,
            own.other_space == link.other_space,
            own.other_record_id == link.other_record,
        )
    )
