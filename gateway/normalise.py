"""Normalise: a raw record becomes one that fits the catalog, or a rejection that says why. Pure.

Only what somebody needs goes on (decision 6), so what is not stored is not checked either.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from math import isfinite

from gateway.catalog.model import Element, ElementType, Resource
from gateway.domain.access import Scalar
from gateway.domain.identifiers import ElementPath
from gateway.domain.records import EducationRecord, RawRecord, Rejection

_TRUE = frozenset({"true", "yes", "1"})
_FALSE = frozenset({"false", "no", "0"})
_WHOLE = re.compile(r"([+-]?[0-9]{1,19})(?:\.0+)?")
_LARGEST = 2**63 - 1
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_DATE = r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
_TIME = r"([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:\.([0-9]{1,9}))?(Z|[+-][0-9]{2}:?[0-9]{2})?"
_MOMENT = re.compile(rf"{_DATE}(?:[T ]{_TIME})?")

# C0, DEL and C1 controls, the two Unicode line separators, embeddings and overrides of direction (they make a text show
# as something else), lone surrogates. Free text may have lines.
_CONTROLS = "\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"
_CONTROL = re.compile(f"[\x00-\x1f{_CONTROLS}]")
_CONTROL_IN_TEXT = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f{_CONTROLS}]")


class _Misfit(Exception):
    """A text that its element cannot hold: a code and a reason without the text."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code)
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class _Place:
    """The path of an element and the source column it came from."""

    path: str
    column: str


class _Refusal(Exception):
    """The first misfit of a record, with its place."""

    def __init__(self, place: _Place, code: str, reason: str) -> None:
        super().__init__(code)
        self.place = place
        self.code = code
        self.reason = reason


def normalise(raw: RawRecord, resource: Resource, needed: frozenset[ElementPath]) -> EducationRecord | Rejection:
    """One record alone; see `Normaliser`."""
    return Normaliser(resource, needed).normalise(raw)


class Normaliser:
    """Normalises the records of one resource.

    Kept are the elements in `needed` (paths inside a collection with its name), the identity, and the references that
    tell which person a row is about; elements of class `prohibited` never. An empty element, an incomplete reference,
    an empty or repeated member of a collection is left out. A missing identity member or a value that does not fit the
    element's type is a rejection; another element that Ed-Fi requires may be missing, as it is in real extracts.
    """

    def __init__(self, resource: Resource, needed: frozenset[ElementPath]) -> None:
        kept = needed.union(resource.identity, _person_paths(resource))
        self._resource = resource
        self._identity = frozenset(resource.identity)
        self._references = [reference.members for reference in resource.references.values()]
        self._elements = {path: _reading(element, kept) for path, element in resource.elements.items()}
        self._collections = {
            name: {path.partition(".")[2]: _reading(element, kept) for path, element in collection.elements.items()}
            for name, collection in resource.collections.items()
        }

    def normalise(self, raw: RawRecord) -> EducationRecord | Rejection:
        """The record with typed values, or why it goes to the quarantine (a reason names column and rule, never the value)."""
        try:
            elements = self._own(raw)
            collections = {name: members for name in raw.collections if (members := self._listed(raw, name, raw.collections[name]))}
        except _Refusal as refusal:
            return Rejection(raw.resource, raw.location, refusal.place.column, refusal.code, refusal.reason)
        return EducationRecord(raw.resource, raw.location, elements, collections)

    def _own(self, raw: RawRecord) -> dict[ElementPath, Scalar]:
        elements: dict[ElementPath, Scalar] = {}
        for path, text in raw.elements.items():
            reading = self._elements.get(path)
            if reading is None:
                raise _Refusal(_place(raw, path), "unknown_element", f"{self._resource.name} has no element {path}")
            if reading.kept and (value := _value(text, reading.element, raw)) is not None:
                elements[path] = value
        for path in self._resource.identity:
            if path not in elements:
                reason = f"{path} is part of the key of {self._resource.name} and is empty"
                raise _Refusal(_place(raw, path), "missing_identity", reason)
        return self._without_partial_references(elements, raw)

    def _without_partial_references(self, elements: dict[ElementPath, Scalar], raw: RawRecord) -> dict[ElementPath, Scalar]:
        """A reference of which the source gave only some members refers to nothing; its members go."""
        partial: set[ElementPath] = set()
        whole: set[ElementPath] = set(self._identity)
        for members in self._references:
            complete = all(raw.elements.get(path, "").strip() for path in members)
            (whole if complete else partial).update(members)
        dropped = partial - whole
        return {path: value for path, value in elements.items() if path not in dropped} if dropped else elements

    def _listed(self, raw: RawRecord, name: str, members: Sequence[Mapping[str, str]]) -> tuple[Mapping[str, Scalar], ...]:
        readings = self._collections.get(name)
        if readings is None:
            raise _Refusal(_Place(name, name), "unknown_element", f"{self._resource.name} has no collection {name}")
        typed = [self._member(raw, name, readings, member) for member in members]
        # Members that differ only in what nobody needs are one member.
        return tuple({tuple(sorted(member.items())): member for member in typed if member}.values())

    def _member(
        self, raw: RawRecord, name: str, readings: Mapping[str, _Reading], member: Mapping[str, str]
    ) -> Mapping[str, Scalar]:
        values: dict[str, Scalar] = {}
        for inside, text in member.items():
            reading = readings.get(inside)
            if reading is None:
                path = f"{name}.{inside}"
                raise _Refusal(_place(raw, path), "unknown_element", f"{raw.resource} has no element {path}")
            if reading.kept and (value := _value(text, reading.element, raw)) is not None:
                values[inside] = value
        return values


@dataclass(frozen=True)
class _Reading:
    """An element, and whether anything of it is kept."""

    element: Element
    kept: bool


def _reading(element: Element, kept: frozenset[ElementPath]) -> _Reading:
    return _Reading(element, element.path in kept and element.sensitivity != "prohibited")


def _place(raw: RawRecord, path: str) -> _Place:
    return _Place(path, raw.columns.get(path, path))


def _person_paths(resource: Resource) -> frozenset[ElementPath]:
    """The members of references through which a row's people are resolved."""
    vias = {person.via for person in resource.persons.values()}
    resolving = (r for r in resource.references.values() if r.name in vias or r.target == "people")
    return frozenset(path for reference in resolving for path in reference.members)


def _value(text: str, element: Element, raw: RawRecord) -> Scalar | None:
    """The typed value of a text; None for an empty one."""
    trimmed = text.strip()
    if not trimmed:
        return None
    try:
        return _READERS[element.type](trimmed, element)
    except _Misfit as misfit:
        raise _Refusal(_place(raw, element.path), misfit.code, f"{element.path} {misfit.reason}") from None


def misfit(text: str, element: Element) -> str | None:
    """The code of the rule that a filled text breaks as a value of an element; None when it fits."""
    try:
        _READERS[element.type](text.strip(), element)
    except _Misfit as why:
        return why.code
    return None


def _string(text: str, element: Element) -> str:
    # A column outside free text is one line: a line break there is a broken export or an injection.
    controls = _CONTROL_IN_TEXT if element.sensitivity == "free_text" else _CONTROL
    composed = text if text.isascii() else unicodedata.normalize("NFC", text)
    if controls.search(composed):
        raise _Misfit("control_character", "holds a control character")
    if element.max_length is not None and len(composed) > element.max_length:
        raise _Misfit("too_long", f"is longer than {element.max_length} characters")
    return composed


def _integer(text: str, _element: Element) -> int:
    found = _WHOLE.fullmatch(text)
    if found is None or not -_LARGEST <= int(found.group(1)) <= _LARGEST:
        raise _Misfit("not_an_integer", "is not a whole number of at most 63 bits")
    return int(found.group(1))


def _number(text: str, _element: Element) -> float:
    value = float(text) if _NUMBER.fullmatch(text) else float("inf")
    if not isfinite(value):
        raise _Misfit("not_a_number", "is not a finite decimal number")
    return value


def _boolean(text: str, _element: Element) -> bool:
    word = text.lower()
    if word not in _TRUE and word not in _FALSE:
        raise _Misfit("not_a_boolean", "is not true, false, yes, no, 1 or 0")
    return word in _TRUE


def _date(text: str, _element: Element) -> str:
    """The date as written: a time of day behind it, as databases export dates, does not move it."""
    moment = _moment(text)
    if moment is None:
        raise _Misfit("not_a_date", "is not an ISO date (YYYY-MM-DD, with or without a time)")
    return moment.date().isoformat()


def _datetime(text: str, _element: Element) -> str:
    """ISO text; with an offset it becomes UTC with `Z`, without one it stays local. Microseconds are the finest."""
    moment = _moment(text)
    if moment is None:
        raise _Misfit("not_a_datetime", "is not an ISO date and time")
    if moment.tzinfo is None:
        return moment.isoformat()
    try:
        return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    except OverflowError:
        raise _Misfit("not_a_datetime", "is not an ISO date and time") from None


def _moment(text: str) -> datetime | None:
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    day, clock, fraction, offset = found.groups()
    try:
        if clock is None:
            return datetime.combine(date.fromisoformat(day), time())
        # SQL Server writes seven decimals; Python's finest is six.
        return datetime.fromisoformat(f"{day}T{clock}" + (f".{fraction[:6]:0<6}" if fraction else "") + (offset or ""))
    except ValueError:
        return None


_READERS: Mapping[ElementType, Callable[[str, Element], Scalar]] = {
    "string": _string,
    "descriptor": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
}
