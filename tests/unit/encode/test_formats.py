"""Every format says what JSON says, of the same rows, in the same bytes each time."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import date
from typing import Any
from urllib.parse import unquote

import orjson
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.access import Format
from gateway.domain.identifiers import ElementPath, InstitutionId, ResourceName
from gateway.domain.query_plan import PlannedElement, QueryPlan
from gateway.domain.rows import Body, TreatedMembers, TreatedRows
from gateway.domain.treatments import Share
from gateway.encode import MEDIA_TYPES, encode

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=8)
    | st.sampled_from(["=1+1", "-x", "a\r\nb", '"']),
    "integer": st.integers(-(1 << 63), (1 << 63) - 1),
    "number": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "date": st.dates(date(1900, 1, 1), date(2100, 1, 1)).map(date.isoformat),
}
OWN = {f"own.{kind}": kind for kind in VALUES}
INSIDE = {f"listed.{kind}": kind for kind in VALUES}


def planned(path: str, kind: str, collection: str | None) -> PlannedElement:
    return PlannedElement(ElementPath(path), "column", Share(), "c", None, collection, kind)


PLANNED = (
    *(planned(path, kind, None) for path, kind in OWN.items()),
    *(planned(path, kind, "listed") for path, kind in INSIDE.items()),
)
PLAN = QueryPlan(ResourceName("r"), InstitutionId("p"), PLANNED, PLANNED, (), (), (), (), None, 1, date(2026, 11, 24))


@st.composite
def pages(draw: st.DrawFn) -> TreatedRows:
    count = draw(st.integers(0, 4))
    own = {
        ElementPath(path): draw(st.lists(st.none() | VALUES[kind], min_size=count, max_size=count)) for path, kind in OWN.items()
    }
    row = draw(st.lists(st.integers(0, count - 1), max_size=6)) if count else []
    inside = {kind: draw(st.lists(st.none() | VALUES[kind], min_size=len(row), max_size=len(row))) for kind in VALUES}
    return TreatedRows(count, own, {"listed": TreatedMembers(row, inside)})


def written(rows: TreatedRows, form: Format, notice: str | None = None) -> Body:
    return encode(rows, PLAN, notice=notice, following=None, form=form)


def as_json(rows: TreatedRows) -> list[dict[str, Any]]:
    """What JSON says, with the elements of a record by their paths."""
    data = orjson.loads(written(rows, "json").content)["data"]
    return [{**{f"own.{name}": value for name, value in record["own"].items()}, "listed": record["listed"]} for record in data]


def as_table(table: pyarrow.Table) -> list[dict[str, Any]]:
    return [_days_in_words(record) for record in table.to_pylist()]


def _days_in_words(value: Any) -> Any:
    match value:
        case dict():
            return {name: _days_in_words(inner) for name, inner in value.items()}
        case list():
            return [_days_in_words(inner) for inner in value]
        case date():
            return value.isoformat()
        case _:
            return value


@given(pages())
def test_parquet_and_arrow_say_what_json_says(rows: TreatedRows) -> None:
    expected = as_json(rows)
    assert as_table(pyarrow.parquet.read_table(io.BytesIO(written(rows, "parquet").content))) == expected
    assert as_table(pyarrow.ipc.open_stream(written(rows, "arrow").content).read_all()) == expected


@given(pages())
def test_lines_say_what_json_says(rows: TreatedRows) -> None:
    content = written(rows, "ndjson").content
    data = orjson.loads(written(rows, "json").content)["data"]
    assert [orjson.loads(line) for line in content.split(b"\n")[:-1]] == data
    assert content == b"".join(orjson.dumps(record) + b"\n" for record in data)


@given(pages())
def test_csv_says_what_json_says(rows: TreatedRows) -> None:
    header, *found = csv.reader(io.StringIO(written(rows, "csv").content.decode(), newline=""))
    assert header == [*OWN, "listed"]
    assert len(found) == rows.count
    for cells, expected in zip(found, as_json(rows), strict=True):
        assert json.loads(cells[-1]) == expected["listed"]
        for kind, cell in zip(VALUES, cells, strict=False):
            assert _plain(cell, kind) == expected[f"own.{kind}"] or (cell == "" and expected[f"own.{kind}"] is None)


def _plain(cell: str, kind: str) -> object:
    if not cell and kind != "string":
        return None
    match kind:
        case "integer":
            return int(cell)
        case "number":
            return float(cell)
        case "boolean":
            return {"true": True, "false": False}[cell]
        case "string":
            return cell[1:] if cell[:1] == "'" and cell[1:2] in "=+-@\t\r" and cell[1:] else cell
        case _:
            return cell


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1+1", "@SUM(A1)", "\tx", "\rx"])
def test_no_text_runs_in_a_spreadsheet(formula: str) -> None:
    own = {ElementPath(path): [formula if kind == "string" else None] for path, kind in OWN.items()}
    content = written(TreatedRows(1, own, {}), "csv").content.decode()
    [_, record] = csv.reader(io.StringIO(content, newline=""))
    assert record[0] == f"'{formula}"


def test_a_number_below_zero_is_no_formula() -> None:
    own = {ElementPath(path): [-5 if kind == "integer" else None] for path, kind in OWN.items()}
    assert b",-5," in written(TreatedRows(1, own, {}), "csv").content


@given(pages(), st.sampled_from(sorted(MEDIA_TYPES)))
def test_the_same_rows_are_the_same_bytes(rows: TreatedRows, form: Format) -> None:
    assert written(rows, form) == written(rows, form)


@pytest.mark.parametrize("form", ["ndjson", "csv", "parquet", "arrow"])
def test_what_stands_around_the_records_goes_beside_them(form: Format) -> None:
    rows = TreatedRows(0, {ElementPath(path): () for path in OWN}, {})
    body = encode(rows, PLAN, notice="Nicht weitergeben: §99", following="n", preceding=None, count=7, form=form)
    assert body.media_type == MEDIA_TYPES[form]
    assert {name: text for name, text in body.headers.items() if name != "Gateway-Notice"} == {
        "Gateway-Next": "n",
        "Gateway-Count": "7",
    }
    assert unquote(body.headers["Gateway-Notice"].removeprefix("UTF-8''")) == "Nicht weitergeben: §99"
    assert body.headers["Gateway-Notice"].isascii()


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_the_notice_goes_with_a_file(form: Format) -> None:
    content = written(TreatedRows(0, {ElementPath(path): () for path in OWN}, {}), form, "Do not pass on").content
    schema = pyarrow.parquet.read_schema(io.BytesIO(content)) if form == "parquet" else pyarrow.ipc.open_stream(content).schema
    assert schema.metadata[b"notice"] == b"Do not pass on"


def test_lists_follow_their_records_in_any_order_of_these() -> None:
    members = TreatedMembers([1, 0, 1], {kind: [f"{at}" if kind == "string" else None for at in range(3)] for kind in VALUES})
    rows = TreatedRows(2, {ElementPath(path): [None, None] for path in OWN}, {"listed": members})
    lists: Sequence[Any] = [
        record["listed"] for record in as_table(pyarrow.ipc.open_stream(written(rows, "arrow").content).read_all())
    ]
    assert [[member["string"] for member in found] for found in lists] == [["1"], ["0", "2"]]
