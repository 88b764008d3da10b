"""Wider: what cannot be worked out from what was seen before is wider; the property is tried on values, not on the rules again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.agreements.wider import basis_widens, is_wider, scope_widens
from gateway.domain.decision import AheadPredicate, LegalBasis, RelatedPredicate, RosterPredicate, RowPredicate, StatedPredicate
from gateway.domain.identifiers import ElementPath, ResourceName
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

ELEMENT = ElementPath("hours")
NUMBERS = range(-40, 130)
NOTHING: dict[str, dict[str, str]] = {}


def _seen(treatment: Treatment, number: int) -> object:
    """What a recipient sees of a whole number: the language's README, read again."""
    match treatment:
        case Share():
            return number
        case Generalise("band", int(width)):
            return number // width
        case Generalise("top_code", int(bound)):
            return min(number, bound)
        case Generalise("bottom_code", int(bound)):
            return max(number, bound)
        case _:
            return None


def _tells_more(was: Treatment, now: Treatment) -> bool:
    """Whether two numbers that looked alike before look different now."""
    known: dict[object, object] = {}
    return any(known.setdefault(_seen(was, number), _seen(now, number)) != _seen(now, number) for number in NUMBERS)


treatments = st.one_of(
    st.just(Share()),
    st.just(Withhold()),
    st.builds(Generalise, st.just("band"), st.integers(1, 30)),
    st.builds(Generalise, st.sampled_from(["top_code", "bottom_code"]), st.integers(-20, 100)),
)


@given(treatments, treatments)
def test_what_is_called_not_wider_tells_nothing_more(was: Treatment, now: Treatment) -> None:
    if not is_wider(was, now, NOTHING, NOTHING):
        assert not _tells_more(was, now)


@given(treatments)
def test_the_same_is_never_wider(treatment: Treatment) -> None:
    assert not is_wider(treatment, treatment, NOTHING, NOTHING)
    assert not is_wider(Share(), treatment, NOTHING, NOTHING)
    assert not is_wider(treatment, Withhold(), NOTHING, NOTHING)


@pytest.mark.parametrize(
    ("was", "now", "wider"),
    [
        (Withhold(), AggregateOnly(), True),
        (Withhold(), Pseudonymise(), True),
        (AggregateOnly(), Generalise("year"), True),
        (Share(), AggregateOnly(), False),
        (MaskText("initial"), MaskText("last_four"), True),
        (MaskText("initial"), Share(), True),
        (Pseudonymise(), Share(), True),
        (ReturnOwnId(), Share(), True),
        (ReturnOwnId(), Pseudonymise(), True),
        (Withhold(), ReturnOwnId(), True),
        (Withhold(), RedactText(), True),
        (AggregateOnly(), RedactText(), True),
        (RedactText(), AggregateOnly(), False),
        (RedactText(), RedactText(), False),
        (RedactText(), Share(), True),
        (Share(), RedactText(), False),
        (Generalise("month"), Generalise("year"), False),
        (Generalise("year"), Generalise("month"), True),
        (Generalise("year"), Generalise("age_band", 5), True),
        (Generalise("age_band", 5), Generalise("age_band", 10), False),
        (Generalise("age_band", 10), Generalise("age_band", 5), True),
        (Generalise("band", 10), Generalise("band", 15), True),
        (Generalise("round", 5), Generalise("round", 10), True),
        (Generalise("zip3"), Generalise("zip3"), False),
    ],
)
def test_treatments(was: Treatment, now: Treatment, wider: bool) -> None:
    assert is_wider(was, now, NOTHING, NOTHING) is wider


@pytest.mark.parametrize(
    ("old", "new", "wider"),
    [
        ({"a": "X", "b": "X"}, {"a": "X", "b": "X"}, False),
        ({"a": "X", "b": "Y"}, {"a": "X", "b": "X"}, False),
        ({"a": "X", "b": "X"}, {"a": "X", "b": "Y"}, True),
        ({"a": "X"}, {"a": "X", "b": "X"}, True),
        ({"a": "X", "b": "Y"}, {"a": "X"}, False),
        ({"a": "X", "b": "X"}, {"a": "X"}, True),
    ],
)
def test_a_code_list_counts_by_what_it_says(old: dict[str, str], new: dict[str, str], wider: bool) -> None:
    rolled = Generalise("roll_up", "stem")
    assert is_wider(rolled, rolled, {"stem": old}, {"stem": new}) is wider


def _of(comparison: str, *values: object) -> RowPredicate:
    return RowPredicate(ELEMENT, comparison, values)  # type: ignore[arg-type]


def _related(*where: RowPredicate | RosterPredicate) -> RelatedPredicate:
    return RelatedPredicate(ResourceName("fieldworkExperiences"), "candidate", where)


@pytest.mark.parametrize(
    ("before", "after", "wider"),
    [
        ([], [], False),
        ([], [_of("equals", 1)], False),
        ([_of("equals", 1)], [], True),
        ([_of("in", 1, 2)], [_of("equals", 1)], False),
        ([_of("equals", 1)], [_of("in", 1, 2)], True),
        ([_of("in", 1, 2)], [_of("in")], False),
        ([_of("equals", 1)], [_of("equals", True)], True),
        ([_of("at_least", 3)], [_of("at_least", 4)], False),
        ([_of("at_least", 4)], [_of("at_least", 3)], True),
        ([_of("at_most", "2026-05-01")], [_of("at_most", "2026-04-01")], False),
        ([_of("present", True)], [_of("equals", 1)], False),
        ([_of("present", False)], [_of("equals", 1)], True),
        ([AheadPredicate(ELEMENT, "days", 30)], [AheadPredicate(ELEMENT, "days", 10)], False),
        ([AheadPredicate(ELEMENT, "days", 10)], [AheadPredicate(ELEMENT, "terms", 1)], True),
        ([_related(_of("in", 1, 2))], [_related(_of("equals", 1))], False),
        ([_related(_of("equals", 1))], [_related(_of("in", 1, 2))], True),
        ([_related(_of("equals", 1))], [_related()], True),
        ([RosterPredicate(ELEMENT)], [RosterPredicate(ELEMENT), _of("equals", 1)], False),
        ([RosterPredicate(ELEMENT)], [RosterPredicate(ElementPath("another"))], True),
        ([RosterPredicate(ELEMENT)], [_of("equals", 1)], True),
        ([_related(RosterPredicate(ELEMENT))], [_related(RosterPredicate(ELEMENT))], False),
        ([_related(RosterPredicate(ELEMENT))], [_related()], True),
    ],
    ids=str,
)
def test_rows(before: list[StatedPredicate], after: list[StatedPredicate], wider: bool) -> None:
    assert scope_widens(before, after) is wider


RANGES = st.lists(
    st.one_of(
        st.builds(_of, st.just("equals"), st.integers(-3, 3)),
        st.builds(lambda values: _of("in", *values), st.lists(st.integers(-3, 3), max_size=3)),
        st.builds(_of, st.sampled_from(["at_least", "at_most"]), st.integers(-3, 3)),
        st.builds(_of, st.just("present"), st.booleans()),
    ),
    max_size=3,
)


def _holds(predicate: RowPredicate, value: int | None) -> bool:
    if predicate.comparison == "present":
        return (value is not None) is predicate.values[0]
    if value is None:
        return False
    match predicate.comparison:
        case "at_least":
            return value >= int(predicate.values[0])
        case "at_most":
            return value <= int(predicate.values[0])
        case _:
            return value in predicate.values


@given(RANGES, RANGES)
def test_rows_that_are_called_not_wider_let_nobody_new_in(before: list[RowPredicate], after: list[RowPredicate]) -> None:
    if not scope_widens(before, after):
        for value in (None, *range(-5, 6)):
            if all(_holds(predicate, value) for predicate in after):
                assert all(_holds(predicate, value) for predicate in before)


def test_a_basis_that_keeps_people_out_is_narrower_than_one_that_does_not() -> None:
    consent, official = LegalBasis("consent", "c", {"form": {"id": "f"}}), LegalBasis("a1_school_official", "c")
    assert basis_widens(consent, official)
    assert basis_widens(consent, LegalBasis("consent", "c", {"form": {"id": "g"}}))
    assert not basis_widens(official, consent)
    assert not basis_widens(consent, consent)
