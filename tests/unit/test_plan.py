"""A plan names nothing that the permit does not, and every refusal of the unknown sounds the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pytest

from gateway.catalog.load import load_catalog
from gateway.domain.access import AccessRequest
from gateway.domain.decision import LegalBasis, Permit, Release, RowPredicate
from gateway.domain.identifiers import AgreementId, ElementPath, InstitutionId, RecordId, ResourceName
from gateway.domain.narrowing import Position
from gateway.domain.query_plan import Condition, QueryPlan
from gateway.domain.treatments import Generalise, MaskText, Pseudonymise, RedactText, Share, Treatment
from gateway.errors import IntegrityError, RequestError, UnknownElement
from gateway.keys.blind_index import BlindIndex
from gateway.keys.pseudonym import Pseudonyms
from gateway.narrow import Keyed
from gateway.plan import compile_plan
from tests.small_catalog import CANDIDATES, small_catalog

CATALOG = small_catalog()
TODAY = date(2026, 11, 24)
PSEUDONYMS = Pseudonyms(bytes(32))
KEYED = Keyed(PSEUDONYMS, BlindIndex(bytes(32), CANDIDATES))
ELEMENTS: Mapping[str, Treatment] = {
    "candidateIdentifier": Pseudonymise(),
    "firstName": MaskText("initial"),
    "birthDate": Generalise("year"),
    "program": Share(),
    "hours": Share(),
    "active": Share(),
    "cohort": Share(),
    "addresses.city": Share(),
}
PERMIT = Permit(
    agreement=AgreementId("placement"),
    agreement_version=1,
    agreement_digest="d" * 64,
    schedule="s",
    provider=InstitutionId("lakeside"),
    recipient=InstitutionId("riverton"),
    resource=CANDIDATES,
    purpose="placement",
    elements={ElementPath(path): treatment for path, treatment in ELEMENTS.items()},
    withheld=(ElementPath("personReference.personId"),),
    rows=(RowPredicate(ElementPath("program"), "in", ("Physics",)),),
    bases={"candidate": LegalBasis("a1_school_official", "34 CFR 99.31(a)(1)(i)(B)")},
    excluded_opt_outs=(),
    redisclosure_notice=True,
    rules=(),
    bundle_digest="b" * 64,
)


def plan(select: tuple[str, ...] = (), permit: Permit = PERMIT, **filters: str) -> QueryPlan:
    request = AccessRequest(
        resource=CANDIDATES,
        purpose="placement",
        select=tuple(ElementPath(path) for path in select),
        filters=tuple((ElementPath(path), text) for path, text in filters.items()),
    )
    return compile_plan(request, permit, CATALOG, KEYED, None, TODAY)


def test_without_select_every_permitted_element_is_planned_in_catalog_order() -> None:
    assert [element.path for element in plan().selected] == [path for path in RESOURCE_ORDER if path in ELEMENTS]


RESOURCE_ORDER = [element.path for element in CATALOG.resources[CANDIDATES].every_element()]


def test_select_narrows_and_keeps_catalog_order() -> None:
    assert [element.path for element in plan(("program", "birthDate")).selected] == ["birthDate", "program"]


@pytest.mark.parametrize("path", ["personReference.personId", "nonsense", "FirstName", "firstName ", "addresses", "sealed", ""])
def test_withheld_unknown_and_internal_names_are_one_error_in_select_and_filter(path: str) -> None:
    with pytest.raises(UnknownElement) as selected:
        plan((path,))
    with pytest.raises(UnknownElement) as filtered:
        plan((), PERMIT, **{path: "x"})
    assert selected.value.detail == filtered.value.detail == f"`{path}` is not an element of your permitted view of this resource."
    assert selected.value.code == filtered.value.code


def test_a_filter_on_a_generalised_date_compares_years() -> None:
    assert plan(birthDate="1999").filters == (Condition("birthDate", "equals", (1999,)),)
    with pytest.raises(RequestError):
        plan(birthDate="1999-01-02")


def test_a_filter_on_a_pseudonym_is_a_look_up_of_its_surrogate() -> None:
    [text] = PSEUDONYMS.of([77], "candidates")
    assert plan(candidateIdentifier=str(text)).filters == (Condition("candidateIdentifier", "equals", (77,)),)


def test_a_made_up_pseudonym_matches_nobody_and_is_no_error() -> None:
    assert plan(candidateIdentifier="L0000001").filters == (Condition("candidateIdentifier", "in", ()),)


@pytest.mark.parametrize("path", ["firstName", "addresses.city"])
def test_a_masked_element_or_a_list_cannot_be_compared(path: str) -> None:
    with pytest.raises(RequestError, match="cannot be compared"):
        plan((), PERMIT, **{path: "A."})


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("cohort", "x"),
        ("cohort", "1.5"),
        ("cohort", str(1 << 63)),
        ("cohort", "9" * 5000),
        ("hours", "nan"),
        ("hours", "inf"),
        ("active", "yes"),
        ("active", "1"),
        ("birthDate", ""),
    ],
)
def test_a_value_of_another_type_is_refused_without_being_echoed(path: str, text: str) -> None:
    with pytest.raises(RequestError) as refused:
        plan((), PERMIT, **{path: text})
    assert path in refused.value.detail
    assert not text or len(text) < 2 or f"{text}" not in refused.value.detail.replace("YYYY-MM-DD", "")


def test_a_shared_sealed_identifier_is_shown_but_not_compared() -> None:
    shared = replace(PERMIT, elements={ElementPath("firstName"): Share()}, rows=())
    assert plan((), shared).selected[0].origin == "sealed"
    with pytest.raises(RequestError):
        plan((), shared, firstName="Ana")


def _comments(release: Release | None = None) -> Permit:
    """A permit of redacted comments, of the shipped catalog."""
    elements: Mapping[ElementPath, Treatment] = {ElementPath("comment"): RedactText(), ElementPath("noResponse"): Share()}
    bases = {"respondent": LegalBasis("a1_school_official", "34 CFR 99.31(a)(1)(i)(B)")}
    resource = ResourceName("surveyQuestionResponses")
    return replace(PERMIT, resource=resource, elements=elements, rows=(), bases=bases, release=release)


def _plan_comments(permit: Permit, *select: str) -> QueryPlan:
    request = AccessRequest(ResourceName("surveyQuestionResponses"), "placement", select=tuple(map(ElementPath, select)))
    return compile_plan(request, permit, load_catalog(), KEYED, None, TODAY)


def test_redacted_text_is_opened_and_selected_only() -> None:
    planned = _plan_comments(_comments())
    assert [(str(element.path), element.origin) for element in planned.selected] == [
        ("comment", "sealed"),
        ("noResponse", "column"),
    ]
    assert planned.redacted == ("comment",)
    assert not _plan_comments(_comments(), "noResponse").redacted


def test_a_release_with_free_text_is_not_served() -> None:
    with pytest.raises(IntegrityError):
        _plan_comments(_comments(release=Release(1, 10, ())))


def test_a_permit_that_redacts_what_is_no_free_text_is_not_served() -> None:
    with pytest.raises(IntegrityError):
        plan((), replace(PERMIT, elements={ElementPath("firstName"): RedactText()}, rows=()))


def test_row_scope_and_opt_outs_come_from_the_permit_alone() -> None:
    planned = plan(("cohort",), replace(PERMIT, excluded_opt_outs=("candidate",)))
    assert planned.scope == (Condition("program", "in", ("Physics",)),)
    assert planned.excluded_persons == ("person_id",)


def test_the_next_page_starts_after_the_position_in_the_cursor() -> None:
    request = AccessRequest(resource=CANDIDATES, purpose="placement")
    assert compile_plan(request, PERMIT, CATALOG, KEYED, Position(RecordId(9)), TODAY).after == Position(RecordId(9))
