"""A filter and an order speak about the treated values of the permitted view, or are refused with what to ask instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from gateway.domain.access import AccessRequest
from gateway.domain.decision import Permit, Release
from gateway.domain.filtering import SortBy
from gateway.domain.identifiers import ElementPath
from gateway.domain.narrowing import Predicate, Predicates, SortKey
from gateway.domain.query_plan import QueryPlan
from gateway.domain.treatments import Generalise, MaskText, Pseudonymise, ReturnOwnId, Share, Treatment
from gateway.errors import RequestError, UnknownElement
from gateway.parse_filter import parse_filter
from gateway.plan import compile_plan
from tests.small_catalog import CANDIDATES
from tests.unit.test_plan import CATALOG, KEYED, PERMIT, PSEUDONYMS, TODAY

[SOMEBODY] = PSEUDONYMS.of([77], "candidates")


def permit(**treatments: Treatment) -> Permit:
    return replace(PERMIT, elements={**PERMIT.elements, **{ElementPath(path): found for path, found in treatments.items()}})


def plan(text: str = "", sort: tuple[SortBy, ...] = (), permitted: Permit = PERMIT) -> QueryPlan:
    asked = AccessRequest(CANDIDATES, "placement", filter=parse_filter(text) if text else None, sort=sort)
    return compile_plan(asked, permitted, CATALOG, KEYED, None, TODAY)


def by(path: str, descending: bool = False) -> tuple[SortBy, ...]:
    return (SortBy(ElementPath(path), descending),)


@pytest.mark.parametrize(
    ("text", "predicate"),
    [
        ("birthDate ge 1999", Predicate(ElementPath("birthDate"), "ge", (1999,))),
        ("program contains 'Phys'", Predicate(ElementPath("program"), "contains", ("Phys",))),
        ("hours lt 3", Predicate(ElementPath("hours"), "lt", (3.0,))),
        ("active eq true", Predicate(ElementPath("active"), "eq", (True,))),
        ("cohort in (1, 2)", Predicate(ElementPath("cohort"), "in", (1, 2))),
        ("cohort ne 1", Predicate(ElementPath("cohort"), "eq", (1,), negated=True)),
        ("not cohort ne 1", Predicate(ElementPath("cohort"), "eq", (1,))),
        ("not cohort lt 1", Predicate(ElementPath("cohort"), "lt", (1,), negated=True)),
        ("cohort ne null", Predicate(ElementPath("cohort"), "isnull", (), negated=True)),
        ("addresses.city eq 'Rio'", Predicate(ElementPath("addresses.city"), "eq", ("Rio",))),
        (f"candidateIdentifier eq '{SOMEBODY}'", Predicate(ElementPath("candidateIdentifier"), "in", (77,))),
        (f"candidateIdentifier ne '{SOMEBODY}'", Predicate(ElementPath("candidateIdentifier"), "in", (77,), negated=True)),
        (f"candidateIdentifier in ('x', '{SOMEBODY}', '')", Predicate(ElementPath("candidateIdentifier"), "in", (77,))),
        ("candidateIdentifier eq 'L0000001'", Predicate(ElementPath("candidateIdentifier"), "in", ())),
        ("candidateIdentifier isnull", Predicate(ElementPath("candidateIdentifier"), "isnull", ())),
    ],
)
def test_a_comparison_is_typed_by_the_treated_value(text: str, predicate: Predicate) -> None:
    assert plan(text).narrowing == predicate


def test_a_negation_goes_down_to_the_comparisons() -> None:
    cohort, hours = ElementPath("cohort"), ElementPath("hours")
    assert plan("not (cohort eq 1 and not (hours gt 2 or cohort isnull))").narrowing == Predicates(
        "or",
        (
            Predicate(cohort, "eq", (1,), negated=True),
            Predicates("or", (Predicate(hours, "gt", (2.0,)), Predicate(cohort, "isnull", ()))),
        ),
    )


@pytest.mark.parametrize("path", ["personReference.personId", "nonsense", "FirstName", "addresses", "sealed", "addresses.street"])
@pytest.mark.parametrize("comparison", ["eq 'x'", "ge 5", "isnull", "in (1, 'a')", "contains 'secret'", "lt 2026-01-01"])
def test_hidden_and_unknown_elements_are_one_error_whatever_they_are_compared_with(path: str, comparison: str) -> None:
    with pytest.raises(UnknownElement) as told:
        plan(f"cohort eq 1 or not {path} {comparison}")
    assert told.value.detail == f"`filter`, column 20: `{path}` is not an element of your permitted view of this resource."
    with pytest.raises(UnknownElement) as told:
        plan(sort=by(path))
    assert told.value.detail == f"`{path}` is not an element of your permitted view of this resource."


@pytest.mark.parametrize(
    ("text", "treatments", "says"),
    [
        ("firstName eq 'A.'", {}, "can be selected, but not compared"),
        ("firstName isnull", {"firstName": Share()}, "can be selected, but not compared"),
        ("candidateIdentifier eq 'own'", {"candidateIdentifier": ReturnOwnId()}, "can be selected, but not compared"),
        ("candidateIdentifier lt 'a'", {}, "write one of eq ne in isnull"),
        ("candidateIdentifier startswith 'a'", {}, "write one of eq ne in isnull"),
        ("active gt true", {}, "write one of eq ne in isnull"),
        ("cohort contains '1'", {}, "write one of eq ne in isnull lt le gt ge"),
        ("birthDate ge '20-24'", {"birthDate": Generalise("age_band", 5)}, "the name of a group"),
        ("cohort gt '10-19'", {"cohort": Generalise("band", 10)}, "write one of eq ne in isnull"),
        ("birthDate eq 1999-01-02", {}, "a whole number, as in birthDate ge 2024"),
        ("birthDate eq 1999", {"birthDate": Share()}, "a day, as in birthDate ge 2026-08-24"),
        ("birthDate eq 2026-02-30", {"birthDate": Share()}, "a day"),
        ("birthDate eq 1999", {"birthDate": Generalise("month")}, "a text"),
        ("cohort eq 1.5", {}, "a whole number"),
        ("cohort eq 1e3", {}, "a whole number"),
        (f"cohort eq {1 << 63}", {}, "a whole number"),
        ("cohort eq '1'", {}, "a whole number"),
        ("hours eq 1e400", {}, "a number"),
        ("hours eq true", {}, "a number"),
        ("active eq 1", {}, "true or false"),
        ("program eq 5", {}, "a text, as in program eq 'text'"),
        ("cohort in (1, 'secret')", {}, "a whole number"),
        ("candidateIdentifier eq 5", {}, "a pseudonym"),
    ],
)
def test_a_comparison_that_means_nothing_is_refused_with_what_to_write(
    text: str, treatments: Mapping[str, Treatment], says: str
) -> None:
    with pytest.raises(RequestError) as told:
        plan(f"program isnull or {text}", permitted=permit(**treatments))
    assert told.value.code == "GW-REQ-01"
    assert told.value.detail.startswith("`filter`, column 19: ")
    assert says in told.value.detail
    assert "secret" not in told.value.detail


def test_a_multiple_that_is_no_whole_number_makes_whole_numbers_numbers() -> None:
    rounded = permit(cohort=Generalise("round", 2.5))
    assert plan("cohort ge 7.5", permitted=rounded).narrowing == Predicate(ElementPath("cohort"), "ge", (7.5,))


@pytest.mark.parametrize(("path", "text"), [("cohort", False), ("birthDate", False), ("program", True), ("active", False)])
def test_an_order_is_over_treated_values(path: str, text: bool) -> None:
    assert plan(sort=by(path, descending=True)).sort == (SortKey(ElementPath(path), descending=True, text=text),)


@pytest.mark.parametrize(
    ("path", "treatments"),
    [
        ("candidateIdentifier", {}),
        ("candidateIdentifier", {"candidateIdentifier": ReturnOwnId()}),
        ("firstName", {}),
        ("firstName", {"firstName": Share()}),
        ("addresses.city", {}),
        ("birthDate", {"birthDate": Generalise("age_band", 5)}),
        ("cohort", {"cohort": Generalise("band", 10)}),
        ("candidateIdentifier", {"candidateIdentifier": Pseudonymise()}),
        ("firstName", {"firstName": MaskText("last_four")}),
    ],
)
def test_what_has_no_order_is_not_sorted_by(path: str, treatments: Mapping[str, Treatment]) -> None:
    with pytest.raises(RequestError, match=f"`sort` cannot use `{path}`"):
        plan(sort=by(path), permitted=permit(**treatments))


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        (AccessRequest(CANDIDATES, "p", filter=parse_filter("cohort eq 1")), "filter"),
        (AccessRequest(CANDIDATES, "p", filter=parse_filter("nonsense eq 1")), "filter"),
        (AccessRequest(CANDIDATES, "p", filters=((ElementPath("cohort"), "1"),)), "filter"),
        (AccessRequest(CANDIDATES, "p", sort=by("cohort")), "sort"),
        (AccessRequest(CANDIDATES, "p", count=True), "count"),
    ],
)
def test_a_frozen_release_is_neither_filtered_nor_sorted_nor_counted(asked: AccessRequest, named: str) -> None:
    frozen = replace(PERMIT, release=Release(3, 10, ()))
    with pytest.raises(RequestError, match=f"served whole: leave `{named}` out"):
        compile_plan(asked, frozen, CATALOG, KEYED, None, TODAY)
    assert compile_plan(AccessRequest(CANDIDATES, "p"), frozen, CATALOG, KEYED, None, TODAY).frozen is not None
