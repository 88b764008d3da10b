"""An agreement's terms in plain English: one phrase for each treatment, basis and row condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

from gateway.domain.agreement import BASES
from gateway.domain.decision import AheadPredicate, LegalBasis, RelatedPredicate, RosterPredicate, RowPredicate, StatedPredicate
from gateway.domain.treatments import (
    AggregateOnly,
    Generalise,
    MaskText,
    Pseudonymise,
    RedactText,
    ReturnOwnId,
    Share,
    Treatment,
    Withhold,
)

FEW = 6
"""How many values a sentence lists before it only counts them."""

_BASES: Mapping[str, str] = {
    "consent": "the person's written consent",
    "a1_school_official": "the recipient acting as a school official under the provider's direct control",
    "a2_enrollment": "the student seeking to enrol there",
    "a3_audit_eval": "an audit or evaluation of a supported education program",
    "a6_study": "a study on behalf of the provider",
    "a7_accreditation": "accreditation",
    "a9_order_or_subpoena": "a court order or subpoena",
    "a10_emergency": "a health or safety emergency",
    "a11_directory": "directory information",
    "a12_self": "the student's own access",
    "b1_deidentified": "de-identified records",
    "b2_coded_research": "de-identified records with a research code",
    "none_not_education_record": "records that are not education records, under state law",
}
_GENERALISED: Mapping[str, str] = {
    "year": "only the year",
    "month": "only the year and month",
    "zip3": "only the first three digits of the ZIP code",
    "grade_band": "only the grade band",
}
_COMPARED: Mapping[str, str] = {"equals": "is", "at_least": "is not below", "at_most": "is not above"}


def in_words(treatment: Treatment) -> str:
    """What the recipient sees of an element."""
    match treatment:
        case Share():
            return "as it is"
        case Pseudonymise():
            return "as a pseudonym that only this agreement uses"
        case ReturnOwnId():
            return "not as it is, but by the recipient's own id from the roster that it submitted"
        case Generalise("age_band", by):
            return f"only the age, in bands of {by} years"
        case Generalise("band", by):
            return f"only a range of {by}"
        case Generalise("round", by):
            return f"rounded to the nearest {by}"
        case Generalise("top_code", by):
            return f"as it is up to {by}; {by} for all above"
        case Generalise("bottom_code", by):
            return f"as it is from {by}; {by} for all below"
        case Generalise("roll_up", by):
            return f'only the group of the code list "{by}"'
        case Generalise(to):
            return _GENERALISED[to]
        case MaskText("last_four"):
            return "only the last four characters"
        case MaskText():
            return "only the initial"
        case RedactText():
            return "with names and whatever else tells who somebody is taken out; not at all where that is uncertain"
        case AggregateOnly():
            return "not record by record; counted in tables"
        case Withhold():
            return "not at all"
        case _:
            assert_never(treatment)


def basis_in_words(basis: LegalBasis) -> str:
    """`the person's written consent (34 CFR 99.30; form release-2026)`."""
    return f"{_BASES.get(basis.basis, basis.basis)} ({basis.citation or BASES.get(basis.basis, '')})"


def row_in_words(predicate: StatedPredicate) -> str:
    """A condition as the end of "those rows in which ..."."""
    match predicate:
        case RelatedPredicate(resource, about, where):
            conditions = " and ".join(row_in_words(condition) for condition in where)
            return f"the {about} also has a record in {resource} where {conditions}"
        case RosterPredicate(element):
            return f"{element} is in the roster that the recipient submitted"
        case AheadPredicate(element, "terms", count):
            return f"{element} is today or later, up to the end of the {_ordinal(count)} academic term from now"
        case AheadPredicate(element, _, count):
            return f"{element} is today or in the next {count} days"
        case RowPredicate(element, "present", (True,)):
            return f"{element} has a value"
        case RowPredicate(element, "present", _):
            return f"{element} has no value"
        case RowPredicate(element, "in", values):
            return f"{element} is {_one_of(values)}"
        case RowPredicate(element, comparison, values):
            return f"{element} {_COMPARED[comparison]} {values[0]}"
        case _:
            assert_never(predicate)


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`; "nothing" for an empty list."""
    if not words:
        return "nothing"
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _one_of(values: tuple[object, ...]) -> str:
    if len(values) > FEW:
        return f"one of {len(values)} values that the agreement lists"
    return " or ".join(str(value) for value in values) or "none of any value"


def _ordinal(count: int) -> str:
    return {1: "current", 2: "second", 3: "third"}.get(count, f"{count}th")
