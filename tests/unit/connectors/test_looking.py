"""Rules of looking at a source while it is read: names and types are seen of some rows, and never a text of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from connectors.delimited import DelimitedSource
from connectors.looking import FIRST, OF_EACH, Look, sampled
from connectors.source import LocalFolder, Source
from connectors.text_types import type_of
from gateway.domain.identifiers import InstitutionId
from gateway.domain.source_shapes import MOST_FIELDS, TYPES, SeenField, SeenShape, told
from tests.unit.connectors.builders import PEOPLE, rule, source_of

TWO = {"Id": "personId", "First": "firstName"}
SECRET = "hunter2"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("TRUE", "boolean"),
        ("false", "boolean"),
        ("0", "whole number"),
        ("-17", "whole number"),
        ("0042", "digits with a leading zero"),
        ("1.50", "decimal number"),
        ("1e3", "decimal number"),
        (".5", "decimal number"),
        ("2001-02-03", "date"),
        ("2001-02-03 10:11:12.5", "date-time"),
        ("2001-02-03T10:11Z", "date-time"),
        ("2001/02/03", "year/month/day"),
        ("2001.2.3", "year.month.day"),
        ("13.02.2001", "day.month.year"),
        ("2/13/2001", "month/day/year"),
        ("2/3/2001", "day or month/year"),
        ("13-2-01", "day-month-year of two digits"),
        ("2/13/2001 12:00:00 AM", "month/day/year with time"),
        ("31-Jan-2001", "day, month by name, year"),
        ("13/13/2001", "text"),
        ("0/0/2001", "text"),
        ("123-45-6789", "text"),
        ("Ann", "text"),
        ("1,234", "text"),
        ("٣", "text"),
        ("1" * 41, "text"),
    ],
)
def test_a_text_has_the_type_that_it_looks_like(text: str, kind: str) -> None:
    assert type_of(text) == kind
    assert kind in TYPES


def test_the_first_rows_are_looked_at_and_then_some_of_each_thousand() -> None:
    looked: list[int] = []
    assert list(sampled(range(3_500), looked.append)) == list(range(3_500)), "every row goes by"
    assert looked == [*range(FIRST), *(at for start in (1000, 2000, 3000) for at in range(start, start + OF_EACH))]


def test_a_table_has_the_fields_of_its_header_and_the_types_of_its_texts() -> None:
    look = Look(rule(TWO, empty=frozenset({"NULL"})), ("Id", "First", "Shoe", ""))
    for cells in (["1", "Ann", "44", "x"], ["2", "NULL", " ", ""], ["3", "Bo", "44.5", ""], ["short"]):
        look.row(cells)
    shape = look.shape()
    assert (shape.looked, shape.certain, shape.missing, shape.others) == (3, True, frozenset(), 0)
    assert {name: (sorted(field.types), field.filled) for name, field in shape.fields.items()} == {
        "Id": (["whole number"], 3),
        "First": (["text"], 2),
        "Shoe": (["decimal number", "whole number"], 2),
    }


def test_objects_are_looked_into_only_where_the_source_file_reads_one_of_their_members() -> None:
    look = Look(rule({"name.first": "firstName"}), walked=frozenset({("name",)}))
    look.item({"name": {"first": "Ann", "a.b": 1}, "scores": {"ann@lakeside.example": 5}, "tags": [], "on": True, "off": None})
    look.item("no object")
    shape = look.shape()
    assert (shape.looked, shape.certain, shape.missing) == (1, False, frozenset())
    assert {name: sorted(field.types) for name, field in shape.fields.items()} == {
        "name.first": ["text"],
        'name."a.b"': ["whole number"],
        "scores": ["object"],
        "tags": ["list"],
        "on": ["boolean"],
        "off": [],
    }


def test_names_that_may_be_values_are_counted_and_not_told() -> None:
    names = ("Id", "First", "x" * 64, "x" * 65, "ann@lakeside.example", "123-45-6789", "a\x00b")
    shape = told(Look(rule(TWO), names).shape())
    assert sorted(shape.fields) == ["First", "Id", "x" * 64]
    assert shape.others == 4


def test_of_too_many_fields_only_those_are_told_that_are_mapped() -> None:
    pivoted = ("Id", "First", *(f"Person {number}" for number in range(MOST_FIELDS)))
    shape = told(Look(rule(TWO), pivoted).shape())
    assert (sorted(shape.fields), shape.others, shape.crowded) == (["First", "Id"], MOST_FIELDS, True)
    assert not told(Look(rule(TWO), pivoted[:MOST_FIELDS]).shape()).crowded


def test_what_stands_in_the_place_of_a_header_is_only_counted() -> None:
    shape = told(Look(rule(TWO), ("7", SECRET, "Adams")).shape())
    assert (list(shape.fields), shape.others, sorted(shape.missing)) == ([], 3, ["First", "Id"])
    assert told(Look(rule({}), ("Adams",)).shape()).fields.keys() == {"Adams"}, "nothing is mapped that could be missing"


def test_names_inside_objects_do_not_fill_the_memory() -> None:
    look = Look(rule(TWO))
    for number in range(10):
        look.item({f"Person {number}-{at}": 1 for at in range(1_000)})
    assert told(look.shape()).others == 10 * MOST_FIELDS


def test_a_type_that_a_connector_of_others_makes_up_is_not_told() -> None:
    made_up = SeenShape({"Pass": SeenField(frozenset({SECRET, "date"}), 1, 1)}, 1, True, frozenset())
    assert told(made_up).fields["Pass"].types == {"text", "date"}


def test_files_of_opt_outs_are_not_taken_for_the_records_of_their_people(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("Id,First\n1,Ann\n", encoding="utf-8")
    (tmp_path / "refusals.csv").write_text("Id\n1\n", encoding="utf-8")
    refusals = replace(rule({"Id": "personId"}), file="refusals.csv")
    source = DelimitedSource(
        Source(
            "extract",
            InstitutionId("lakeside"),
            "epp",
            LocalFolder(tmp_path),
            {PEOPLE: rule(TWO)},
            {"opt_outs": {PEOPLE: refusals}},
        )
    )
    list(source.pull(PEOPLE))
    list(source.pull_rights("opt_outs", PEOPLE))
    shape = source.seen(PEOPLE)
    assert shape is not None and sorted(shape.fields) == ["First", "Id"]


def test_what_was_seen_holds_no_text(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(f"Id,First,Pass\n1,{SECRET},{SECRET}\n", encoding="utf-8")
    source = source_of(tmp_path, rule(TWO))
    assert source.seen(rule(TWO).resource) is None, "nothing was read"
    list(source.pull(rule(TWO).resource))
    assert SECRET not in repr(source.seen(rule(TWO).resource))
    assert SECRET not in repr({name: vars(look) for name, look in source._looks.items()})
