"""What narrows and orders the permitted view once every name is permitted and every value fits: part of a `QueryPlan`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import orjson

from gateway.domain.access import Scalar
from gateway.domain.filtering import Operator
from gateway.domain.identifiers import ElementPath, RecordId

Compared = Scalar | bytes
"""What SQL compares with: a value, or the digest that stands for one in a blind index."""
RECORD_BYTES = 8
FORWARD, BACKWARD = b">", b"<"
LONGEST_KEY = 120
"""Characters of a text that an order looks at, so that a cursor is never long."""


@dataclass(frozen=True)
class Predicate:
    """One comparison with the treated value of a permitted element; for an element of a collection, with that of some member.

    `values` are of the treated value's type. `negated` keeps exactly those records for which the comparison does not hold; `ne` is
    a negated `eq` and not an operator here.
    """

    path: ElementPath
    operator: Operator
    values: tuple[Compared, ...]
    negated: bool = False


@dataclass(frozen=True)
class Predicates:
    """All (`and`) or at least one (`or`) of the parts."""

    word: Literal["and", "or"]
    parts: tuple[Narrowing, ...]


Narrowing = Predicate | Predicates


@dataclass(frozen=True)
class SortKey:
    """One element of an order; a missing value is last, up or down. A `text` counts by its code points and by its first
    `LONGEST_KEY` characters."""

    path: ElementPath
    descending: bool
    text: bool


@dataclass(frozen=True)
class Position:
    """Where a walk stands: a record and its values of the sort keys; the page is what comes behind, or (`backward`) before it."""

    record: RecordId
    keys: tuple[Scalar | None, ...] = ()
    backward: bool = False

    @property
    def place(self) -> Position:
        """Where it is, whichever way the walk goes."""
        return Position(self.record, self.keys)

    def to_bytes(self) -> bytes:
        """One text for one position; as long as the keys are, which are values of the permitted view."""
        direction = BACKWARD if self.backward else FORWARD
        return direction + self.record.to_bytes(RECORD_BYTES, "big") + (orjson.dumps(self.keys) if self.keys else b"")

    @classmethod
    def from_bytes(cls, content: bytes) -> Position:
        """The inverse, for what `to_bytes` gave."""
        record = RecordId(int.from_bytes(content[1 : 1 + RECORD_BYTES], "big"))
        keys = content[1 + RECORD_BYTES :]
        return cls(record, tuple(orjson.loads(keys)) if keys else (), content[:1] == BACKWARD)


def predicates(narrowing: Narrowing | None) -> Iterator[Predicate]:
    """Every predicate, in order."""
    match narrowing:
        case Predicate():
            yield narrowing
        case Predicates(_, parts):
            for part in parts:
                yield from predicates(part)
