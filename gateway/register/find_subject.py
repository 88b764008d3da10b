"""Find whom somebody means: by the provider's own id, by a pseudonym that a partner holds, or by name and birth date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.consent.person import find_people, named_key, person_resource
from gateway.custody.desk import CustodyDesk
from gateway.custody.pseudonyms import behind, named_by
from gateway.domain.identifiers import AgreementId, InstitutionId, PersonId, ResourceName
from gateway.domain.rights import NamedPerson
from gateway.errors import ConfigurationError, RequestError
from gateway.register.desk import RegisterDesk
from gateway.resolution.desk import ResolutionDesk
from gateway.resolution.likely import everybody, same_name_and_birth
from gateway.steward import Steward
from gateway.store.engine import Connection
from gateway.store.registry import person_of

BY_NAME = ("firstName", "lastSurname", "birthDate")
BY_PSEUDONYM = ("pseudonym", "agreement")


@dataclass(frozen=True)
class Meant:
    """Whom somebody means: `said` has the members of `BY_PSEUDONYM` or `BY_NAME`, or the identity of `resource`."""

    said: Mapping[str, str] = field(repr=False)
    resource: str = "candidates"

    @property
    def way(self) -> str:
        """How the person is named, for the log."""
        if set(self.said) == set(BY_PSEUDONYM):
            return "pseudonym"
        return "name" if set(self.said) == set(BY_NAME) else "own id"


@dataclass(frozen=True)
class Subject:
    """A person, and how to call it to the person's own institution."""

    person: PersonId
    called: str = field(repr=False)


def find_subject(connection: Connection, meant: Meant, provider: InstitutionId, desk: RegisterDesk) -> Subject:
    """Raises `RequestError` where nobody is meant, or more than one."""
    try:
        match meant.way:
            case "pseudonym":
                return _by_pseudonym(connection, meant.said, provider, desk)
            case "name":
                return _by_name(connection, meant.said, provider, desk)
            case _:
                return _by_own_id(connection, meant, provider, desk)
    except ConfigurationError as why:
        raise RequestError(f"The gateway has nothing of {provider}. Put an agreement of it in force first.") from why


def _by_own_id(connection: Connection, meant: Meant, provider: InstitutionId, desk: RegisterDesk) -> Subject:
    resource = person_resource(desk.catalog, meant.resource)
    named = NamedPerson(ResourceName(resource.name), meant.said)
    key = named_key(named, resource, desk.ring.provider(provider).source.secret)
    found = find_people(connection, provider, resource, [key])
    if not found:
        raise RequestError(
            f"{provider} has no record in {resource.name} with this {', '.join(resource.identity)}. Name the person so, or by "
            f"{' and '.join(BY_PSEUDONYM)}, or by {', '.join(BY_NAME)}."
        )
    return Subject(found[key], _spoken(meant.said))


def _by_pseudonym(connection: Connection, said: Mapping[str, str], provider: InstitutionId, desk: RegisterDesk) -> Subject:
    custody = CustodyDesk(desk.catalog, desk.tables, desk.database, desk.ring, desk.log, desk.clock, "")
    agreement = AgreementId(said["agreement"])
    record = behind(connection, said["pseudonym"], agreement, provider, custody)
    if record is None:
        raise RequestError("This is no pseudonym of that agreement: look whether it is whole, and which agreement it is of.")
    space, number = record
    person = person_of(connection, provider, space, number)
    if person is None:
        raise RequestError(f"This pseudonym stands for no person, but for a record of {space}.")
    named = named_by(connection, space, number, provider, custody)
    return Subject(person, _spoken({str(path): text for path, text in named.items()} or said))


def _by_name(connection: Connection, said: Mapping[str, str], provider: InstitutionId, desk: RegisterDesk) -> Subject:
    first, last, born = (said[name].strip() for name in BY_NAME)
    wanted = same_name_and_birth(f"{first} {last}", born) if first and last else None
    people = ResolutionDesk(desk.catalog, desk.tables, desk.database, desk.ring, desk.log, desk.clock)
    alike = {
        one.person
        for one in everybody(connection, Steward(provider, "", ""), people)
        if wanted is not None and same_name_and_birth(one.name, one.born) == wanted
    }
    if len(alike) != 1:
        count = "Nobody has" if not alike else f"{len(alike)} people have"
        raise RequestError(
            f"{count} this name and birth date in what the gateway keeps of {provider} now, which is only what agreements need. "
            "Name the person by its own id."
        )
    return Subject(alike.pop(), f"{first} {last}, born {born}")


def _spoken(said: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {text}" for name, text in said.items())
