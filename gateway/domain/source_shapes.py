"""What a source gives, by the names of its fields and the types that their texts look like: never a text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import product

from gateway.domain.identifiers import InstitutionId, ResourceName

BOOLEAN, WHOLE_NUMBER, DECIMAL_NUMBER, DATE, DATE_TIME = "boolean", "whole number", "decimal number", "date", "date-time"
TEXT, LIST, OBJECT = "text", "list", "object"
LEADING_ZERO = "digits with a leading zero"
YEAR_FIRST = ("year/month/day", "year.month.day")
MONTH_BY_NAME = "day, month by name, year"
LONGEST_NAME = 64
MOST_FIELDS = 500

_ENDS = tuple((mark, year + time) for mark, year, time in product("/.-", ("year", "year of two digits"), ("", " with time")))
DAY_FIRST = {end: f"day{end[0]}month{end[0]}{end[1]}" for end in _ENDS}
MONTH_FIRST = {end: f"month{end[0]}day{end[0]}{end[1]}" for end in _ENDS}
EITHER_FIRST = {end: f"day or month{end[0]}{end[1]}" for end in _ENDS}
"""Dates by their mark and what comes after it; which number is the day is certain only where one is above 12."""
TYPES = frozenset(
    {
        *(BOOLEAN, WHOLE_NUMBER, DECIMAL_NUMBER, DATE, DATE_TIME, TEXT, LIST, OBJECT, LEADING_ZERO, *YEAR_FIRST, MONTH_BY_NAME),
        *(name for named in (DAY_FIRST, MONTH_FIRST, EITHER_FIRST) for name in named.values()),
    }
)

_STRUCTURES = frozenset({LIST, OBJECT})
_SETTLED = {EITHER_FIRST[end]: frozenset({DAY_FIRST[end], MONTH_FIRST[end]}) for end in _ENDS}
_TAKEN_BY: Mapping[str, frozenset[str]] = {
    WHOLE_NUMBER: frozenset({DECIMAL_NUMBER, LEADING_ZERO}),
    DATE: frozenset({DATE_TIME}),
    **{DAY_FIRST[end]: frozenset({EITHER_FIRST[end]}) for end in _ENDS},
    **{MONTH_FIRST[end]: frozenset({EITHER_FIRST[end]}) for end in _ENDS},
    **_SETTLED,
}
"""For a type those others, beside text, in whose company it is no news."""
_ALIKE = {
    **{kind: _TAKEN_BY[kind] for end in _ENDS for kind in (EITHER_FIRST[end], DAY_FIRST[end], MONTH_FIRST[end])},
    DECIMAL_NUMBER: frozenset({WHOLE_NUMBER}),
}


@dataclass(frozen=True)
class SeenField:
    """What a pull saw of one field: the `types` of its texts, how many were `filled`, in how many of the objects it was
    `present`."""

    types: frozenset[str] = frozenset()
    filled: int = 0
    present: int = 0


@dataclass(frozen=True)
class SeenShape:
    """What a pull saw of one resource, in the `looked` rows that it looked at. `certain`: a header names every field; else the
    objects of a source may just have left one out. `mapped` are the fields that the source file reads, `others` the number of
    fields whose names are not told."""

    fields: Mapping[str, SeenField]
    looked: int
    certain: bool
    mapped: frozenset[str]
    others: int = 0
    crowded: bool = False
    """There are more than 500 fields: only those that are mapped are told."""

    @property
    def missing(self) -> frozenset[str]:
        """The mapped fields that certainly are not there."""
        return self.mapped - self.fields.keys() if self.certain else frozenset()

    @property
    def headless(self) -> bool:
        """Whether what stands for a header has no mapped field at all, so that it may well be a record."""
        return bool(self.mapped) and self.missing == self.mapped


@dataclass(frozen=True)
class KnownField:
    """What is known of one field from earlier pulls; `always`: every object that was looked at had it."""

    types: frozenset[str] = frozenset()
    always: bool = False


@dataclass(frozen=True)
class KnownShape:
    """What is known of one resource of a source from earlier pulls, under the mapping (a digest) that it was read with."""

    fields: Mapping[str, KnownField]
    mapping: str
    others: int = 0
    crowded: bool = False


@dataclass(frozen=True)
class FieldChange:
    """One field that is `new`, `gone` or of another `type`, with the types before and now; or, without a name, another number of
    `others`."""

    field: str
    change: str
    before: tuple[str, ...] = ()
    now: tuple[str, ...] = ()


@dataclass(frozen=True)
class SourceDrift:
    """What changed at one resource of a source, found at an instant (UTC)."""

    source: str
    provider: InstitutionId
    resource: ResourceName
    at: str
    changes: tuple[FieldChange, ...]


def is_news(kind: str, known: frozenset[str]) -> bool:
    """Whether a type is one that the known types do not let expect: text may look like anything but a list or an object."""
    if kind in known or (TEXT in known and kind not in _STRUCTURES):
        return False
    return not known & _TAKEN_BY.get(kind, frozenset())


def are_apart(known: frozenset[str], seen: frozenset[str]) -> bool:
    """Whether no type is among both, by whatever name; decimal numbers may happen to be whole."""
    return not any(one == two or two in _ALIKE.get(one, ()) for one in known for two in seen)


def settled(types: Iterable[str]) -> frozenset[str]:
    """Types without those that others among them decide: a date of which nobody can tell the day, where others of the field can."""
    found = frozenset(types)
    return frozenset(kind for kind in found if not found & _SETTLED.get(kind, frozenset()))


def told(seen: SeenShape) -> SeenShape:
    """What may be stored and shown of a shape. In a table that was turned on its side names are values of records: one that is
    long, has an at sign, or has no letter, is only counted, and so are all that are not mapped where there are too many. Of a
    table that came without its header, whose first record stands in the place of it, all are only counted. A type that nobody
    knows is taken for text."""
    named = {name: field for name, field in seen.fields.items() if not seen.headless and _is_name(name)}
    crowded = seen.crowded or len(named) > MOST_FIELDS
    kept = {
        name: replace(field, types=frozenset(kind if kind in TYPES else TEXT for kind in field.types))
        for name, field in named.items()
        if not crowded or name in seen.mapped
    }
    others = seen.others + len(seen.fields) - len(kept)
    return replace(seen, fields=kept, mapped=frozenset(filter(_is_name, seen.mapped)), others=others, crowded=crowded)


def _is_name(name: str) -> bool:
    return len(name) <= LONGEST_NAME and name.isprintable() and "@" not in name and any(letter.isalpha() for letter in name)
