"""The columns of a page become the very bytes that encoding record by record gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.identifiers import ElementPath, InstitutionId, ResourceName
from gateway.domain.query_plan import PlannedElement, QueryPlan
from gateway.domain.rows import TreatedMembers, TreatedRows
from gateway.domain.treatments import Share
from gateway.encode import encode

OWN = ("a", "b.c", "b.d.e", "f", "b.g", 'h"\\.i')
INSIDE = ("a", "b.c", "b.d", "é")
COLLECTIONS = ("listed", "also")
WHOLE = st.integers(min_value=-(1 << 63), max_value=(1 << 63) - 1)
VALUES = st.none() | st.booleans() | WHOLE | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=12)
AWKWARD = st.sampled_from([",\n  ", "\n]", '",\n  "', "\\", "\u2028", "\x00\x1f\x7f", "[]", "%b", "e\u0301", "\U0001f600"])


def planned(path: str, collection: str | None) -> PlannedElement:
    return PlannedElement(ElementPath(path), "column", Share(), "c", None, collection)


def plan_of(own: Sequence[str], inside: Mapping[str, Sequence[str]]) -> QueryPlan:
    selected = (
        *(planned(path, None) for path in own),
        *(planned(f"{name}.{path}", name) for name, paths in inside.items() for path in paths),
    )
    return QueryPlan(ResourceName("r"), InstitutionId("p"), selected, selected, (), (), (), (), None, 1, date(2026, 11, 24))


def nested(flat: Mapping[str, object]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for path, value in flat.items():
        inner = record
        *names, last = path.split(".")
        for name in names:
            inner = inner.setdefault(name, {})
        inner[last] = value
    return record


@given(st.data())
def test_the_bytes_are_those_of_encoding_record_by_record(data: st.DataObject) -> None:
    values = VALUES | AWKWARD
    count = data.draw(st.integers(min_value=0, max_value=5))
    own = data.draw(st.lists(st.sampled_from(OWN), unique=True))
    inside = {name: data.draw(st.lists(st.sampled_from(INSIDE), unique=True, min_size=1)) for name in COLLECTIONS}
    columns = {path: data.draw(st.lists(values, min_size=count, max_size=count)) for path in own}
    lists = {
        name: [[{path: data.draw(values) for path in paths} for _ in range(data.draw(st.integers(0, 3)))] for _ in range(count)]
        for name, paths in inside.items()
    }
    notice, following, preceding = (data.draw(st.none() | st.text()) for _ in range(3))
    counted = data.draw(st.none() | st.integers(min_value=0, max_value=(1 << 63) - 1))
    records = [
        nested({path: column[at] for path, column in columns.items()})
        | {name: [nested(member) for member in found[at]] for name, found in lists.items()}
        for at in range(count)
    ]
    members = {name: in_columns(inside[name], found) for name, found in lists.items()}
    treated = TreatedRows(count, {ElementPath(path): column for path, column in columns.items()}, members)
    body = encode(treated, plan_of(own, inside), notice=notice, following=following, preceding=preceding, count=counted)
    assert body.content == orjson.dumps(
        {"notice": notice, "data": records, "next": following, "prev": preceding} | ({} if counted is None else {"count": counted})
    )


def in_columns(paths: Sequence[str], lists: Sequence[Sequence[Mapping[str, object]]]) -> TreatedMembers:
    flat = [(row, member) for row, found in enumerate(lists) for member in found]
    return TreatedMembers([row for row, _ in flat], {path: [member[path] for _, member in flat] for path in paths})
