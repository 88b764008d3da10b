"""What SQL can make coarser: one expression for each generalisation, with the same result on SQLite and PostgreSQL.

`policies/agreements/README.md` defines them. What has no coarser value (no postal code of the United States, a code in no group, a
birth date in the future) is null: never the value itself, never another group.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Float, Integer, Text, and_, case, cast, extract, func, literal, null, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from gateway.domain.grade_bands import GRADE_BANDS
from gateway.domain.treatments import Generalise
from gateway.errors import IntegrityError

DIGITS = tuple("0123456789")
ZIP_DIGITS, ZIP3_DIGITS = 5, 3
MONTH_LENGTH = len("2026-11")
DAYS_IN_AGE = 10_000
"""Years are what is left of a difference of days written as `yyyymmdd` when its last four digits are cut off."""


def generalised(
    column: ColumnElement[Any], treatment: Generalise, today: date, code_lists: Mapping[str, Mapping[str, str]]
) -> ColumnElement[Any]:
    """The treated column. `today` is the agreement's day (for ages). Raises `IntegrityError` for parameters that do not fit,
    which a checked agreement does not have."""
    match treatment:
        case Generalise("year", None):
            return extract("year", column).cast(BigInteger)
        case Generalise("month", None):
            return func.substr(cast(column, Text), 1, MONTH_LENGTH)
        case Generalise("age_band", int(width)):
            return _age_band(column, width, today)
        case Generalise("zip3", None):
            return _zip3(column)
        case Generalise("band", int(width)):
            return _band(_whole(column), width)
        case Generalise("round", int() | float() as multiple):
            return _rounded(column, multiple)
        case Generalise("top_code", int() | float() as bound):
            return case((column > _same_type(column, bound), _same_type(column, bound)), else_=column)
        case Generalise("bottom_code", int() | float() as bound):
            return case((column < _same_type(column, bound), _same_type(column, bound)), else_=column)
        case Generalise("roll_up", str(name)) if name in code_lists:
            return _grouped(column, code_lists[name])
        case Generalise("grade_band", None):
            return _grouped(func.lower(_code_value(column)), GRADE_BANDS)
        case _:
            raise IntegrityError("The permit has a generalisation that cannot be done.")


def _age_band(column: ColumnElement[Any], width: int, today: date) -> ColumnElement[Any]:
    born = cast(func.replace(cast(column, Text), "-", ""), BigInteger)
    age = (literal(int(today.strftime("%Y%m%d")), BigInteger) - born) // literal(DAYS_IN_AGE, BigInteger)
    return case((column <= today, _band(age, width)), else_=null())


def _zip3(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """ZIP and ZIP+4 only: the first three characters of another country's code can be its smallest district."""
    digits = [func.substr(column, place, 1).in_(DIGITS) for place in range(1, ZIP_DIGITS + 1)]
    length = func.length(column)
    plus_four = (length == len("60614-1234")) & (func.substr(column, ZIP_DIGITS + 1, 1) == "-")
    is_zip = and_(or_(length == ZIP_DIGITS, length == len("606141234"), plus_four), *digits)
    return case((is_zip, func.substr(column, 1, ZIP3_DIGITS)), else_=null())


def _band(number: ColumnElement[Any], width: int) -> ColumnElement[Any]:
    step = literal(width, BigInteger)
    lowest = number - (number % step + step) % step
    return cast(lowest, Text) + "-" + cast(lowest + literal(width - 1, BigInteger), Text)


def _rounded(column: ColumnElement[Any], multiple: float) -> ColumnElement[Any]:
    """The nearest multiple, halves up. Whole numbers are counted in halves, so that no fraction is rounded on the way."""
    if isinstance(column.type, Integer) and isinstance(multiple, int):
        halves, step = column * 2 + multiple, literal(2 * multiple, BigInteger)
        return (halves - (halves % step + step) % step) // literal(2, BigInteger)
    exact = literal(float(multiple), Float(53))
    return Floor(column / exact + literal(0.5, Float(53))) * exact


def _whole(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return column if isinstance(column.type, Integer) else Floor(column)


def _same_type(column: ColumnElement[Any], bound: float) -> ColumnElement[Any]:
    return literal(bound, column.type)


def _grouped(column: ColumnElement[Any], groups: Mapping[str, str]) -> ColumnElement[Any]:
    return case(dict(groups), value=column, else_=null()) if groups else null()


def _code_value(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """`uri://ed-fi.org/GradeLevelDescriptor#Seventh grade` -> `Seventh grade`; what has no `#` is a code value already."""
    return func.substr(column, Position(column) + literal(1, Integer))


class Floor(FunctionElement[int]):
    """The largest whole number that is not above a number. SQLite has no such function without its math extension."""

    name = "gateway_floor"
    type = BigInteger()
    inherit_cache = True


@compiles(Floor, "postgresql")
def _floor_of_postgresql(element: Floor, compiler: Any, **options: Any) -> str:
    [number] = element.clauses
    return f"CAST(floor({compiler.process(number, **options)}) AS BIGINT)"


@compiles(Floor, "sqlite")
def _floor_of_sqlite(element: Floor, compiler: Any, **options: Any) -> str:
    [number] = element.clauses
    text = compiler.process(number, **options)
    return f"(CAST({text} AS INTEGER) - (({text}) < CAST({text} AS INTEGER)))"


class Position(FunctionElement[int]):
    """Where the first `#` of a text stands, from 1; 0 where there is none."""

    name = "gateway_position"
    type = Integer()
    inherit_cache = True


@compiles(Position, "postgresql")
def _position_in_postgresql(element: Position, compiler: Any, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)}, '#')"


@compiles(Position, "sqlite")
def _position_in_sqlite(element: Position, compiler: Any, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)}, '#')"
