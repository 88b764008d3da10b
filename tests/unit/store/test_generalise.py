"""What SQL makes coarser: the README's own examples, its edges, and a plain reading of it in Python, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Column, Date, Float, MetaData, String, Table, insert, select

from gateway.domain.treatments import Generalise
from gateway.errors import IntegrityError
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
