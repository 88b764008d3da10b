"""The signed MOU as the gateway reads it: parties, term, schedules, and one grant for each resource of a schedule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from gateway.domain.decision import LegalBasis, RowPredicate
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

AgreementState = Literal["draft", "proposed", "signed", "in_force", "suspended", "expired", "terminated", "destroyed"]

NEEDED_STATES: tuple[AgreementState, ...] = ("proposed", "signed", "in_force", "suspended")
"""States in which an agreement's elements are worth storing (decision 6); a suspension is meant to end."""


@dataclass(frozen=True)
class Party:
    """One institution that signs; `kind` is what it is to the other side."""

    id: InstitutionId
    name: str
    kind: tuple[str, ...]


@dataclass(frozen=True)
class Grant:
    """What one schedule lets the recipient see of one resource; bases and purposes are already inherited.

    `persons` has a basis for each person role of the resource; `elements` holds what the agreement names, withheld ones too.
    """

    schedule: str
    provider: InstitutionId
    recipient: InstitutionId
    resource: ResourceName
    purposes: tuple[str, ...]
    basis: LegalBasis
    persons: Mapping[str, LegalBasis]
    rows: tuple[RowPredicate, ...]
    elements: Mapping[ElementPath, Treatment]


@dataclass(frozen=True)
class Agreement:
    """One version of an agreement file. `document` is its JSON tree, `digest` SHA-256 over the tree's RFC 8785 form.

    `term` are the first and last day, both included, in `timezone`.
    """

    id: AgreementId
    title: str
    timezone: str
    term: tuple[date, date]
    parties: Mapping[InstitutionId, Party]
    notice: str
    grants: tuple[Grant, ...]
    document: Mapping[str, object]
    digest: str
    source_text: str


@dataclass(frozen=True)
class AgreementFacts:
    """What the decision is made from: the agreements that matter as the policy's input wants them, and each zone's day."""

    entries: tuple[Mapping[str, object], ...]
    today: Mapping[str, str]
