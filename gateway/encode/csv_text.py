"""CSV (RFC 4180, UTF-8): a column for each element, a list as JSON in its cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from gateway.domain.query_plan import QueryPlan
from gateway.domain.rows import TreatedRows
from gateway.encode.json_text import lists_of

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet may take for the beginning of a formula."""


def csv_text(rows: TreatedRows, plan: QueryPlan) -> bytes:
    """A header with the elements' paths, then the records. A text that a spreadsheet could run gets a `'` in front."""
    return csv_header(rows, plan) + csv_rows(rows, plan)


def csv_header(rows: TreatedRows, plan: QueryPlan) -> bytes:
    """The first line of `csv_text`."""
    return _lines([[*(str(element.path) for element in plan.selected if element.collection is None), *rows.members]])


def csv_rows(rows: TreatedRows, plan: QueryPlan) -> bytes:
    """The other lines of `csv_text`."""
    own = [_cells(rows.values[element.path]) for element in plan.selected if element.collection is None]
    lists = [[text.decode() for text in lists_of(members, rows.count)] for members in rows.members.values()]
    return _lines(zip(*own, *lists, strict=True))


def _lines(rows: Iterable[Iterable[object]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _cells(column: Sequence[object]) -> list[object]:
    return [("true" if value else "false") if isinstance(value, bool) else inert(value) for value in column]


def inert(value: object) -> object:
    """A value as a cell; a text that a spreadsheet could run gets a `'` in front."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
