"""One decision: `Permit | Deny`, never a bool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from gateway.domain.access import Scalar
from gateway.domain.identifiers import AgreementId, ElementPath, InstitutionId, ResourceName
from gateway.domain.treatments import Treatment
from gateway.errors import Reason

Comparison = Literal["equals", "in", "at_least", "at_most", "present"]


@dataclass(frozen=True)
class RowPredicate:
    """One condition of a row scope over one element; all predicates of a scope must hold.

    `values` has one member for `equals`, `at_least` and `at_most`, any number for `in`, and `True` or `False` for `present`.
    """

    element: ElementPath
    comparison: Comparison
    values: tuple[Scalar, ...]


@dataclass(frozen=True)
class LegalBasis:
    """The ground on which one person's data flow: a basis of the FERPA list or `none_not_education_record`."""

    basis: str
    citation: str


@dataclass(frozen=True)
class Permit:
    """What one agreement allows one request to see.

    `elements` names every element of the permitted view with its treatment (never `withhold` or `aggregate_only`);
    `excluded_opt_outs` are the person roles whose opted-out people are absent; `bases` has one entry for each person role.
    """

    agreement: AgreementId
    agreement_version: int
    agreement_digest: str
    schedule: str
    provider: InstitutionId
    recipient: InstitutionId
    resource: ResourceName
    purpose: str
    elements: Mapping[ElementPath, Treatment]
    withheld: tuple[ElementPath, ...]
    rows: tuple[RowPredicate, ...]
    bases: Mapping[str, LegalBasis]
    excluded_opt_outs: tuple[str, ...]
    redisclosure_notice: bool
    rules: tuple[str, ...]
    bundle_digest: str


@dataclass(frozen=True)
class Deny:
    """Why not: at least one reason; `choices` are agreement ids when several match."""

    reasons: tuple[Reason, ...]
    choices: tuple[AgreementId, ...] = ()
    bundle_digest: str = ""


Decision = Permit | Deny
