"""What SQL makes coarser: the README's own examples, its edges, and a plain reading of it in Python, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, get_args

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from sqlalchemy import BigInteger, Column, Date, Float, MetaData, String, Table, insert, select

from gateway.domain.treatments import Generalisation, Generalise, Mask
from gateway.errors import IntegrityError
from gateway.keys.pseudonym import Pseudonyms
from gateway.redact.by_value import treated_value
from gateway.redact.mask import mask
from gateway.shipped import shipped
from gateway.store.engine import Database
from gateway.store.generalise import generalised

TODAY = date(2026, 11, 24)
SUBJECTS = {"stem": {"uri://ed-fi.org/AcademicSubjectDescriptor#Physics": "STEM"}}
Treat = Callable[[Generalise, Any, Sequence[object]], list[object]]


@pytest.fixture
def treat(database: Database) -> Treat:
    """(generalisation, column type, values) -> what a query gives for each."""

    def run(treatment: Generalise, kind: Any, values: Sequence[object]) -> list[object]:
        metadata = MetaData()
        table = Table("values_to_treat", metadata, Column("at", BigInteger, primary_key=True), Column("value", kind))
        with database.write() as connection:
            metadata.drop_all(connection)
            metadata.create_all(connection)
            connection.execute(insert(table), [{"at": at, "value": value} for at, value in enumerate(values)])
            treated = generalised(table.c.value, treatment, TODAY, SUBJECTS)
            return list(connection.execute(select(treated).order_by(table.c.at)).scalars())

    return run


@pytest.mark.parametrize(
    ("treatment", "kind", "before", "after"),
    [
        (Generalise("year"), Date(), date(2003, 5, 17), 2003),
        (Generalise("month"), Date(), date(2003, 5, 17), "2003-05"),
        (Generalise("age_band", 5), Date(), date(2003, 5, 17), "20-24"),
        (Generalise("age_band", 5), Date(), date(2001, 11, 24), "25-29"),
        (Generalise("age_band", 5), Date(), date(2001, 11, 25), "20-24"),
        (Generalise("age_band", 5), Date(), TODAY, "0-4"),
        (Generalise("age_band", 5), Date(), date(2026, 11, 25), None),
        (Generalise("zip3"), String(17), "60614", "606"),
        (Generalise("zip3"), String(17), "60614-1234", "606"),
        (Generalise("zip3"), String(17), "606141234", "606"),
        (Generalise("zip3"), String(17), "110001", None),
        (Generalise("zip3"), String(17), "K1A 0B1", None),
        (Generalise("zip3"), String(17), "60614 1234", None),
        (Generalise("zip3"), String(17), "", None),
        (Generalise("band", 10), BigInteger(), 37, "30-39"),
        (Generalise("band", 10), BigInteger(), 30, "30-39"),
        (Generalise("band", 10), BigInteger(), -1, "-10--1"),
        (Generalise("band", 10), Float(53), 39.9, "30-39"),
        (Generalise("band", 10), Float(53), -0.5, "-10--1"),
        (Generalise("round", 5), BigInteger(), 37, 35),
        (Generalise("round", 5), BigInteger(), 38, 40),
        (Generalise("round", 2), BigInteger(), 3, 4),
        (Generalise("round", 2), BigInteger(), -3, -2),
        (Generalise("round", 0.5), Float(53), 1.25, 1.5),
        (Generalise("round", 0.5), Float(53), 1.2, 1.0),
        (Generalise("top_code", 90), BigInteger(), 112, 90),
        (Generalise("top_code", 90), BigInteger(), 89, 89),
        (Generalise("bottom_code", 10), BigInteger(), 3, 10),
        (Generalise("bottom_code", 10), Float(53), 10.5, 10.5),
        (Generalise("roll_up", "stem"), String(306), "uri://ed-fi.org/AcademicSubjectDescriptor#Physics", "STEM"),
        (Generalise("roll_up", "stem"), String(306), "uri://ed-fi.org/AcademicSubjectDescriptor#Dance", None),
        (Generalise("grade_band"), String(306), "uri://ed-fi.org/GradeLevelDescriptor#Seventh grade", "middle"),
        (Generalise("grade_band"), String(306), "uri://state.example/GradeLevelDescriptor#KINDERGARTEN", "elementary"),
        (Generalise("grade_band"), String(306), "Twelfth grade", "high"),
        (Generalise("grade_band"), String(306), "uri://ed-fi.org/GradeLevelDescriptor#Grades (EC-6)", None),
    ],
)
def test_a_value_and_its_coarser_one(treat: Treat, treatment: Generalise, kind: Any, before: object, after: object) -> None:
    assert treat(treatment, kind, [before, None]) == [after, None]


@pytest.mark.parametrize(
    "treatment",
    [Generalise("age_band"), Generalise("band", "ten"), Generalise("roll_up", "unknown"), Generalise("year", 3)],
    ids=str,
)
def test_parameters_that_do_not_fit_are_refused(treat: Treat, treatment: Generalise) -> None:
    with pytest.raises(IntegrityError):
        treat(treatment, BigInteger(), [1])


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.integers(-(10**9), 10**9), min_size=1), st.integers(1, 10**6))
def test_bands_and_multiples_of_whole_numbers(treat: Treat, numbers: list[int], width: int) -> None:
    lowest = [number // width * width for number in numbers]
    assert treat(Generalise("band", width), BigInteger(), numbers) == [f"{low}-{low + width - 1}" for low in lowest]
    halves = [(2 * number + width) // (2 * width) * width for number in numbers]
    assert treat(Generalise("round", width), BigInteger(), numbers) == halves


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.dates(date(1900, 1, 1), TODAY), min_size=1), st.integers(1, 20))
def test_ages(treat: Treat, born: list[date], width: int) -> None:
    ages = [TODAY.year - day.year - ((TODAY.month, TODAY.day) < (day.month, day.day)) for day in born]
    lowest = [age // width * width for age in ages]
    assert treat(Generalise("age_band", width), Date(), born) == [f"{low}-{low + width - 1}" for low in lowest]


def _documented() -> list[tuple[str, str, str]]:
    """(treatment, before, after) of every row of the README's table."""
    text = (shipped("policies") / "agreements" / "README.md").read_text(encoding="utf-8")
    table = text.split("| treatment | before | after | for |\n|---|---|---|---|\n")[1].split("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return [(treatment.strip("`"), before, after) for treatment, before, after, _ in rows]


DOCUMENTED = _documented()


def test_the_readme_has_every_generalisation_and_mask() -> None:
    words = " ".join(treatment for treatment, _, _ in DOCUMENTED)
    assert [word for word in (*get_args(Generalisation), *get_args(Mask)) if word not in words] == []


@pytest.mark.parametrize(("written", "before", "after"), [row for row in DOCUMENTED if "generalise" in row[0]])
def test_the_readmes_examples_of_generalisations(treat: Treat, written: str, before: str, after: str) -> None:
    stated = YAML(typ="safe", pure=True).load(written)["generalise"]
    to, by = next(iter(stated.items())) if isinstance(stated, dict) else (stated, None)
    clear = before.split(",")[0].strip("`")
    kind: Any = Date() if clear.count("-") == 2 else BigInteger() if clear.isdigit() and to != "zip3" else String(306)
    value = date.fromisoformat(clear) if isinstance(kind, Date) else int(clear) if isinstance(kind, BigInteger) else clear
    assert treat(Generalise(to, by), kind, [value]) == [orjson.loads(after.strip("`"))]


@pytest.mark.parametrize(("written", "before", "after"), [row for row in DOCUMENTED if "mask" in row[0]])
def test_the_readmes_examples_of_masks(written: str, before: str, after: str) -> None:
    keep = YAML(typ="safe", pure=True).load(written)["mask"]
    assert mask(before.strip("`"), keep) == orjson.loads(after.strip("`"))


def test_the_readmes_pseudonyms_have_32_characters() -> None:
    [(_, _, after)] = [row for row in DOCUMENTED if row[0] == "pseudonymise"]
    assert after.startswith("32 letters and digits")
    assert [len(str(text)) for text in Pseudonyms(bytes(32)).of([104], "candidates")] == [32]


WHOLE = st.integers(-(2**40), 2**40)
WAYS = st.one_of(
    st.tuples(st.sampled_from([Generalise("year"), Generalise("month"), Generalise("age_band", 7)]), st.dates(date(1900, 1, 1))),
    st.tuples(st.builds(Generalise, st.sampled_from(["band", "round", "top_code"]), st.integers(1, 99)), WHOLE),
    st.tuples(
        st.builds(Generalise, st.sampled_from(["round", "bottom_code"]), st.sampled_from([0.25, 0.5, 2.0])), st.floats(-1e6, 1e6)
    ),
    st.tuples(st.just(Generalise("band", 10)), st.floats(-1e6, 1e6)),
    st.tuples(st.just(Generalise("zip3")), st.from_regex(r"[0-9a½٣]{0,6}[- ]?[0-9x]{0,4}", fullmatch=True)),
)
TYPES: dict[type, Any] = {date: Date(), int: BigInteger(), float: Float(53), str: String(40)}


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(WAYS)
def test_sql_gives_what_the_plain_reading_gives(treat: Treat, way: tuple[Generalise, Any]) -> None:
    treatment, value = way
    plain = value.isoformat() if isinstance(value, date) else value
    assert treat(treatment, TYPES[type(value)], [value]) == [treated_value(plain, treatment, TODAY, SUBJECTS)]
