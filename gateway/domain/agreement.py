"""The signed MOU as the gateway reads it: parties, term, schedules, and one grant for each resource of a schedule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, get_args

from gateway.domain.access import Format
from gateway.domain.decision import LegalBasis, StatedPredicate
from gateway.domain.identifiers import AgreementId, ElementPath, InstitutionId, ResourceName
from gateway.domain.treatments import Treatment

SLUG = r"^[a-z0-9][a-z0-9-]{0,62}$"
"""How ids of agreements, schedules and institutions are written."""

PURPOSES = (
    "placement",
    "hiring",
    "early_hire",
    "completer_outcomes",
    "survey_exchange",
    "pipeline",
    "residency",
    "research",
    "audit",
    "evaluation",
    "accreditation",
    "transfer",
)

BASES: Mapping[str, str] = {
    "consent": "34 CFR 99.30",
    "a1_school_official": "34 CFR 99.31(a)(1)",
    "a2_enrollment": "34 CFR 99.31(a)(2)",
    "a3_audit_eval": "34 CFR 99.31(a)(3)",
    "a6_study": "34 CFR 99.31(a)(6)",
    "a7_accreditation": "34 CFR 99.31(a)(7)",
    "a9_order_or_subpoena": "34 CFR 99.31(a)(9)",
    "a10_emergency": "34 CFR 99.31(a)(10)",
    "a11_directory": "34 CFR 99.31(a)(11)",
    "a12_self": "34 CFR 99.31(a)(12)",
    "b1_deidentified": "34 CFR 99.31(b)(1)",
    "b2_coded_research": "34 CFR 99.31(b)(2)",
    "none_not_education_record": "34 CFR 99.3",
}
"""The grounds of F-31-0, with the part of the regulation that each is."""

DEIDENTIFIED = ("b1_deidentified", "b2_coded_research")
"""Bases that serve a release which an official determined to be about nobody any more."""

AgreementState = Literal["draft", "proposed", "signed", "in_force", "suspended", "expired", "terminated", "destroyed"]

NEEDED_STATES: tuple[AgreementState, ...] = ("proposed", "signed", "in_force", "suspended")
"""States in which an agreement's elements are worth storing (decision 6); a suspension is meant to end."""


PARTY_KINDS = ("epp", "district", "state_agency", "researcher", "service_provider")
FORMATS: tuple[Format, ...] = get_args(Format)
SMALLEST_CELL = 10

RenewalKind = Literal["none", "automatic", "by_amendment"]


@dataclass(frozen=True)
class Officer:
    """Somebody who speaks for a party or answers for its records: a person or an office."""

    name: str
    title: str = ""


@dataclass(frozen=True)
class Party:
    """One institution that signs; `kind` is what it is to the other side, `organisations` its and its schools' Ed-Fi ids."""

    id: InstitutionId
    name: str
    kind: tuple[str, ...]
    organisations: tuple[int, ...] = ()
    contact: str = ""
    authorised_representative: Officer | None = None
    custodian: Officer | None = None


@dataclass(frozen=True)
class Renewal:
    """How the term goes on; the gateway never renews by itself, it reminds `notice_days` before the end."""

    how: RenewalKind = "none"
    notice_days: int | None = None


@dataclass(frozen=True)
class Suspension:
    """Which parties may suspend at once, and the clause in words."""

    by: tuple[InstitutionId, ...] = ()
    in_words: str = ""


@dataclass(frozen=True)
class Destruction:
    """What becomes of the recipient's copies, `days_after_end` days after the last day of the term at the latest."""

    days_after_end: int
    method: str = "secure deletion"
    certification: bool = False


@dataclass(frozen=True)
class Limits:
    """How much a recipient may ask for under one grant; None: as much as it likes."""

    requests_per_minute: int | None = None
    rows_per_day: int | None = None


@dataclass(frozen=True)
class AggregateTable:
    """A table that the provider offers under a schedule: counts of a resource by these elements."""

    schedule: str
    name: str
    resource: ResourceName
    dimensions: tuple[ElementPath, ...]


@dataclass(frozen=True)
class Grant:
    """What one schedule lets the recipient see of one resource; bases, purposes, formats and limits are already inherited.

    `persons` has a basis for each person role of the resource; `elements` holds what the agreement names, withheld ones too, by
    class or by name; `interests` the legitimate interest of each purpose in words; `discloses` what a partner learns by seeing
    which rows there are; `place` is where the grant stands in the file, as in `("schedules", 0, "resources", "candidates")`.
    """

    schedule: str
    provider: InstitutionId
    recipient: InstitutionId
    resource: ResourceName
    purposes: tuple[str, ...]
    basis: LegalBasis
    persons: Mapping[str, LegalBasis]
    rows: tuple[StatedPredicate, ...]
    elements: Mapping[ElementPath, Treatment]
    interests: Mapping[str, str] = field(default_factory=dict)
    discloses: tuple[str, ...] = ()
    formats: tuple[str, ...] = ("json",)
    change_feed: bool = False
    limits: Limits = field(default_factory=Limits)
    place: tuple[str | int, ...] = ()


@dataclass(frozen=True)
class Schedule:
    """One direction: whose records who sees. `interests` has the legitimate interest of each purpose in words; `operation` is
    the id of the operation agreement that both sides know of, empty where none is named."""

    id: str
    provider: InstitutionId
    recipient: InstitutionId
    basis: LegalBasis
    interests: Mapping[str, str]
    operation: str = ""


@dataclass(frozen=True)
class Operation:
    """Who runs the gateway for a provider: itself, or `operator` on a basis of its own (99.31(a)(1)(i)(B))."""

    provider: InstitutionId
    operator: InstitutionId | None
    basis: LegalBasis | None


@dataclass(frozen=True)
class Redisclosure:
    """Whether a recipient may pass records on (99.33), to whom (name, legitimate interest), and the notice of every answer."""

    allowed: bool
    notice: str
    additional_parties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Agreement:
    """One version of an agreement file, with classes, code lists and parameters resolved. `document` is that resolved JSON
    tree, `digest` SHA-256 over its RFC 8785 form: what is signed.

    `term` are the first and last day, both included, in `timezone`. `code_lists` map a list's codes to their groups;
    `academic_terms` are (name, last day), the earliest first. An agreement of kind `operation` has an `operation` and neither
    schedules nor grants. `source_text` is the whole file, of a template too.
    """

    id: AgreementId
    title: str
    timezone: str
    term: tuple[date, date]
    parties: Mapping[InstitutionId, Party]
    redisclosure: Redisclosure
    grants: tuple[Grant, ...]
    document: Mapping[str, object]
    digest: str
    source_text: str
    minimum_cell_size: int = SMALLEST_CELL
    code_lists: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    academic_terms: tuple[tuple[str, date], ...] = ()
    tables: tuple[AggregateTable, ...] = ()
    operation: Operation | None = None
    schedules: tuple[Schedule, ...] = ()
    destruction: Destruction | None = None
    renewal: Renewal = field(default_factory=Renewal)
    suspension: Suspension = field(default_factory=Suspension)
    breach_notice_hours: int | None = None
    disclosure_control: str = "suppression"
    code_list_titles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class AgreementFacts:
    """What the decision is made from: the agreements that matter as the policy's input wants them, and each zone's day.

    `epoch` is the state epoch of the snapshot that they were read in (decision 9).
    """

    entries: tuple[Mapping[str, object], ...]
    today: Mapping[str, str]
    epoch: int = 0
