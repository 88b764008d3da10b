"""Encode (pure): treated rows -> the exact bytes of the native JSON envelope `{notice, data, next}`."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from gateway.domain.query_plan import QueryPlan
from gateway.domain.rows import Body, TreatedRows

JSON = "application/json"


def encode(rows: TreatedRows, plan: QueryPlan, *, notice: str | None, following: str | None) -> Body:
    """Records in Ed-Fi's names and nesting, elements in the catalog's order; a permitted element without a value is null."""
    flat = [element.path for element in plan.selected if element.collection is None]
    columns = [rows.values[path] for path in flat]
    records: list[dict[str, object]]
    if columns:
        records = [dict(zip(flat, values, strict=True)) for values in zip(*columns, strict=True)]
    else:
        records = [{} for _ in range(rows.count)]
    if any("." in path for path in flat):
        records = [_nested(record.items()) for record in records]
    for name, lists in rows.members.items():
        deep = any(
            "." in path for element in plan.selected if element.collection == name for path in [element.path.partition(".")[2]]
        )
        for record, members in zip(records, lists, strict=True):
            record[name] = [_nested(member.items()) for member in members] if deep else members
    return Body(orjson.dumps({"notice": notice, "data": records, "next": following}), JSON)


def _nested(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    """`{"a.b": 1}` -> `{"a": {"b": 1}}`, at any depth."""
    record: dict[str, object] = {}
    for path, value in pairs:
        *parents, name = path.split(".")
        place = record
        for parent in parents:
            inner = place.setdefault(parent, {})
            if isinstance(inner, dict):
                place = inner
        place[name] = value
    return record
