"""One page of rows, treated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import orjson

from gateway.domain.identifiers import ElementPath
from gateway.domain.query_plan import PlannedElement, QueryPlan
from gateway.domain.rows import MemberRows, Rows, TreatedRows
from gateway.domain.treatments import MaskText
from gateway.keys.pseudonym import Pseudonyms
from gateway.redact.mask import mask

Opener = Callable[[str | None, bytes, str], bytes]
"""(collection or None, sealed bytes, row's place) -> JSON of the sealed elements by path."""


def redact(rows: Rows, plan: QueryPlan, pseudonyms: Pseudonyms, unseal: Opener) -> TreatedRows:
    """Every selected element's treated values. Raises `IntegrityError` when a sealed value does not open."""
    places = [f"{plan.provider}|{record}|{version}" for record, version in zip(rows.records, rows.versions, strict=True)]
    own = [element for element in plan.selected if element.collection is None]
    opened = _opened(None, rows.sealed, places, unseal)
    return TreatedRows(
        count=len(rows.records),
        values={element.path: _treated(element, rows.values, opened, pseudonyms) for element in own},
        members={name: _members(name, members, plan, places, pseudonyms, unseal) for name, members in rows.members.items()},
    )


def _opened(
    collection: str | None, sealed: Sequence[bytes | None] | None, places: Sequence[str], unseal: Opener
) -> Sequence[Mapping[str, object]]:
    if sealed is None:
        return ()
    return [
        {} if blob is None else orjson.loads(unseal(collection, blob, place)) for blob, place in zip(sealed, places, strict=True)
    ]


def _treated(
    element: PlannedElement,
    values: Mapping[ElementPath, Sequence[object]],
    opened: Sequence[Mapping[str, object]],
    pseudonyms: Pseudonyms,
) -> Sequence[object]:
    column = [row.get(element.path) for row in opened] if element.origin == "sealed" else values[element.path]
    if element.origin == "surrogate":
        return pseudonyms.of(column, str(element.key_space))  # type: ignore[arg-type]
    if isinstance(element.treatment, MaskText):
        keep = element.treatment.keep
        return [None if value is None else mask(str(value), keep) for value in column]
    return column


def _members(
    name: str, members: MemberRows, plan: QueryPlan, places: Sequence[str], pseudonyms: Pseudonyms, unseal: Opener
) -> list[list[dict[str, object]]]:
    elements = [element for element in plan.selected if element.collection == name]
    own_places = [f"{places[row]}|{ordinal}" for row, ordinal in zip(members.row, members.ordinal, strict=True)]
    opened = _opened(name, members.sealed, own_places, unseal)
    columns = [_treated(element, members.values, opened, pseudonyms) for element in elements]
    paths = [element.path.partition(".")[2] for element in elements]
    lists: list[list[dict[str, object]]] = [[] for _ in places]
    nothing = (None,) * len(columns)
    treated: list[list[tuple[object, ...]]] = [[] for _ in places]
    for row, values in zip(members.row, zip(*columns, strict=True), strict=True):
        if values != nothing:
            treated[row].append(values)
    for mapped, found in zip(lists, treated, strict=True):
        mapped += [dict(zip(paths, values, strict=True)) for values in (_told_apart(found) if len(found) > 1 else found)]
    return lists


def _told_apart(members: Sequence[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Treated members once each, ordered by what they show: number and order must not tell what is withheld in them."""
    return sorted(set(members), key=lambda values: [(value is not None, str(value)) for value in values])
