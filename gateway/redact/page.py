"""One page of rows, treated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import orjson

from gateway.domain.identifiers import ElementPath
from gateway.domain.query_plan import PlannedElement, QueryPlan
from gateway.domain.rows import MemberRows, OwnIds, Rows, TreatedMembers, TreatedRows
from gateway.domain.treatments import MaskText, RedactText
from gateway.keys.pseudonym import Pseudonyms
from gateway.redact.mask import mask
from gateway.redact.text import Place, TextRedactor, withhold_text

NOTHING = b"{}"
Opener = Callable[[str | None, Sequence[bytes | None], Iterable[Place]], Iterable[bytes | None]]
"""(collection or None, sealed bytes, the place of each) -> JSON of the sealed elements by path."""
OwnIdOpener = Callable[[str, OwnIds], Sequence[str | None]]
"""(key space, what its roster has for the records of a page) -> the recipient's own ids."""


def redact(
    rows: Rows,
    plan: QueryPlan,
    pseudonyms: Pseudonyms,
    unseal: Opener,
    own_ids: OwnIdOpener,
    texts: TextRedactor = withhold_text,
) -> TreatedRows:
    """Every selected element's treated values. Raises `IntegrityError` when a sealed value does not open."""
    places = list(zip(rows.records, rows.versions, strict=True)) if rows.versions else []
    own = [element for element in plan.selected if element.collection is None]
    returned = {
        element.path: own_ids(str(element.key_space), rows.own_ids[element.path]) for element in own if element.origin == "own_id"
    }
    values = {**rows.values, **returned, **_opened(None, own, rows.sealed, places, unseal)}
    return TreatedRows(
        count=len(rows.records),
        values={element.path: _treated(element, values[element.path], places, pseudonyms, texts) for element in own},
        members={name: _members(name, members, plan, places, pseudonyms, unseal, texts) for name, members in rows.members.items()},
    )


def _opened(
    collection: str | None,
    elements: Sequence[PlannedElement],
    sealed: Sequence[bytes | None] | None,
    places: Iterable[Place],
    unseal: Opener,
) -> Mapping[ElementPath, Sequence[object]]:
    """The sealed elements' values, by column."""
    if sealed is None:
        return {}
    clear = [NOTHING if text is None else text for text in unseal(collection, sealed, places)]
    rows: list[dict[str, object]] = orjson.loads(b"[%b]" % b",".join(clear))
    return {element.path: [row.get(element.path) for row in rows] for element in elements if element.origin == "sealed"}


def _treated(
    element: PlannedElement, column: Sequence[object], places: Iterable[Place], pseudonyms: Pseudonyms, texts: TextRedactor
) -> Sequence[object]:
    if element.origin == "surrogate":
        return pseudonyms.of(column, str(element.key_space))  # type: ignore[arg-type]
    if isinstance(element.treatment, MaskText):
        keep = element.treatment.keep
        return [None if value is None else mask(str(value), keep) for value in column]
    if isinstance(element.treatment, RedactText):
        return texts(element.path, column, places)
    return column


def _members(
    name: str,
    members: MemberRows,
    plan: QueryPlan,
    places: Sequence[Place],
    pseudonyms: Pseudonyms,
    unseal: Opener,
    texts: TextRedactor,
) -> TreatedMembers:
    elements = [element for element in plan.selected if element.collection == name]
    own_places = [(*places[row], ordinal) for row, ordinal in zip(members.row, members.ordinal, strict=True)]
    columns = {**members.values, **_opened(name, elements, members.sealed, own_places, unseal)}
    treated = [_treated(element, columns[element.path], own_places, pseudonyms, texts) for element in elements]
    paths = [element.path.partition(".")[2] for element in elements]
    if len(treated) == 1 and None not in treated[0] and len(set(members.row)) == len(members.row):
        return TreatedMembers(members.row, dict(zip(paths, treated, strict=True)))
    nothing = (None,) * len(elements)
    shown = [(row, values) for row, values in zip(members.row, zip(*treated, strict=True), strict=True) if values != nothing]
    if len({row for row, _ in shown}) < len(shown):
        shown = _told_apart(shown)
    kept = zip(*(values for _, values in shown), strict=True) if shown else ((),) * len(elements)
    return TreatedMembers([row for row, _ in shown], dict(zip(paths, kept, strict=True)))


def _told_apart(shown: Sequence[tuple[int, tuple[object, ...]]]) -> list[tuple[int, tuple[object, ...]]]:
    """A row's treated members once each, ordered by what they show: number and order must not tell what is withheld in them."""
    return sorted(set(shown), key=lambda member: (member[0], [(value is not None, str(value)) for value in member[1]]))
