"""The key registry: a random surrogate for every natural key ever seen, and the person behind it (decision 4)."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from gateway.domain.identifiers import InstitutionId, PersonId, RecordId
from gateway.store.one_of import IN_LIST, one_of
from gateway.store.schema import key_registry, person_counter
from gateway.store.write_rows import TableRows, write_rows

COLUMNS = ("provider_id", "key_space", "source_key", "record_id", "person_id")


@dataclass(frozen=True)
class Registered:
    """The surrogate of one natural key; `person` only in key spaces of people. `new` where it was made in this very
    transaction, so that no row has it."""

    record: RecordId
    person: PersonId | None
    new: bool = False


def look_up(
    connection: Connection, provider: InstitutionId, key_space: str, source_keys: Collection[bytes]
) -> dict[bytes, Registered]:
    """The registry's entries for these keys; unknown ones are absent."""
    keys = key_registry.c
    columns = select(keys.source_key, keys.record_id, keys.person_id)
    found: dict[bytes, Registered] = {}
    wanted = list(source_keys)
    for start in range(0, len(wanted), IN_LIST):
        statement = one_of(
            connection,
            keys.source_key,
            wanted[start : start + IN_LIST],
            lambda is_one: columns.where(keys.provider_id == provider, keys.key_space == key_space, is_one),
        )
        for key, record, person in connection.execute(statement):
            found[key] = Registered(RecordId(record), None if person is None else PersonId(person))
    return found


def person_of(connection: Connection, provider: InstitutionId, key_space: str, record: int) -> PersonId | None:
    """Whose a record is by its surrogate; None where it is nobody's, or not known."""
    keys = key_registry.c
    found = connection.execute(
        select(keys.person_id).where(keys.provider_id == provider, keys.record_id == record, keys.key_space == key_space)
    ).scalar()
    return None if found is None else PersonId(found)


def register(
    connection: Connection, provider: InstitutionId, key_space: str, source_keys: Collection[bytes], *, people: bool
) -> dict[bytes, Registered]:
    """Look the keys up and give each unknown one a fresh surrogate, and a fresh person where the key space is of people."""
    found = look_up(connection, provider, key_space, source_keys)
    missing = [key for key in dict.fromkeys(source_keys) if key not in found]
    if missing and people:
        # Somebody may be naming the same people by hand in this moment: who comes second waits here, and then finds them.
        _take_persons(connection, provider, 0)
        found |= look_up(connection, provider, key_space, missing)
        missing = [key for key in missing if key not in found]
    if not missing:
        return found
    first = _take_persons(connection, provider, len(missing)) if people else 0
    made = {
        key: Registered(RecordId(secrets.randbits(63)), PersonId(first + position) if people else None, new=True)
        for position, key in enumerate(missing)
    }
    rows = [(provider, key_space, key, entry.record, entry.person) for key, entry in made.items()]
    write_rows(connection, TableRows(key_registry.name, COLUMNS, rows))
    return found | made


def link_persons(connection: Connection, provider: InstitutionId, key_space: str, persons: Mapping[bytes, PersonId]) -> None:
    """Say that these keys are these people, because their source names the person."""
    for key, person in persons.items():
        connection.execute(
            update(key_registry)
            .where(key_registry.c.provider_id == provider, key_registry.c.key_space == key_space, key_registry.c.source_key == key)
            .values(person_id=person)
        )


def _take_persons(connection: Connection, provider: InstitutionId, count: int) -> int:
    """Reserve a run of person numbers and return its first; the row lock keeps other writers out until the commit."""
    last = connection.execute(
        update(person_counter)
        .where(person_counter.c.provider_id == provider)
        .values(last_person_id=person_counter.c.last_person_id + count)
        .returning(person_counter.c.last_person_id)
    ).scalar()
    if last is None:
        connection.execute(insert(person_counter).values(provider_id=provider, last_person_id=count))
        return 1
    return int(last) - count + 1
