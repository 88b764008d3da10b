"""What a client asks to narrow and order a page by, as it wrote it and before anything is known to be permitted.

A comparison holds or it does not, there is no third truth: a missing value satisfies `isnull` and no other comparison, so that `ne`
and `not` keep the records in which there is no value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from gateway.domain.identifiers import ElementPath
from gateway.errors import RequestError

Operator = Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "contains", "startswith", "isnull"]
LiteralKind = Literal["text", "number", "boolean", "date"]


@dataclass(frozen=True)
class Written:
    """A value as a client wrote it: a text without its quotes, a number, `true` or `false`, a day as YYYY-MM-DD."""

    kind: LiteralKind
    text: str


@dataclass(frozen=True)
class Comparison:
    """One comparison; `values` is empty for `isnull` and has one member for all others but `in`. `column` is where it stands in
    the text, from 1: two texts that differ in spaces alone are one filter."""

    path: ElementPath
    operator: Operator
    values: tuple[Written, ...]
    column: int = field(compare=False, repr=False)


@dataclass(frozen=True)
class Not:
    """Everything for which `part` does not hold."""

    part: Filter


@dataclass(frozen=True)
class Joined:
    """All (`and`) or at least one (`or`) of two or more parts."""

    word: Literal["and", "or"]
    parts: tuple[Filter, ...]


Filter = Comparison | Not | Joined


@dataclass(frozen=True)
class SortBy:
    """One element of an order."""

    path: ElementPath
    descending: bool


def comparisons(asked: Filter | None) -> Iterator[Comparison]:
    """Every comparison of a filter, in the order of its text."""
    match asked:
        case Comparison():
            yield asked
        case Not(part):
            yield from comparisons(part)
        case Joined(_, parts):
            for part in parts:
                yield from comparisons(part)


def depth(asked: Filter) -> int:
    """How many of `not`, `and` and `or` stand inside one another, and the comparison in them."""
    match asked:
        case Comparison():
            return 1
        case Not(part):
            return 1 + depth(part)
        case Joined(_, parts):
            return 1 + max(map(depth, parts))


def in_filter(column: int, told: str) -> str:
    """What is wrong with a filter, at its place in the text."""
    return f"`filter`, column {column}: {told}"


def filter_error(column: int, told: str) -> RequestError:
    """The same as an error; `told` says what to write instead."""
    return RequestError(in_filter(column, told))
