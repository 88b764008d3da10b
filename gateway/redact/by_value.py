"""Treat one value at a time: the plain reading of `policies/agreements/README.md`. Previews use it, and tests hold what SQL and
`page` do a column at a time against it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import assert_never

from gateway.domain.access import Scalar
from gateway.domain.grade_bands import GRADE_BANDS
from gateway.domain.treatments import (
    AggregateOnly,
    Generalise,
    MaskText,
    Pseudonymise,
    RedactText,
    ReturnOwnId,
    Share,
    Treatment,
    Withhold,
)
from gateway.errors import IntegrityError
from gateway.redact.mask import mask

_ZIP = re.compile(r"[0-9]{5}(-.{4}|.{4})?", re.ASCII | re.DOTALL)
PSEUDONYM = "a pseudonym"
"""What stands for a pseudonym where there is no key to make one with."""
OWN_ID = "the recipient's own id"
"""What stands for it where no roster was submitted."""


def treated_value(
    value: Scalar | None,
    treatment: Treatment,
    today: date,
    code_lists: Mapping[str, Mapping[str, str]],
    redacted: Callable[[str], str | None] = lambda text: None,
) -> Scalar | None:
    """What a recipient sees of a value; None for nothing. Days are ISO text; `redacted` gives what is seen of a free text, which is
    nothing where nobody is known. Raises `IntegrityError` for parameters that do not fit."""
    if value is None:
        return None
    match treatment:
        case Share():
            return value
        case Pseudonymise():
            return PSEUDONYM
        case ReturnOwnId():
            return OWN_ID
        case MaskText(keep):
            return mask(str(value), keep)
        case Generalise():
            return _generalised(value, treatment, today, code_lists)
        case RedactText():
            return redacted(str(value))
        case AggregateOnly() | Withhold():
            return None
        case _:
            assert_never(treatment)


def _generalised(value: Scalar, treatment: Generalise, today: date, code_lists: Mapping[str, Mapping[str, str]]) -> Scalar | None:
    match treatment, value:
        case Generalise("year", None), str(day):
            return date.fromisoformat(day).year
        case Generalise("month", None), str(day):
            return day[: len("2026-11")]
        case Generalise("age_band", int(width)), str(day):
            return _age_band(date.fromisoformat(day), width, today)
        case Generalise("zip3", None), str(code):
            return code[:3] if _ZIP.fullmatch(code) else None
        case Generalise("band", int(width)), int() | float() as number:
            return _band(math.floor(number), width)
        case Generalise("round", int() | float() as multiple), int() | float() as number:
            return _rounded(number, multiple)
        case Generalise("top_code", int() | float() as bound), int() | float() as number:
            return _of_a(number, min(number, bound))
        case Generalise("bottom_code", int() | float() as bound), int() | float() as number:
            return _of_a(number, max(number, bound))
        case Generalise("roll_up", str(name)), str(code) if name in code_lists:
            return code_lists[name].get(code)
        case Generalise("grade_band", None), str(code):
            return GRADE_BANDS.get(code.partition("#")[2].lower() if "#" in code else code.lower())
        case _:
            raise IntegrityError("A value cannot be generalised as the agreement says.")


def _of_a(number: float, coded: float) -> float:
    """A bound as the element's type: the databases give 300.0 for an element that has 299.5."""
    return float(coded) if isinstance(number, float) else coded


def _age_band(born: date, width: int, today: date) -> str | None:
    if born > today:
        return None
    return _band(today.year - born.year - ((today.month, today.day) < (born.month, born.day)), width)


def _band(number: int, width: int) -> str:
    lowest = number // width * width
    return f"{lowest}-{lowest + width - 1}"


def _rounded(number: float, multiple: float) -> float:
    if isinstance(number, int) and isinstance(multiple, int):
        return (2 * number + multiple) // (2 * multiple) * multiple
    return math.floor(number / multiple + 0.5) * float(multiple)
