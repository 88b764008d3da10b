"""Encode (pure): treated rows -> the exact bytes of the native JSON envelope `{notice, data, next}`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from gateway.domain.query_plan import QueryPlan
from gateway.domain.rows import Body, TreatedRows

JSON = "application/json"


def encode(rows: TreatedRows, plan: QueryPlan, *, notice: str | None, following: str | None) -> Body:
    """Records in Ed-Fi's names and nesting, elements in the catalog's order; a permitted element without a value is null."""
    records = _nested(
        [(element.path, rows.values[element.path]) for element in plan.selected if element.collection is None], rows.count
    )
    for name, lists in rows.members.items():
        deep = any("." in element.path.partition(".")[2] for element in plan.selected if element.collection == name)
        for record, members in zip(records, lists, strict=True):
            record[name] = [_unfolded(member) for member in members] if deep else members
    return Body(orjson.dumps({"notice": notice, "data": records, "next": following}), JSON)


def _nested(columns: Sequence[tuple[str, Sequence[object]]], count: int) -> list[dict[str, object]]:
    """Columns `a.b` and `a.c` -> rows `{"a": {"b": .., "c": ..}}`, at any depth; a column of inner rows at a time, as
    splitting paths row by row costs more than all the rest of a page."""
    if not columns:
        return [{} for _ in range(count)]
    names: dict[str, list[tuple[str, Sequence[object]]]] = {}
    for path, values in columns:
        name, _, rest = path.partition(".")
        names.setdefault(name, []).append((rest, values))
    nested = [group[0][1] if not group[0][0] else _nested(group, count) for group in names.values()]
    return [dict(zip(names, values, strict=True)) for values in zip(*nested, strict=True)]


def _unfolded(member: Mapping[str, object]) -> dict[str, object]:
    """`{"a.b": 1}` -> `{"a": {"b": 1}}`."""
    return _nested([(path, (value,)) for path, value in member.items()], 1)[0]
