"""A provider's steward: who looks at what no partner may see, and decides for the provider."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.domain.identifiers import InstitutionId
from gateway.errors import RequestError
from gateway.store.engine import Connection
from gateway.store.signatures import read_signatory

STEWARD = "steward"


@dataclass(frozen=True)
class Steward:
    """A steward of the provider, registered as one who may speak for it, and who typed the command."""

    provider: InstitutionId
    name: str
    actor: str

    @property
    def named(self) -> str:
        return f"{self.provider}/{self.name}"


def named_steward(named: str, actor: str) -> Steward:
    """Raises `RequestError` for a name that is not written as `provider/steward`."""
    provider, slash, name = named.partition("/")
    if not (provider and slash and name):
        raise RequestError(f'--as "{named}" is no steward: write the provider and the steward, as lakeside/lee.')
    return Steward(InstitutionId(provider), name, actor)


def assert_steward(connection: Connection, steward: Steward, deed: str) -> None:
    """Raises `RequestError` for who is no steward of the provider now; `deed` is what only one does, as in "reviews its texts"."""
    person = read_signatory(connection, steward.provider, steward.name)
    if person is None or person.retired_at is not None or person.role != STEWARD:
        raise RequestError(
            f"{steward.provider} has no steward {steward.name} now, and only a steward of the provider {deed}. "
            "See who is: gateway signatory list"
        )
