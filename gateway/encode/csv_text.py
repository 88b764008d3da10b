"""CSV (RFC 4180, UTF-8): a column for each element, a list as JSON in its cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from gateway.domain.query_plan import QueryPlan
from gateway.domain.rows import TreatedRows
from gateway.encode.json_text import lists_of

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet may take for the beginning of a formula."""


def csv_text(rows: TreatedRows, plan: QueryPlan) -> bytes:
    """A header with the elements' paths, then the records. A text that a spreadsheet could run gets a `'` in front."""
    own = {str(element.path): _cells(rows.values[element.path]) for element in plan.selected if element.collection is None}
    lists = {name: [text.decode() for text in lists_of(members, rows.count)] for name, members in rows.members.items()}
    columns = own | lists
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue().encode()


def _cells(column: Sequence[object]) -> list[object]:
    return [_cell(value) for value in column]


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
