"""Compile what a client asked, against columns of the permitted view only: predicates, orders, and where a page starts.

Both databases give the same rows in the same order: texts are compared by their code points, a missing value is last, and a
predicate that does not hold is false, never unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import ge, gt, le, lt
from typing import Any, Literal, assert_never

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    Integer,
    Text,
    and_,
    bindparam,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.functions import FunctionElement

from gateway.domain.identifiers import ElementPath
from gateway.domain.narrowing import LONGEST_KEY, Compared, Narrowing, Position, Predicate, Predicates, SortKey
from gateway.errors import IntegrityError

AFTER = "after"
"""The parameter that holds the record of a page's position."""

Columns = ReadOnlyColumnCollection[str, Any]
"""Those of the permitted view."""


@dataclass(frozen=True)
class Listed:
    """The treated column of an element that stands in a list, and what ties a member to the record."""

    column: ColumnElement[Any]
    of_the_record: tuple[ColumnElement[bool], ...]


def holds(narrowing: Narrowing, columns: Columns, listed: Mapping[ElementPath, Listed]) -> ColumnElement[bool]:
    """Whether a record satisfies a narrowing."""
    match narrowing:
        case Predicates(word, parts):
            conditions = [holds(part, columns, listed) for part in parts]
            return and_(*conditions) if word == "and" else or_(*conditions)
        case Predicate(path) if path in listed:
            return _some_member(narrowing, listed[path])
        case Predicate(path):
            column: ColumnElement[Any] = columns[path]
            if narrowing.operator == "isnull":
                return column.is_not(None) if narrowing.negated else column.is_(None)
            compared = _compared(column, narrowing)
            return or_(column.is_(None), not_(compared)) if narrowing.negated else compared


def _some_member(predicate: Predicate, listed: Listed) -> ColumnElement[bool]:
    """Of a list, nothing is missing where some member has a value."""
    if predicate.operator == "isnull":
        valued = exists().where(*listed.of_the_record, listed.column.is_not(None))
        return valued if predicate.negated else ~valued
    found = exists().where(*listed.of_the_record, _compared(listed.column, predicate))
    return ~found if predicate.negated else found


def _compared(column: ColumnElement[Any], predicate: Predicate) -> ColumnElement[bool]:
    """True or false for every value that there is."""
    values: list[object] = [bound(column, value) for value in predicate.values]
    match predicate.operator:
        case "eq":
            return column == values[0]
        case "in":
            return column.in_(values) if values else false()
        case "lt" | "le" | "gt" | "ge":
            return _ordered(column, predicate.operator, values[0])
        case "contains":
            return Place(column, literal(values[0], Text)) > literal(0, Integer)
        case "startswith":
            return func.substr(column, 1, len(str(values[0])), type_=Text) == literal(values[0], Text)
        case "ne" | "isnull":
            raise IntegrityError("The plan has a predicate that compares nothing.")
        case _:
            assert_never(predicate.operator)


def _ordered(column: ColumnElement[Any], operator: Literal["lt", "le", "gt", "ge"], value: object) -> ColumnElement[bool]:
    left = ByCodePoint(column) if isinstance(value, str) else column
    match operator:
        case "lt":
            return left < value
        case "le":
            return left <= value
        case "gt":
            return left > value
        case "ge":
            return left >= value
        case _:
            assert_never(operator)


def sorted_on(key: SortKey, columns: Columns) -> ColumnElement[Any]:
    """What an order looks at of an element, and what stands in a cursor."""
    column = columns[key.path]
    return func.substr(column, 1, LONGEST_KEY, type_=Text) if key.text else column


def in_order(sort: Sequence[SortKey], columns: Columns, record: ColumnElement[int], *, backward: bool) -> list[ColumnElement[Any]]:
    """The order of a walk; records of equal keys are ordered by their number, which tells nothing."""
    order: list[ColumnElement[Any]] = []
    for key in sort:
        on = sorted_on(key, columns)
        on = ByCodePoint(on) if key.text else on
        directed = on.desc() if key.descending != backward else on.asc()
        order.append(directed.nulls_first() if backward else directed.nulls_last())
    return [*order, record.desc() if backward else record.asc()]


def past(
    position: Position,
    sort: Sequence[SortKey],
    columns: Columns,
    record: ColumnElement[int],
    *,
    backward: bool,
    from_it: bool = False,
) -> ColumnElement[bool]:
    """Whether a record comes behind a position, or before it (`backward`); `from_it`: or is the record that stands there. The
    position's record is the parameter `after`."""
    at = bindparam(AFTER, type_=BigInteger)
    compare = (le if from_it else lt) if backward else (ge if from_it else gt)
    condition: ColumnElement[bool] = compare(record, at)
    for key, value in reversed(list(zip(sort, position.keys, strict=True))):
        on = sorted_on(key, columns)
        if value is None:
            condition = on.is_not(None) | condition if backward else on.is_(None) & condition
            continue
        limit = bound(on, value)
        left = ByCodePoint(on) if key.text else on
        further = left < limit if key.descending != backward else left > limit
        condition = or_(further, and_(on == limit, condition), *([] if backward else [on.is_(None)]))
    return condition


def bound(column: ColumnElement[Any], value: Compared) -> Any:
    """A value as a parameter of the column's type."""
    if isinstance(column.type, Date) and isinstance(value, str):
        return date.fromisoformat(value)
    return literal(value, Boolean) if isinstance(value, bool) else value


class ByCodePoint(FunctionElement[str]):
    """A text that is ordered by its code points, whatever the database's own collation is."""

    name = "gateway_by_code_point"
    type = Text()
    inherit_cache = True


@compiles(ByCodePoint, "sqlite")
def _by_code_point_in_sqlite(element: ByCodePoint, compiler: Any, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)} COLLATE BINARY)"


@compiles(ByCodePoint, "postgresql")
def _by_code_point_in_postgresql(element: ByCodePoint, compiler: Any, **options: Any) -> str:
    return f'({compiler.process(element.clauses, **options)} COLLATE "C")'


class Place(FunctionElement[int]):
    """Where a text first stands in another, from 1; 0 where it does not. No character of it is a wildcard."""

    name = "gateway_place"
    type = Integer()
    inherit_cache = True


@compiles(Place, "sqlite")
def _place_in_sqlite(element: Place, compiler: Any, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)})"


@compiles(Place, "postgresql")
def _place_in_postgresql(element: Place, compiler: Any, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)})"
