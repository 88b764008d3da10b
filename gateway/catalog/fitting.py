"""Which treatments fit an element, as they are written in an agreement file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import get_args

from gateway.catalog.model import Element
from gateway.domain.treatments import Mask


def fitting(element: Element) -> tuple[str, ...]:
    """The treatments that fit an element, as they are written, beside `withhold`. Anybody can be named in free text, so that it is
    never shared as it is."""
    if element.sensitivity == "free_text":
        return ("redact_text", "aggregate_only") if element.type == "string" else ("aggregate_only",)
    plain = ["share", *(["pseudonymise", "return_own_id"] if element.stands_for is not None else [])]
    coarser = [kind.example for kind in KINDS.values() if kind.fits(element)]
    masks = [f"{{mask: {keep}}}" for keep in get_args(Mask)] if element.type == "string" else []
    return (*plain, *coarser, *masks, "aggregate_only")


@dataclass(frozen=True)
class Kind:
    """One generalisation: how it is written, and which elements it is for, in words and as a test."""

    example: str
    what: str
    fits: Callable[[Element], bool]


def _last(element: Element) -> str:
    return element.path.rpartition(".")[2]


def _is_date(element: Element) -> bool:
    return element.type == "date"


def _is_number(element: Element) -> bool:
    return element.type in {"integer", "number"}


def _is_code(element: Element) -> bool:
    return element.type == "descriptor" or (element.type == "string" and not element.sealed)


KINDS: Mapping[str, Kind] = {
    "year": Kind("{generalise: year}", "dates", _is_date),
    "month": Kind("{generalise: month}", "dates", _is_date),
    "age_band": Kind("{generalise: {age_band: 5}}", "dates of birth", lambda e: _is_date(e) and _last(e) == "birthDate"),
    "zip3": Kind("{generalise: zip3}", "postal codes", lambda e: _last(e) == "postalCode"),
    "band": Kind("{generalise: {band: 10}}", "numbers", _is_number),
    "round": Kind("{generalise: {round: 5}}", "numbers", _is_number),
    "top_code": Kind("{generalise: {top_code: 90}}", "numbers", _is_number),
    "bottom_code": Kind("{generalise: {bottom_code: 10}}", "numbers", _is_number),
    "roll_up": Kind("{generalise: {roll_up: stem}}", "codes", _is_code),
    "grade_band": Kind("{generalise: grade_band}", "grade levels", lambda e: _last(e) == "gradeLevelDescriptor"),
}
"""Every generalisation (policies/agreements/README.md, Elements and treatments)."""

WORDS = ("year", "month", "zip3", "grade_band")
