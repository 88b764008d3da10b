"""Decide: ask the policy engine whether one request may be answered, and believe its answer only as far as the facts go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from gateway.domain.access import Scalar
from gateway.domain.agreement import DEIDENTIFIED
from gateway.domain.decision import (
    Comparison,
    Decision,
    Deny,
    LegalBasis,
    Permit,
    Question,
    RelatedPredicate,
    Release,
    RosterPredicate,
    RowPredicate,
)
from gateway.domain.identifiers import AgreementId, ElementPath, InstitutionId, ResourceName
from gateway.domain.treatments import (
    Generalisation,
    Generalise,
    Mask,
    MaskText,
    Pseudonymise,
    RedactText,
    ReturnOwnId,
    Share,
    Treatment,
)
from gateway.errors import Reason
from gateway.pdp.engine import Pdp

_NOT_UNDERSTOOD = Reason("GW-PDP-01", "Educator Data Gateway", "The policy engine's answer was not understood")
_NOT_FROM_THE_FACTS = Reason("GW-PDP-02", "Educator Data Gateway", "The policy engine's answer goes beyond what it was asked")


def decide(question: Question, pdp: Pdp) -> Decision:
    """The decision on one question, from its own facts alone. An answer that is not understood, or that permits what no
    agreement of the question says, is a refusal. Raises `Unavailable` when the engine does not answer."""
    given = pdp.decide(question)
    made_by = _MadeBy(given.bundle, given.operator, given.digest)
    try:
        answer = _ANSWER.validate_python(given.result)
    except ValidationError:
        return _refused((_NOT_UNDERSTOOD,), (), made_by)
    if isinstance(answer, _Refusal):
        reasons = tuple(Reason(reason.rule, reason.citation, reason.title) for reason in answer.reasons)
        return _refused(reasons, tuple(AgreementId(choice) for choice in answer.choices), made_by)
    if not any(_says(entry, answer, question.input) for entry in _members(question.input, "agreements")):
        return _refused((_NOT_FROM_THE_FACTS,), (), made_by)
    return _permit(answer, made_by)


@dataclass(frozen=True)
class _MadeBy:
    bundle: str
    operator: str | None
    answer: str


def _refused(reasons: tuple[Reason, ...], choices: tuple[AgreementId, ...], made_by: _MadeBy) -> Deny:
    return Deny(reasons, choices, made_by.bundle, made_by.operator, made_by.answer)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Plain(_Part):
    treatment: Literal["share", "pseudonymise", "return_own_id", "redact_text"]


class _Coarser(_Part):
    treatment: Literal["generalise"]
    to: Generalisation
    by: Annotated[int | float | str | None, Field(exclude_if=lambda by: by is None)] = None


class _Masked(_Part):
    treatment: Literal["mask"]
    keep: Mask


_Granted = Annotated[_Plain | _Coarser | _Masked, Field(discriminator="treatment")]


class _Agreement(_Part):
    id: str
    version: int
    digest: str


class _Row(_Part):
    element: str
    comparison: Comparison
    values: list[Scalar]


class _InRoster(_Part):
    roster: str


class _Related(_Part):
    related: str
    about: str
    where: list[_Row | _InRoster]


class _Basis(_Part):
    basis: str
    citation: str
    details: dict[str, object]


class _Release(_Part):
    version: int
    smallest_class: int
    quasi_identifiers: list[str]


class _Permission(_Part):
    decision: Literal["permit"]
    agreement: _Agreement
    schedule: str
    provider: str
    recipient: str
    resource: str
    purpose: str
    elements: dict[str, _Granted]
    withheld: list[str]
    rows: list[_Row | _Related | _InRoster]
    bases: dict[str, _Basis]
    excluded_opt_outs: list[str]
    excluded_subjects: dict[str, list[str]]
    consents: dict[str, str]
    redisclosure_notice: bool
    code_lists: dict[str, dict[str, str]]
    release: _Release | None
    rows_left: int | None
    rules: Annotated[list[str], Field(min_length=1)]


class _Reason(_Part):
    rule: str
    citation: str
    title: str


class _Refusal(_Part):
    decision: Literal["deny"]
    reasons: Annotated[list[_Reason], Field(min_length=1)]
    choices: list[str]


_ANSWER: TypeAdapter[_Permission | _Refusal] = TypeAdapter(Annotated[_Permission | _Refusal, Field(discriminator="decision")])


def _says(entry: Mapping[str, object], answer: _Permission, asked: Mapping[str, object]) -> bool:
    """Whether this entry of the question says everything that the answer permits."""
    principal, request = _member(asked, "principal"), _member(asked, "request")
    elements, purposes = entry.get("elements"), entry.get("purposes")
    if not isinstance(elements, Mapping) or not isinstance(purposes, list | tuple):
        return False
    on_directory = sorted(role for role, basis in answer.bases.items() if basis.basis == "a11_directory")
    return (
        entry.get("state") == "in_force"
        and answer.agreement.model_dump() == {name: entry.get(name) for name in ("id", "version", "digest")}
        and (answer.schedule, answer.provider, answer.recipient)
        == (entry.get("schedule"), entry.get("provider"), entry.get("recipient"))
        and answer.recipient == principal.get("institution")
        and answer.resource == request.get("resource") == entry.get("resource")
        and answer.purpose == request.get("purpose")
        and answer.purpose in purposes
        and request.get("provider") in (None, answer.provider)
        and request.get("agreement") in (None, answer.agreement.id)
        and all(granted.model_dump() == elements.get(path) for path, granted in answer.elements.items())
        and not answer.elements.keys() & set(answer.withheld)
        and [row.model_dump() for row in answer.rows] == entry.get("rows")
        and {role: basis.model_dump() for role, basis in answer.bases.items()} == entry.get("persons")
        and answer.excluded_opt_outs == on_directory
        and answer.consents == _consents(answer)
        and answer.code_lists == entry.get("code_lists")
        and _frozen_as_determined(entry, answer)
    )


def _member(tree: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = tree.get(name)
    return found if isinstance(found, Mapping) else {}


def _members(tree: Mapping[str, object], name: str) -> Iterator[Mapping[str, object]]:
    found = tree.get(name)
    if isinstance(found, list):
        yield from (member for member in found if isinstance(member, Mapping))


def _frozen_as_determined(entry: Mapping[str, object], answer: _Permission) -> bool:
    """What is de-identified is served as an official determined it, and only that; what is about nobody stands on the resource's
    basis."""
    of_persons: list[object] = [basis.basis for basis in answer.bases.values()]
    if not any(basis in DEIDENTIFIED for basis in of_persons or [_member(entry, "legal_basis").get("basis")]):
        return answer.release is None
    determined = entry.get("release")
    if answer.release is None or not isinstance(determined, Mapping):
        return False
    return (answer.release.version, answer.release.smallest_class) == (determined.get("version"), determined.get("smallest_class"))


def _consents(answer: _Permission) -> dict[str, object]:
    """The form of each person whose basis is consent."""
    forms = {role: basis.details.get("form") for role, basis in answer.bases.items() if basis.basis == "consent"}
    return {role: form.get("id") if isinstance(form, Mapping) else None for role, form in forms.items()}


def _permit(answer: _Permission, made_by: _MadeBy) -> Permit:
    return Permit(
        agreement=AgreementId(answer.agreement.id),
        agreement_version=answer.agreement.version,
        agreement_digest=answer.agreement.digest,
        schedule=answer.schedule,
        provider=InstitutionId(answer.provider),
        recipient=InstitutionId(answer.recipient),
        resource=ResourceName(answer.resource),
        purpose=answer.purpose,
        elements={ElementPath(path): _treatment(granted) for path, granted in answer.elements.items()},
        withheld=tuple(ElementPath(path) for path in answer.withheld),
        rows=tuple(_scope(row) for row in answer.rows),
        bases={role: LegalBasis(basis.basis, basis.citation, basis.details) for role, basis in answer.bases.items()},
        excluded_opt_outs=tuple(answer.excluded_opt_outs),
        redisclosure_notice=answer.redisclosure_notice,
        rules=tuple(answer.rules),
        bundle_digest=made_by.bundle,
        excluded_subjects={role: tuple(subjects) for role, subjects in answer.excluded_subjects.items()},
        consents=answer.consents,
        code_lists=answer.code_lists,
        release=_release(answer.release),
        rows_left=answer.rows_left,
        operator_digest=made_by.operator,
        answer_digest=made_by.answer,
    )


def _scope(row: _Row | _Related | _InRoster) -> RowPredicate | RelatedPredicate | RosterPredicate:
    if isinstance(row, _Related):
        return RelatedPredicate(ResourceName(row.related), row.about, tuple(_condition(inner) for inner in row.where))
    return _condition(row)


def _condition(row: _Row | _InRoster) -> RowPredicate | RosterPredicate:
    if isinstance(row, _InRoster):
        return RosterPredicate(ElementPath(row.roster))
    return RowPredicate(ElementPath(row.element), row.comparison, tuple(row.values))


def _release(release: _Release | None) -> Release | None:
    if release is None:
        return None
    return Release(release.version, release.smallest_class, tuple(ElementPath(path) for path in release.quasi_identifiers))


def _treatment(granted: _Plain | _Coarser | _Masked) -> Treatment:
    match granted:
        case _Plain(treatment="share"):
            return Share()
        case _Plain(treatment="pseudonymise"):
            return Pseudonymise()
        case _Plain(treatment="redact_text"):
            return RedactText()
        case _Plain():
            return ReturnOwnId()
        case _Coarser(to=to, by=by):
            return Generalise(to, by)
        case _Masked(keep=keep):
            return MaskText(keep)
