"""Find rows by many values of a key, in the words that each database is quick with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Connection, Select, bindparam, column, func, select, true

IN_LIST = 500
"""Values a statement: SQLite's oldest limit of bound parameters is 999."""


def one_of(
    connection: Connection, key: ColumnElement[Any], values: Sequence[object], found: Callable[[ColumnElement[bool]], Select[Any]]
) -> Select[Any]:
    """What `found` selects where the key, of which there is one row each, is one of at most `IN_LIST` values.

    PostgreSQL is made to look each up in the index. Left to itself it reads the whole table for a list, as long as it does not
    know how many rows there are; which is so during a first load, whose time grows with the square of the rows then.
    """
    if connection.dialect.name != "postgresql":
        return found(key.in_(values))
    listed = func.unnest(bindparam(None, list(values), type_=ARRAY(key.type)))
    each = listed.table_valued(column("value", key.type)).render_derived()
    one = found(key == each.c.value).limit(1).lateral()
    return select(one).select_from(each.join(one, true()))
