"""One decision: `Permit | Deny`, never a bool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
class AheadPredicate:
    """A day that is today or within the next `count` days or academic terms; made plain with the day of a request."""

    element: ElementPath
    unit: Literal["days", "terms"]
    count: int


@dataclass(frozen=True)
class RosterPredicate:
    """The record that `element` names is in the roster that the recipient submitted under the agreement's schedule."""

    element: ElementPath


@dataclass(frozen=True)
class RelatedPredicate:
    """The row's person `about` also has a row of `resource`, of the same provider, for which all of `where` holds."""

    resource: ResourceName
    about: str
    where: tuple[RowPredicate | AheadPredicate | RosterPredicate, ...]


StatedPredicate = RowPredicate | AheadPredicate | RelatedPredicate | RosterPredicate
"""What an agreement may say of rows; in a `Permit` nothing is ahead any more."""


@dataclass(frozen=True)
class LegalBasis:
    """The ground on which one person's data flow: a basis of the FERPA list or `none_not_education_record`.

    `details` are the other members that the agreement states for it, as its JSON tree.
    """

    basis: str
    citation: str
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Release:
    """A de-identified release that an official determined (99.31(b)(1)): the promoted version it is frozen at, and the smallest
    number of rows that may share one combination of its quasi-identifiers."""

    version: int
    smallest_class: int
    quasi_identifiers: tuple[ElementPath, ...]


@dataclass(frozen=True)
class Question:
    """All that one decision is made from: the policy's `input`, the one spelling in which it is asked, kept and compared (JSON
    with sorted members), and the SHA-256 of that spelling in hexadecimal."""

    input: Mapping[str, object]
    content: bytes = field(repr=False)
    digest: str


@dataclass(frozen=True)
class Permit:
    """What one agreement allows one request to see.

    `elements` names every element of the permitted view with its treatment (never `withhold` or `aggregate_only`);
    `excluded_opt_outs` are the person roles whose opted-out people are absent; `bases` has one entry for each person role.
    `excluded_subjects` maps a role to the subject types whose rows are absent, `consents` a role to the form on which a live
    consent must be there; `code_lists` maps a list's codes to their groups; `rows_left` is what is left of the day's limit.
    `bundle_digest` and `operator_digest` name the policy that answered and the operator's rules that did not refuse (None: there
    are none), `answer_digest` is SHA-256 over the answer itself, so that a replay can tell whether it gets the same.
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
    rows: tuple[RowPredicate | RelatedPredicate | RosterPredicate, ...]
    bases: Mapping[str, LegalBasis]
    excluded_opt_outs: tuple[str, ...]
    redisclosure_notice: bool
    rules: tuple[str, ...]
    bundle_digest: str
    excluded_subjects: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    consents: Mapping[str, str] = field(default_factory=dict)
    code_lists: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    release: Release | None = None
    rows_left: int | None = None
    operator_digest: str | None = None
    answer_digest: str = ""


@dataclass(frozen=True)
class Deny:
    """Why not: at least one reason; `choices` are agreement ids when several match. Digests as in `Permit`."""

    reasons: tuple[Reason, ...]
    choices: tuple[AgreementId, ...] = ()
    bundle_digest: str = ""
    operator_digest: str | None = None
    answer_digest: str = ""


Decision = Permit | Deny
