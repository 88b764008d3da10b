"""Tell what one entry says about a person in words: when, to whom, under what, why, on which ground, which elements, what was done
to them, who may have them next (34 CFR 99.32(a)(3), 99.32(b), 99.33)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo

from gateway.agreements.prose import basis_in_words, in_words
from gateway.agreements.record_signature import stored_text
from gateway.catalog.model import Catalog, Resource
from gateway.domain.decision import LegalBasis
from gateway.domain.identifiers import AgreementId
from gateway.domain.treatments import Share, heard
from gateway.errors import IntegrityError
from gateway.register.exempt import Exemption, exemption
from gateway.store.agreements import stored_versions
from gateway.store.engine import Connection

Leaf = Mapping[str, object]
_HAPPENED: Mapping[str, str] = {
    "read": "records were sent",
    "feed": "what had changed was sent",
    "export": "a whole file was sent",
    "head": "what an answer would be like was told",
    "not_modified": "it was told that nothing had changed since the last answer",
    "roster": "the person was named in a list",
    "look": "names were shown to somebody who looks for a person",
}
ASKED = "the person was named in a list of those whose records are asked for"


@dataclass(frozen=True)
class Basis:
    """The ground for one part that the person has in the records."""

    role: str
    basis: str
    citation: str
    in_words: str


@dataclass(frozen=True)
class Shown:
    """One element, by its path and in the data dictionary's words, and how the recipient saw it."""

    element: str
    description: str
    how: str


@dataclass(frozen=True)
class Next:
    """Somebody to whom the recipient may pass the records on, and its legitimate interest."""

    name: str
    legitimate_interest: str


@dataclass(frozen=True)
class Told:
    """One entry about one person. `at` is when, in the agreement's time zone; `recipient` who received records, or asked for them,
    by which of its systems (`client`)."""

    kind: Literal["disclosure", "request"]
    log_id: int
    index: int
    entry: str
    at: datetime
    timezone: str
    happened: str
    provider_name: str
    recipient: str
    recipient_name: str
    recipient_contact: str
    client: str
    purpose: str
    legitimate_interest: str
    agreement: str
    agreement_version: int
    agreement_title: str
    schedule: str
    resource: str
    resource_title: str
    bases: tuple[Basis, ...]
    exempt: Exemption | None
    elements: tuple[Shown, ...]
    further: tuple[Next, ...]
    may_pass_on: bool


class AgreementWords:
    """What agreements say, each version read and its digest computed once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[tuple[str, int], Mapping[str, Any]] = {}

    def of(self, agreement: str, version: int, digest: str) -> Mapping[str, Any]:
        """The document of one version. Raises `IntegrityError` where it is not the one that the entry names."""
        if (agreement, version) not in self._known:
            stored = next(
                (one for one in stored_versions(self._connection, AgreementId(agreement)) if one.version == version), None
            )
            if stored is None or stored.digest != digest:
                raise IntegrityError(
                    f"The text of {agreement} version {version} is not the one under which records were disclosed."
                )
            self._known[agreement, version] = stored_text(self._connection, AgreementId(agreement), stored).document
        return self._known[agreement, version]


def tell(leaf: Leaf, log_id: int, index: int, roles: Sequence[str], words: AgreementWords, catalog: Catalog) -> Told:
    """The words for an entry in which the person has these parts."""
    request = leaf["kind"] == "roster"
    recipient = str(leaf["provider" if request else "recipient"])
    agreement, version = str(leaf["agreement"]), int(str(leaf["agreement_version"]))
    document = words.of(agreement, version, str(leaf["agreement_digest"]))
    schedule = str(leaf["asks_under" if request else "schedule"])
    purpose, zone = str(leaf["purpose"]), str(document["timezone"])
    party, resource = document["parties"][recipient], catalog.resource(str(leaf["resource"]))
    redisclosure = document.get("redisclosure", {})
    bases = _bases(leaf, roles, _clause(document, schedule, str(leaf["resource"]))) if not request else ()
    return Told(
        kind="request" if request else "disclosure",
        log_id=log_id,
        index=index,
        entry=str(leaf["id"]),
        at=datetime.fromisoformat(str(leaf["time"])).astimezone(ZoneInfo(zone)),
        timezone=zone,
        happened=ASKED if request else _HAPPENED.get(str(leaf["operation"]), str(leaf["operation"])),
        provider_name=str(document["parties"][str(leaf["recipient" if request else "provider"])]["name"]),
        recipient=recipient,
        recipient_name=str(party["name"]),
        recipient_contact=str(party.get("contact", "")),
        client=str(leaf["client"]),
        purpose=purpose,
        legitimate_interest=_interest(document, schedule, purpose),
        agreement=agreement,
        agreement_version=version,
        agreement_title=str(document["title"]),
        schedule=schedule,
        resource=str(leaf["resource"]),
        resource_title=resource.title if resource else str(leaf["resource"]),
        bases=bases,
        exempt=exemption((basis.basis, basis.citation) for basis in bases),
        elements=tuple(_shown(leaf, roles, resource, by_role=not request)),
        further=tuple(Next(one["name"], one["legitimate_interest"]) for one in redisclosure.get("additional_parties", ())),
        may_pass_on=bool(redisclosure.get("allowed")),
    )


def _interest(document: Mapping[str, Any], schedule: str, purpose: str) -> str:
    found: Mapping[str, Any] = next((one for one in document.get("schedules", ()) if one["id"] == schedule), {})
    return str(found.get("purposes", {}).get(purpose, {}).get("legitimate_interest", ""))


def _clause(document: Mapping[str, Any], schedule: str, resource: str) -> Mapping[str, Any]:
    """What a schedule says of one resource."""
    found: Mapping[str, Any] = next((one for one in document.get("schedules", ()) if one["id"] == schedule), {})
    clause: Mapping[str, Any] = found.get("resources", {}).get(resource, {})
    return clause


def _bases(leaf: Leaf, roles: Sequence[str], clause: Mapping[str, Any]) -> tuple[Basis, ...]:
    stated = cast(Mapping[str, str], leaf["bases"])
    found: list[Basis] = []
    for role in roles:
        basis, _, citation = stated[role].partition("; ")
        stated_for = clause.get("persons", {}).get(role, clause).get("legal_basis", {})
        # The threat of an emergency must be recorded (99.32(a)(5)).
        threat = f"; the threat: {stated_for['threat']}" if "threat" in stated_for else ""
        found.append(Basis(role, basis, citation, basis_in_words(LegalBasis(basis, citation)) + threat))
    return tuple(found)


@lru_cache(maxsize=500)
def _how(treatment: str) -> str:
    """A treatment in words; as it stands where it is one that there was once."""
    try:
        return in_words(heard(treatment))
    except ValueError:
        return treatment


def _shown(leaf: Leaf, roles: Sequence[str], resource: Resource | None, *, by_role: bool) -> list[Shown]:
    """The elements about the person and about the record; not those about somebody else in it."""
    shown: list[Shown] = []
    released = [(path, in_words(Share())) for path in cast(Sequence[str], leaf["released"])]
    treated = [(path, _how(how)) for path, how in cast(Mapping[str, str], leaf.get("treated", {})).items()]
    for path, how in (*released, *treated):
        element = None if resource is None else resource.element(path)
        if by_role and element is not None and element.person not in (None, *roles):
            continue
        shown.append(Shown(path, path if element is None else element.description, how))
    return shown
