"""What a page is read into: columns as the driver gives them, without an object for a row or a value where none is needed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    CursorResult,
    Date,
    Dialect,
    LargeBinary,
    Select,
    Text,
    TypeDecorator,
    func,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from gateway.store.engine import driver_errors


class AsItCame(LargeBinary):
    """Bytes as the driver gives them, which both drivers do as `bytes`: copying each once more costs as much as reading it."""

    cache_ok = True

    def result_processor(self, dialect: object, coltype: object) -> None:
        return None


class InColumns:
    """A statement whose result is taken apart by column, so that no object is made of a row."""

    def __init__(self, statement: Select[*tuple[Any, ...]], dialect: Dialect) -> None:
        self._statement = statement
        self._dialect = dialect
        self._as_it_came: bool | None = None

    def fetch(self, connection: Connection, bound: Mapping[str, object]) -> list[Sequence[Any]]:
        """The columns; an empty list where there is no row."""
        result = connection.execute(self._statement, bound)
        if self._as_it_came is None:
            self._as_it_came = self._nothing_to_process(result)
        # The driver's tuples, where SQLAlchemy has nothing to make of their values: an object a row costs as much as reading it.
        if self._as_it_came and result.cursor is not None:
            with driver_errors(connection):
                rows: Sequence[Sequence[Any]] = result.cursor.fetchall()
        else:
            rows = result.fetchall()
        result.close()
        return list(zip(*rows, strict=True))

    def _nothing_to_process(self, result: CursorResult[*tuple[Any, ...]]) -> bool:
        described = [] if result.cursor is None else result.cursor.description
        types = [column.type.dialect_impl(self._dialect) for column in self._statement.selected_columns]
        return len(types) == len(described) and all(
            type_.result_processor(self._dialect, column[1]) is None for type_, column in zip(types, described, strict=True)
        )


class Records(TypeDecorator[Sequence[int]]):
    """Record numbers as one parameter: a thousand parameters cost more than the rows that they fetch."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(BigInteger) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Sequence[int] | None, dialect: Dialect) -> object:
        return value if value is None or dialect.name == "postgresql" else json.dumps(value)


class Among(FunctionElement[Any]):
    """Whether a number (the first clause) is among `Records` (the second).

    Not of the type Boolean: `= 1`, which is what SQLAlchemy makes of it for SQLite, keeps SQLite from looking in an index."""

    name = "gateway_among"
    inherit_cache = True


@compiles(Among, "postgresql")
def _among_in_postgresql(element: Among, compiler: Any, **options: Any) -> str:
    number, records = element.clauses
    return f"({compiler.process(number, **options)} = ANY({compiler.process(records, **options)}))"


@compiles(Among, "sqlite")
def _among_in_sqlite(element: Among, compiler: Any, **options: Any) -> str:
    number, records = element.clauses
    listed = select(func.json_each(records).table_valued("value").c.value)
    text: str = compiler.process(number.in_(listed), **options)
    return text


class NotByIndex(FunctionElement[int]):
    """A number by which SQLite is not to choose an index: nearly every row began before the version that is read, and to sort them
    costs more than to follow the order in which they are asked for. PostgreSQL knows that from its statistics."""

    name = "gateway_not_by_index"
    type = BigInteger()
    inherit_cache = True


@compiles(NotByIndex, "sqlite")
def _not_by_index_in_sqlite(element: NotByIndex, compiler: Any, **options: Any) -> str:
    return f"+{compiler.process(element.clauses, **options)}"


@compiles(NotByIndex, "postgresql")
def _not_by_index_in_postgresql(element: NotByIndex, compiler: Any, **options: Any) -> str:
    text: str = compiler.process(element.clauses, **options)
    return text


class Day(FunctionElement[str]):
    """A date column as ISO text."""

    name = "gateway_day"
    type = Text()
    inherit_cache = True


@compiles(Day, "sqlite")
def _day_in_sqlite(element: Day, compiler: Any, **options: Any) -> str:
    text: str = compiler.process(element.clauses, **options)
    return text


@compiles(Day, "postgresql")
def _day_in_postgresql(element: Day, compiler: Any, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} AS TEXT)"


def written(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A day as the ISO text that SQLite keeps and PostgreSQL writes: a date of Python's would only be made to be written again."""
    return Day(column).label(column.key) if isinstance(column.type, Date) else column
