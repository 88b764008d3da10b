"""What type a text of a source looks like: what a source calls its types is not asked, because the mapping sees texts only."""

from __future__ import annotations

import re

from gateway.domain.source_shapes import (
    BOOLEAN,
    DATE,
    DATE_TIME,
    DAY_FIRST,
    DECIMAL_NUMBER,
    EITHER_FIRST,
    LEADING_ZERO,
    MONTH_BY_NAME,
    MONTH_FIRST,
    TEXT,
    WHOLE_NUMBER,
    YEAR_FIRST,
)

_LONGEST = 40
_MONTHS = 12
_DAYS = 31
_WHOLE = re.compile(r"[+-]?(?:0|[1-9]\d*)", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][+-]?\d+)?", re.ASCII)
_LEADING_ZERO = re.compile(r"0\d+", re.ASCII)
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?P<time>[T ]\d\d:\d\d.*)?", re.ASCII)
_YEAR_FIRST = re.compile(r"\d{4}(?P<mark>[/.])\d{1,2}(?P=mark)\d{1,2}", re.ASCII)
_NUMBERS = re.compile(
    r"(?P<one>\d{1,2})(?P<mark>[/.-])(?P<two>\d{1,2})(?P=mark)(?P<year>\d{4}|\d\d)(?P<time>[T ,]+\d.*)?", re.ASCII
)
_BY_NAME = re.compile(r"\d{1,2}[- .]+[A-Za-z]{3,9}[- .]+(?:\d{4}|\d\d)", re.ASCII)


def type_of(text: str) -> str:
    """The type of a text that is not empty and has no space around it."""
    if len(text) > _LONGEST:
        return TEXT
    if not (text[0].isdigit() or text[0] in "+-."):
        return BOOLEAN if text.lower() in ("true", "false") else TEXT
    if _WHOLE.fullmatch(text):
        return WHOLE_NUMBER
    if _LEADING_ZERO.fullmatch(text):
        return LEADING_ZERO
    if _DECIMAL.fullmatch(text):
        return DECIMAL_NUMBER
    return _date(text) or TEXT


def _date(text: str) -> str | None:
    if found := _ISO.fullmatch(text):
        return DATE_TIME if found["time"] else DATE
    if found := _NUMBERS.fullmatch(text):
        return _numbered(found)
    if found := _YEAR_FIRST.fullmatch(text):
        return YEAR_FIRST["/.".index(found["mark"])]
    return MONTH_BY_NAME if _BY_NAME.fullmatch(text) else None


def _numbered(found: re.Match[str]) -> str | None:
    """A date of numbers only: which of two is the day, where it can be told."""
    one, two = int(found["one"]), int(found["two"])
    year = "year" if len(found["year"]) > len("00") else "year of two digits"
    end = (found["mark"], year + (" with time" if found["time"] else ""))
    if not (0 < min(one, two) <= _MONTHS and max(one, two) <= _DAYS):
        return None
    if max(one, two) <= _MONTHS:
        return EITHER_FIRST[end]
    return DAY_FIRST[end] if one > _MONTHS else MONTH_FIRST[end]
