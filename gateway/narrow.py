"""Narrow (pure): fit a client's filter and order to the permitted view; what does not fit is refused with what to ask instead.

Comparisons are with the treated value, which is all that there is in the permitted view: a day that is generalised to its year is
a whole number, a pseudonym is its surrogate. What the view does not have is one error, whether it exists or not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from gateway.domain.access import Scalar
from gateway.domain.filtering import (
    Comparison,
    Filter,
    Joined,
    LiteralKind,
    Not,
    Operator,
    SortBy,
    Written,
    filter_error,
    in_filter,
)
from gateway.domain.identifiers import ElementPath
from gateway.domain.narrowing import Narrowing, Predicate, Predicates, SortKey
from gateway.domain.query_plan import PlannedElement
from gateway.domain.treatments import Generalise, Pseudonymise, Share
from gateway.errors import RequestError, UnknownElement
from gateway.keys.blind_index import BlindIndex
from gateway.keys.pseudonym import Pseudonyms

NO_SUCH_ELEMENT = "`{}` is not an element of your permitted view of this resource."
WHOLE_NUMBER = 1 << 63
Kind = Literal["text", "group", "integer", "number", "boolean", "date", "datetime", "pseudonym", "identifier"]
"""`group`: the name of a band or a group, a text without an order of its own; `datetime`: a text that has several spellings;
`identifier`: a sealed one that is shared, and found by its blind index."""


@dataclass(frozen=True)
class Viewed:
    """An element of the permitted view and the type of its treated value, in the catalog's words."""

    element: PlannedElement
    type: str


_EQUAL: tuple[Operator, ...] = ("eq", "ne", "in", "isnull")
_ORDERED: tuple[Operator, ...] = (*_EQUAL, "lt", "le", "gt", "ge")
_TEXT: tuple[Operator, ...] = (*_ORDERED, "contains", "startswith")
_GROUPS = frozenset({"age_band", "band", "grade_band", "roll_up"})


@dataclass(frozen=True)
class _Comparing:
    """How values of a kind are compared: what a client writes, its name, an example, and the operators that mean something."""

    written: LiteralKind
    name: str
    example: str
    operators: tuple[Operator, ...]


_COMPARING: Mapping[Kind, _Comparing] = {
    "text": _Comparing("text", "a text", "eq 'text'", _TEXT),
    "group": _Comparing("text", "the name of a group", "eq '20-24'", _EQUAL),
    "identifier": _Comparing("text", "an identifier", "eq 'LU000001'", _EQUAL),
    "pseudonym": _Comparing("text", "a pseudonym", "eq '953409d19ed9a124a9496d4673aedd07'", _EQUAL),
    "datetime": _Comparing("text", "a text", "eq '2026-08-24T08:00:00'", _EQUAL),
    "integer": _Comparing("number", "a whole number", "ge 2024", _ORDERED),
    "number": _Comparing("number", "a number", "ge 12.5", _ORDERED),
    "boolean": _Comparing("boolean", "true or false", "eq true", _EQUAL),
    "date": _Comparing("date", "a day", "ge 2026-08-24", _ORDERED),
}


@dataclass(frozen=True)
class Keyed:
    """By what keyed values are compared: pseudonyms, and identifiers by their blind index."""

    pseudonyms: Pseudonyms
    index: BlindIndex


def narrow(
    asked: Filter | None, sort: tuple[SortBy, ...], view: Mapping[ElementPath, Viewed], keyed: Keyed
) -> tuple[Narrowing | None, tuple[SortKey, ...]]:
    """The filter with every `not` pushed down to its comparison, and the order. Raises `UnknownElement` and `RequestError`, with
    the column where it is about the filter."""
    narrowing = None if asked is None else _fitted(asked, view, keyed, negated=False)
    return narrowing, tuple(_sort_key(by, view) for by in sort)


def _fitted(asked: Filter, view: Mapping[ElementPath, Viewed], keyed: Keyed, *, negated: bool) -> Narrowing:
    match asked:
        case Not(part):
            return _fitted(part, view, keyed, negated=not negated)
        case Joined(word, parts):
            other: Literal["and", "or"] = "or" if word == "and" else "and"
            fitted = tuple(_fitted(part, view, keyed, negated=negated) for part in parts)
            return Predicates(other if negated else word, fitted)
        case Comparison():
            return _predicate(asked, view, keyed, negated)


def _predicate(asked: Comparison, view: Mapping[ElementPath, Viewed], keyed: Keyed, negated: bool) -> Predicate:
    viewed = view.get(asked.path)
    if viewed is None:
        raise UnknownElement(in_filter(asked.column, NO_SUCH_ELEMENT.format(asked.path)))
    kind = _kind(viewed)
    if kind is None:
        raise filter_error(
            asked.column, f"`{asked.path}` can be selected, but not compared: it is a name, an address, free text or masked."
        )
    comparing = _COMPARING[kind]
    if asked.operator not in comparing.operators:
        told = f"`{asked.path}` is {comparing.name} in your permitted view, for which `{asked.operator}` means nothing"
        raise filter_error(asked.column, f"{told}; write one of {' '.join(comparing.operators)}.")
    values = tuple(_typed(asked, value, kind) for value in asked.values)
    if kind == "identifier":
        digests = tuple(keyed.index.of(asked.path, str(value)) for value in values)
        operator: Operator = asked.operator if asked.operator == "isnull" else "in"
        return Predicate(asked.path, operator, digests, negated != (asked.operator == "ne"))
    if kind == "pseudonym":
        found = (keyed.pseudonyms.surrogate(str(value), str(viewed.element.key_space)) for value in values)
        known = tuple(surrogate for surrogate in found if surrogate is not None)
        operator = asked.operator if asked.operator == "isnull" else "in"
        return Predicate(asked.path, operator, known, negated != (asked.operator == "ne"))
    if asked.operator == "ne":
        return Predicate(asked.path, "eq", values, not negated)
    return Predicate(asked.path, asked.operator, values, negated)


def _kind(viewed: Viewed) -> Kind | None:
    """As what the treated value is compared; None where it is not: what is sealed or masked is no value that SQL has."""
    element = viewed.element
    match element.treatment:
        case Pseudonymise() if element.origin == "surrogate":
            return "pseudonym"
        case Share() if element.origin == "sealed" and element.index is not None:
            return "identifier"
        case Generalise(to) if to in _GROUPS and element.origin == "generalised":
            return "group"
        case Generalise() | Share() if element.origin in {"generalised", "column"}:
            return _of_type(viewed.type)
        case _:
            return None


def _of_type(type_: str) -> Kind:
    match type_:
        case "integer" | "number" | "boolean" | "date" | "datetime":
            return type_
        case _:
            return "text"


def _typed(asked: Comparison, value: Written, kind: Kind) -> Scalar:
    """The value as the treated element's type, which its error names without the value."""
    comparing = _COMPARING[kind]
    if value.kind == comparing.written:
        match kind:
            case "integer":
                if value.text.lstrip("-").isdigit() and -WHOLE_NUMBER <= int(value.text) < WHOLE_NUMBER:
                    return int(value.text)
            case "number":
                if math.isfinite(float(value.text)):
                    return float(value.text)
            case "boolean":
                return value.text == "true"
            case "date":
                if _is_day(value.text):
                    return value.text
            case _:
                return value.text
    raise filter_error(asked.column, f"`{asked.path}` is compared with {comparing.name}, as in {asked.path} {comparing.example}.")


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _sort_key(by: SortBy, view: Mapping[ElementPath, Viewed]) -> SortKey:
    viewed = view.get(by.path)
    if viewed is None:
        raise UnknownElement(NO_SUCH_ELEMENT.format(by.path))
    kind = _kind(viewed)
    if viewed.element.collection is not None:
        raise RequestError(f"`sort` cannot use `{by.path}`: it stands in a list, of which a record can have several members.")
    if kind in {None, "pseudonym", "identifier", "group", "datetime"}:
        raise RequestError(
            f"`sort` cannot use `{by.path}`: in your permitted view it has no order. Sort by a number, a day or a text."
        )
    return SortKey(by.path, by.descending, kind == "text")
