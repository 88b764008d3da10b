"""A page in one of five formats: records in Ed-Fi's names, elements in the catalog's order; what has no value is null, or empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

import orjson

from gateway.domain.access import Format
from gateway.domain.query_plan import QueryPlan
from gateway.domain.rows import Body, TreatedRows
from gateway.encode.arrow import arrow_stream, parquet
from gateway.encode.csv_text import csv_text
from gateway.encode.json_text import NOTHING, records

MEDIA_TYPES: Mapping[Format, str] = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.stream",
}


def encode(
    rows: TreatedRows,
    plan: QueryPlan,
    *,
    notice: str | None,
    following: str | None,
    preceding: str | None = None,
    count: int | None = None,
    form: Format = "json",
    beside: Mapping[str, Sequence[bytes]] = NOTHING,
) -> Body:
    """JSON is the envelope `{notice, data, next, prev}`, with `count` on request. The other formats hold records and nothing else,
    so that what stands around them goes into headers (decision 8), and the notice into the metadata of Parquet and Arrow too.
    `beside` are the lists that were expanded, for JSON and JSON Lines."""
    if form == "json":
        content = (
            *(b'{"notice":', orjson.dumps(notice)),
            *(b',"data":[', records(rows, plan, b",", beside)),
            *(b'],"next":', orjson.dumps(following), b',"prev":', orjson.dumps(preceding)),
            *(() if count is None else (b',"count":', orjson.dumps(count))),
            b"}",
        )
        return Body(b"".join(content), MEDIA_TYPES[form])
    around = {"Gateway-Next": following, "Gateway-Prev": preceding, "Gateway-Count": None if count is None else str(count)}
    headers = {name: text for name, text in around.items() if text is not None} | notice_header(notice)
    return Body(_bytes(rows, plan, notice, form, beside), MEDIA_TYPES[form], headers)


def notice_header(notice: str | None) -> dict[str, str]:
    """A header is ASCII, a notice in the words of its agreement: RFC 8187 spells such a text so."""
    return {} if notice is None else {"Gateway-Notice": f"UTF-8''{quote(notice)}"}


def _bytes(rows: TreatedRows, plan: QueryPlan, notice: str | None, form: Format, beside: Mapping[str, Sequence[bytes]]) -> bytes:
    match form:
        case "ndjson":
            return records(rows, plan, b"\n", beside) + b"\n" * bool(rows.count)
        case "csv":
            return csv_text(rows, plan)
        case "parquet":
            return parquet(rows, plan, notice)
        case _:
            return arrow_stream(rows, plan, notice)
