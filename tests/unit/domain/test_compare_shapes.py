"""Rules of what counts as a change of a source: what is certain is told once, and in doubt nothing is."""

from __future__ import annotations

import pytest

from gateway.domain.compare_shapes import ENOUGH, compare_shapes
from gateway.domain.source_shapes import MOST_FIELDS, FieldChange, KnownField, KnownShape, SeenField, SeenShape

MAPPED = frozenset({"Id", "Born"})


def table(*, others: int = 0, crowded: bool = False, **types: str) -> SeenShape:
    """A table below a header: types by field, with commas; each field has many texts."""
    fields = {name: SeenField(frozenset(filter(None, said.split(", "))), 100 if said else 0, 100) for name, said in types.items()}
    return SeenShape(fields, 100, True, MAPPED, others, crowded)


def objects(looked: int = 100, **present: int) -> SeenShape:
    """Objects, and how many of them have each field."""
    fields = {name: SeenField(frozenset({"text"}), count, count) for name, count in present.items()}
    return SeenShape(fields, looked, False, MAPPED)


def changes(*pulls: SeenShape, whole: bool = True, mapping: str = "first") -> list[list[tuple[str, str]]]:
    """What each pull after the first finds: (field, change)."""
    known, told = compare_shapes(None, pulls[0], "first", whole=True)
    assert told == (), "the first pull changes nothing"
    found = []
    for seen in pulls[1:]:
        known, told = compare_shapes(known, seen, mapping, whole=whole)
        found.append([(change.field, change.change) for change in told])
    return found


def test_new_and_gone_columns_are_told_once_with_their_types() -> None:
    known, _ = compare_shapes(None, table(Id="text", Hat="date"), "m", whole=True)
    known, told = compare_shapes(known, table(Id="text", Coat="whole number"), "m", whole=True)
    assert told == (FieldChange("Coat", "new", (), ("whole number",)), FieldChange("Hat", "gone", ("date",), ()))
    assert compare_shapes(known, table(Id="text", Coat="whole number"), "m", whole=True) == (known, ())


def test_a_column_that_comes_back_is_new() -> None:
    with_hat, without = table(Id="text", Hat="text"), table(Id="text")
    assert changes(with_hat, without, with_hat) == [[("Hat", "gone")], [("Hat", "new")]]


def test_a_header_is_certain_also_where_only_changes_were_pulled() -> None:
    assert changes(table(Id="text", Hat="text"), table(Id="text"), whole=False) == [[("Hat", "gone")]]


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("whole number", "text"),
        ("whole number", "decimal number"),
        ("whole number", "digits with a leading zero"),
        ("date", "month/day/year"),
        ("day/month/year", "month/day/year"),
        ("date", "date-time"),
        ("text", "list"),
        ("object", "text"),
        ("whole number", "whole number, text"),
        ("text", "whole number"),
        ("digits with a leading zero", "whole number"),
        ("date-time", "date"),
    ],
)
def test_another_type_is_told_once(before: str, now: str) -> None:
    first, then = table(Id=before), table(Id=now)
    assert changes(first, then, then) == [[("Id", "type")], []]


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("text", "text, whole number, date"),
        ("text, whole number", "whole number"),
        ("decimal number", "whole number"),
        ("date-time", "date, date-time"),
        ("day or month/year", "month/day/year"),
        ("month/day/year", "day or month/year"),
        ("", "text"),
        ("text", ""),
    ],
)
def test_what_was_to_be_expected_is_not_told(before: str, now: str) -> None:
    assert changes(table(Id=before), table(Id=now)) == [[]]


def test_a_day_that_is_decided_once_stays_decided() -> None:
    open_, days, months = table(Id="day or month/year"), table(Id="day/month/year"), table(Id="month/day/year")
    assert changes(open_, days, open_, months) == [[], [], [("Id", "type")]]


@pytest.mark.parametrize(("filled", "whole"), [(ENOUGH - 1, True), (ENOUGH, False)])
def test_too_few_texts_do_not_tell_that_a_type_is_no_longer_there(filled: int, whole: bool) -> None:
    few = SeenShape({"Id": SeenField(frozenset({"whole number"}), filled, filled)}, filled, True, MAPPED)
    assert changes(table(Id="text"), few, whole=whole) == [[]]


def test_a_type_that_was_seen_before_is_no_news() -> None:
    numbers, mixed = table(Id="whole number"), table(Id="whole number, text")
    assert changes(numbers, mixed, numbers, mixed) == [[("Id", "type")], [], []]


def test_objects_that_leave_out_what_only_some_had_have_not_changed() -> None:
    assert changes(objects(Id=100, Hat=99), objects(Id=100)) == [[]]
    assert changes(objects(Id=100, Hat=99), objects(Id=100), objects(Id=100, Hat=1)) == [[], []]


def test_what_every_object_had_and_none_has_is_gone() -> None:
    assert changes(objects(Id=100, Hat=100), objects(Id=100), objects(Id=100, Hat=3)) == [[("Hat", "gone")], [("Hat", "new")]]


@pytest.mark.parametrize("first", [ENOUGH - 1, ENOUGH])
@pytest.mark.parametrize("then", [ENOUGH - 1, ENOUGH])
def test_a_few_objects_tell_nothing_of_what_is_gone(first: int, then: int) -> None:
    found = changes(objects(first, Id=first, Hat=first), objects(then, Id=then))
    assert found == [[("Hat", "gone")] if min(first, then) >= ENOUGH else []]


def test_objects_that_changed_say_nothing_of_what_all_have() -> None:
    assert changes(objects(Id=100, Hat=100), objects(50, Id=50), whole=False) == [[]]
    known, _ = compare_shapes(None, objects(Id=100, Hat=100), "m", whole=True)
    known, _ = compare_shapes(known, objects(50, Id=50), "m", whole=False)
    known, told = compare_shapes(known, objects(Id=100), "m", whole=True)
    assert told == (FieldChange("Hat", "gone", ("text",), ()),), "the next whole pull does"


def test_a_mapped_member_that_shows_for_the_first_time_is_no_news_and_another_is() -> None:
    assert changes(objects(Id=100), objects(Id=100, Born=3, Hat=3)) == [[("Hat", "new")]]


def test_under_another_mapping_names_of_objects_are_learned_and_types_are_told() -> None:
    assert changes(objects(Id=100, Hat=100), objects(Id=100, Coat=100), mapping="second") == [[]]
    known = KnownShape({"Id": KnownField(frozenset({"date"}), always=True)}, "first")
    _, told = compare_shapes(known, objects(Id=100, Coat=1), "second", whole=True)
    assert told == (FieldChange("Id", "type", ("date",), ("text",)),)


def test_columns_are_told_under_another_mapping_too() -> None:
    assert changes(table(Id="text"), table(Id="text", Hat="text"), mapping="second") == [[("Hat", "new")]]


def test_of_a_crowd_only_mapped_fields_and_the_number_of_the_others_are_told() -> None:
    pivoted = table(Id="text", others=600, crowded=True)
    told = [[("Born", "gone"), ("", "others")], [("", "others")]]
    assert changes(table(Id="text", Born="date", Hat="text"), pivoted, table(Id="text", Hat="text")) == told


def test_names_that_come_together_over_many_pulls_are_bounded() -> None:
    known, _ = compare_shapes(None, objects(Id=100), "m", whole=True)
    told = []
    for start in range(5):
        seen = objects(Id=100, **{f"n{start}_{number}": 1 for number in range(MOST_FIELDS // 2)})
        known, found = compare_shapes(known, seen, "m", whole=True)
        told.append(len(found))
    assert (sorted(known.fields), known.crowded) == (["Born", "Id"], True)
    assert told == [MOST_FIELDS // 2, MOST_FIELDS // 2, 0, 0, 0]
