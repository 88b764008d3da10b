"""One page of rows, treated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import orjson

from gateway.domain.identifiers import ElementPath
from gateway.domain.query_plan import PlannedElement, QueryPlan
from gateway.domain.rows import MemberRows, Rows, TreatedRows
from gateway.domain.treatments import MaskText
from gateway.keys.pseudonym import Pseudonyms
from gateway.redact.mask import mask

Opener = Callable[[str | None, Sequence[bytes | None], Sequence[str]], Iterable[bytes | None]]
"""(collection or None, sealed bytes, row's place) -> JSON of the sealed elements by path."""


def redact(rows: Rows, plan: QueryPlan, pseudonyms: Pseudonyms, unseal: Opener) -> TreatedRows:
    """Every selected element's treated values. Raises `IntegrityError` when a sealed value does not open."""
    places = [f"{plan.provider}|{record}|{version}" for record, version in zip(rows.records, rows.versions, strict=True)]
    own = [element for element in plan.selected if element.collection is None]
    values = {**rows.values, **_opened(None, own, rows.sealed, places, unseal)}
    return TreatedRows(
        count=len(rows.records),
        values={element.path: _treated(element, values[element.path], pseudonyms) for element in own},
        members={name: _members(name, members, plan, places, pseudonyms, unseal) for name, members in rows.members.items()},
    )


def _opened(
    collection: str | None,
    elements: Sequence[PlannedElement],
    sealed: Sequence[bytes | None] | None,
    places: Sequence[str],
    unseal: Opener,
) -> Mapping[ElementPath, Sequence[object]]:
    """The sealed elements' values, by column. No row's mapping is kept: a thousand of them set off the garbage collector,
    which costs more than opening them."""
    if sealed is None:
        return {}
    columns: dict[ElementPath, list[object]] = {element.path: [] for element in elements if element.origin == "sealed"}
    takers = [(path, column.append) for path, column in columns.items()]
    for clear in unseal(collection, sealed, places):
        row = {} if clear is None else orjson.loads(clear)
        for path, take in takers:
            take(row.get(path))
    return columns


def _treated(element: PlannedElement, column: Sequence[object], pseudonyms: Pseudonyms) -> Sequence[object]:
    if element.origin == "surrogate":
        return pseudonyms.of(column, str(element.key_space))  # type: ignore[arg-type]
    if isinstance(element.treatment, MaskText):
        keep = element.treatment.keep
        return [None if value is None else mask(str(value), keep) for value in column]
    return column


def _members(
    name: str, members: MemberRows, plan: QueryPlan, places: Sequence[str], pseudonyms: Pseudonyms, unseal: Opener
) -> list[Sequence[Mapping[str, object]]]:
    elements = [element for element in plan.selected if element.collection == name]
    own_places = [f"{places[row]}|{ordinal}" for row, ordinal in zip(members.row, members.ordinal, strict=True)]
    columns = {**members.values, **_opened(name, elements, members.sealed, own_places, unseal)}
    treated = [_treated(element, columns[element.path], pseudonyms) for element in elements]
    paths = [element.path.partition(".")[2] for element in elements]
    nothing = (None,) * len(paths)
    first: list[tuple[object, ...] | None] = [None] * len(places)
    several: dict[int, list[tuple[object, ...]]] = {}
    for row, values in zip(members.row, zip(*treated, strict=True), strict=True):
        if values == nothing:
            continue
        known = first[row]
        if known is None:
            first[row] = values
        else:
            several.setdefault(row, [known]).append(values)
    lists: list[Sequence[Mapping[str, object]]] = [
        () if values is None else (dict(zip(paths, values, strict=True)),) for values in first
    ]
    for row, found in several.items():
        lists[row] = [dict(zip(paths, values, strict=True)) for values in _told_apart(found)]
    return lists


def _told_apart(members: Sequence[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Treated members once each, ordered by what they show: number and order must not tell what is withheld in them."""
    return sorted(set(members), key=lambda values: [(value is not None, str(value)) for value in values])
