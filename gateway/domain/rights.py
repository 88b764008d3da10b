"""What people say about their own records: consents (34 CFR 99.30) and directory opt-outs (34 CFR 99.37)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from gateway.domain.identifiers import InstitutionId, PersonId, ResourceName

Method = Literal["paper", "electronic"]
METHODS: tuple[Method, ...] = ("paper", "electronic")

RightsKind = Literal["consents", "opt_outs"]

BY_HAND = ""
"""The origin of what was stated to the gateway itself, by a command or its API; else it is the source whose file states it."""


@dataclass(frozen=True)
class NamedPerson:
    """Somebody as the provider's own system names them: the identity of a resource that is a person's, text by element path."""

    resource: ResourceName
    key: Mapping[str, str]


@dataclass(frozen=True)
class ConsentTerms:
    """What a consent is for: a form whose text names the records, the party and one purpose."""

    form: str
    recipient: InstitutionId
    purpose: str


@dataclass(frozen=True)
class Consent:
    """One purpose of a signed form. Days are ISO text, `until` the last one, None without end; `signer` is the authenticated
    signer's id of an electronic signature (34 CFR 99.30(d))."""

    scope: ConsentTerms
    signed_on: str
    until: str | None
    method: Method
    signer: str | None


@dataclass(frozen=True)
class StatedConsent:
    """A consent of one person from one origin; `withdrawn_on` is set when the person took it back."""

    person: PersonId
    origin: str
    consent: Consent
    withdrawn_on: str | None = None


@dataclass(frozen=True)
class EndedConsent:
    """Which consent ends; `withdrawn_on` the latest day that it is anywhere, when the person withdrew it."""

    person: PersonId
    origin: str
    scope: ConsentTerms
    withdrawn_on: str | None = None


@dataclass(frozen=True)
class OptOut:
    """One person who opted out, and the origin that says so."""

    person: PersonId
    origin: str


@dataclass(frozen=True)
class RightsChange:
    """What begins and what ends, all at once; `noted` are withdrawals that another number of the same person had."""

    provider: InstitutionId
    given: tuple[StatedConsent, ...] = ()
    ended: tuple[EndedConsent, ...] = ()
    noted: tuple[StatedConsent, ...] = ()
    opted_out: tuple[OptOut, ...] = ()
    rescinded: tuple[OptOut, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.given or self.ended or self.noted or self.opted_out or self.rescinded)

    def persons(self) -> Mapping[str, tuple[PersonId, ...]]:
        """Whom it is about, by what happens."""
        happened = {
            "given": tuple(item.person for item in self.given),
            "ended": tuple(item.person for item in self.ended),
            "opted_out": tuple(item.person for item in self.opted_out),
            "rescinded": tuple(item.person for item in self.rescinded),
        }
        return {name: people for name, people in happened.items() if people}
