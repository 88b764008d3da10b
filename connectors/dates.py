"""Turn a date as a source writes it into ISO text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime

ISO = "iso"
DIRECTIVES = frozenset("YmdHMSfIpbB%")
"""What a date format may use; a two-digit year is not among them, because it does not say the century."""

_ISO_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?", re.ASCII)
_LONG_FRACTION = re.compile(r"(\.\d{6})\d+", re.ASCII)


def iso_date(text: str, formats: Iterable[str]) -> str | None:
    """`YYYY-MM-DD` by the first format that fits, None when none does.

    `iso` takes a date with or without a time of day; the date counts as written, in the source's own time zone.
    A fraction of a second beyond six digits, as SQL Server writes it, is cut.
    """
    for form in formats:
        found = _from_iso(text) if form == ISO else _from_format(text, form)
        if found is not None:
            return found.isoformat()
    return None


def _from_iso(text: str) -> date | None:
    found = _ISO_DATE.fullmatch(text)
    if found is None:
        return None
    try:
        return date.fromisoformat(found.group(1))
    except ValueError:
        return None


def _from_format(text: str, form: str) -> date | None:
    try:
        return datetime.strptime(_LONG_FRACTION.sub(r"\1", text), form).date()
    except ValueError:
        return None
