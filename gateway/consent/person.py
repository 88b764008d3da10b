"""Find who is meant: a provider's own natural key -> the person that the key registry has for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from gateway.catalog.model import Catalog, Resource
from gateway.domain.identifiers import ElementPath, InstitutionId, PersonId
from gateway.domain.records import Location, RawRecord, Rejection
from gateway.domain.rights import NamedPerson
from gateway.errors import IntegrityError, RequestError
from gateway.identify import identify
from gateway.store.engine import Connection
from gateway.store.registry import Registered, look_up, register


def person_resource(catalog: Catalog, name: str) -> Resource:
    """Raises `RequestError` for a resource that names no person by itself."""
    known = {str(named): resource for named, resource in catalog.person_resources().items()}
    if name not in known:
        raise RequestError(f"A person is named in one of: {', '.join(known)}.")
    return known[name]


def named_key(person: NamedPerson, resource: Resource, secret: bytes) -> bytes:
    """The same for somebody whom a command or a request names. Raises `RequestError` that says which element is wrong."""
    unknown = sorted(set(person.key) - {str(path) for path in resource.identity})
    if unknown:
        raise RequestError(f"A person of {resource.name} is named by {', '.join(resource.identity)} and nothing else.")
    elements = {ElementPath(path): text for path, text in person.key.items()}
    key = identify(RawRecord(resource.name, Location("request", 0), elements), resource, secret)
    if isinstance(key, Rejection):
        raise RequestError(f"{key.reason}.")
    return key


def find_people(
    connection: Connection, provider: InstitutionId, resource: Resource, keys: Collection[bytes]
) -> dict[bytes, PersonId]:
    """The people whom the registry knows by these keys, also where only a reference names them yet."""
    return _people(look_up(connection, provider, resource.key_space, keys))


def meet_people(
    connection: Connection, provider: InstitutionId, resource: Resource, keys: Collection[bytes]
) -> dict[bytes, PersonId]:
    """The same, and a number for each key that nobody has yet: the record that comes later finds it."""
    return _people(register(connection, provider, resource.key_space, keys, people=True))


def _people(found: Mapping[bytes, Registered]) -> dict[bytes, PersonId]:
    people = {key: registered.person for key, registered in found.items() if registered.person is not None}
    if len(people) < len(found):
        raise IntegrityError("The key registry has a person without a number; restore the database from its last backup.")
    return people
