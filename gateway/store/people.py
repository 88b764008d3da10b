"""The SQL of who is who among a provider's records: their people, and what a steward said about pairs of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, or_, select, update

from gateway.domain.identifiers import InstitutionId, PersonId, RecordId, ResourceName
from gateway.store.record_tables import RecordTables
from gateway.store.schema import key_registry, person_judgement


@dataclass(frozen=True, repr=False)
class PersonRow:
    """A record that is itself a person's, in one version: `plain` are the elements of it that are not sealed, by path; `names` the
    surrogates of what it names, itself and by reference, by key space."""

    record: int
    person: PersonId
    source_key: bytes
    plain: Mapping[str, object]
    names: Mapping[ResourceName, RecordId]


def person_rows(connection: Connection, tables: RecordTables, provider: InstitutionId, version: int) -> Sequence[PersonRow]:
    """Every record of a resource whose records are people's, as readers of a version see it, under the person's number of today."""
    rows, resource = tables.rows, tables.resource
    plain = {str(path): rows.c[element.column] for path, element in resource.elements.items() if element.column in rows.c}
    columns = [column.label(f"plain_{at}") for at, column in enumerate(plain.values())]
    references = [(reference.target, rows.c[reference.column]) for reference in resource.references.values()]
    named = [column.label(f"named_{at}") for at, (_, column) in enumerate(references)]
    statement = (
        select(rows.c.record_id, key_registry.c.person_id, rows.c.source_key, *named, *columns)
        .join(
            key_registry,
            (key_registry.c.provider_id == rows.c.provider_id)
            & (key_registry.c.key_space == resource.key_space)
            & (key_registry.c.source_key == rows.c.source_key),
        )
        .where(
            rows.c.provider_id == provider,
            rows.c.from_version <= version,
            or_(rows.c.to_version.is_(None), rows.c.to_version > version),
        )
    )
    found: list[PersonRow] = []
    for record, person, key, *values in connection.execute(statement):
        names = {of: RecordId(at) for (of, _), at in zip(references, values[: len(named)], strict=True) if at is not None}
        names[resource.key_space] = RecordId(record)
        shown = dict(zip(plain, values[len(named) :], strict=True))
        found.append(PersonRow(int(record), PersonId(person), bytes(key), shown, names))
    return found


def merge_people(connection: Connection, provider: InstitutionId, gone: PersonId, kept: PersonId) -> None:
    """Every key of a person is another's from now on."""
    connection.execute(
        update(key_registry).where(key_registry.c.provider_id == provider, key_registry.c.person_id == gone).values(person_id=kept)
    )


def judged_pairs(connection: Connection, provider: InstitutionId) -> frozenset[bytes]:
    """The digests of the pairs that a steward judged."""
    found = select(person_judgement.c.pair).where(person_judgement.c.provider_id == provider)
    return frozenset(bytes(pair) for pair in connection.execute(found).scalars())


def write_judgement(connection: Connection, provider: InstitutionId, pair: bytes, judgement: str, by: str, at: str) -> None:
    """Note what was said about a pair that was not judged before."""
    connection.execute(insert(person_judgement).values(provider_id=provider, pair=pair, judgement=judgement, decided_by=by, at=at))
