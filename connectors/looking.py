"""Look at some rows of a source while they go by, to tell what fields it has and what they look like. No text is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

from connectors.source import ResourceRule
from connectors.text_types import type_of
from gateway.domain.source_shapes import (
    BOOLEAN,
    DECIMAL_NUMBER,
    LIST,
    MOST_FIELDS,
    OBJECT,
    WHOLE_NUMBER,
    SeenField,
    SeenShape,
    settled,
)

T = TypeVar("T")
FIRST, EVERY, OF_EACH = 200, 1000, 20
"""The first 200 rows are looked at, and 20 of each 1,000 after them."""
_MOST_NAMES = 10 * MOST_FIELDS


def sampled(given: Iterable[T], look: Callable[[T], None]) -> Iterator[T]:
    """The rows as they are; some are looked at on their way."""
    rows, most = iter(given), FIRST
    while (row := next(rows, None)) is not None:
        look(row)
        yield row
        for row in islice(rows, most - 1):
            look(row)
            yield row
        yield from islice(rows, EVERY - most)
        most = OF_EACH


class _Field:
    """What was seen of one field so far."""

    __slots__ = ("filled", "present", "types")

    def __init__(self) -> None:
        self.types: set[str] = set()
        self.filled = 0
        self.present = 0

    def see(self, kind: str) -> None:
        """A value of a type; empty for one that is not filled."""
        self.present += 1
        if kind:
            self.filled += 1
            self.types.add(kind)


class Look:
    """What was seen of one resource so far: of rows below a `header`, or, without one, of objects. Members inside an object are
    looked at only where its path is `walked`: other objects may have names that are values of records."""

    def __init__(
        self, rule: ResourceRule, header: Sequence[str] | None = None, walked: frozenset[tuple[str, ...]] = frozenset()
    ) -> None:
        self._mapped = frozenset(rule.header_names())
        self._empty = rule.empty
        self._certain = header is not None
        self._fields = {name: _Field() for name in header or ()}
        self._in_order = [self._fields[name] for name in header or ()]
        self._walked = walked
        self._looked = 0

    def row(self, cells: Sequence[str]) -> None:
        """Look at the cells of a row."""
        if len(cells) != len(self._in_order):
            return
        self._looked += 1
        for field, cell in zip(self._in_order, cells, strict=True):
            field.see(self._type_of(cell))

    def item(self, found: object) -> None:
        """Look at an object."""
        if isinstance(found, dict):
            self._looked += 1
            self._members(found, ())

    def shape(self) -> SeenShape:
        """What was seen."""
        fields = {name: SeenField(settled(f.types), f.filled, f.present) for name, f in self._fields.items() if name}
        return SeenShape(fields, self._looked, self._certain, self._mapped)

    def _type_of(self, cell: str) -> str:
        text = cell.strip()
        return "" if text in self._empty or not text else type_of(text)

    def _members(self, found: Mapping[str, object], before: tuple[str, ...]) -> None:
        for name, value in found.items():
            path = (*before, name)
            if isinstance(value, dict) and path in self._walked:
                self._members(value, path)
            else:
                self._named(path).see(self._json_type(value))

    def _named(self, path: tuple[str, ...]) -> _Field:
        name = ".".join(f'"{step}"' if "." in step else step for step in path)
        if name not in self._fields and len(self._fields) >= _MOST_NAMES:
            return _Field()
        return self._fields.setdefault(name, _Field())

    def _json_type(self, value: object) -> str:
        match value:
            case None:
                return ""
            case bool():
                return BOOLEAN
            case int():
                return WHOLE_NUMBER
            case float():
                return DECIMAL_NUMBER
            case str():
                return self._type_of(value)
            case dict():
                return OBJECT
        return LIST
