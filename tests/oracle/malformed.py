"""What a permit needs of its question (`policies/INPUT.md`), and values of other shapes."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from tests.oracle.slips import ABSENT, change

NEEDED: Mapping[str, tuple[type, ...]] = {
    "principal": (dict,),
    "principal.client": (str,),
    "principal.institution": (str,),
    "principal.purposes": (list,),
    "request": (dict,),
    "request.resource": (str,),
    "request.purpose": (str,),
    "request.provider": (str, type(None)),
    "request.agreement": (str, type(None)),
    "request.operation": (str,),
    "request.format": (str,),
    "request.filters": (list,),
    "today": (dict,),
    "modules": (list,),
    "agreements": (list,),
}
NEEDED_OF_AGREEMENT: Mapping[str, tuple[type, ...]] = {
    "id": (str,),
    "version": (int, float),
    "digest": (str,),
    "state": (str,),
    "timezone": (str,),
    "term": (dict,),
    "term.from": (str,),
    "term.until": (str,),
    "schedule": (str,),
    "provider": (str,),
    "recipient": (str,),
    "resource": (str,),
    "purposes": (list,),
    "legal_basis": (dict,),
    "legal_basis.basis": (str,),
    "legal_basis.citation": (str,),
    "persons": (dict,),
    "rows": (list,),
    "elements": (dict,),
    "code_lists": (dict,),
    "formats": (list,),
    "limits": (dict,),
    "limits.requests_per_minute": (int, float, type(None)),
    "limits.rows_per_day": (int, float, type(None)),
}
SHAPES: tuple[Any, ...] = (ABSENT, None, True, False, 7, -0.5, "", " ", "other", [], [None], {}, {"other": "other"})


def disfigured(chance: Random, asked: dict[str, Any]) -> str:
    """Give one needed member of a question with one agreement another shape; its path."""
    whole = chance.randint(1, 3) == 1
    needed = NEEDED if whole else NEEDED_OF_AGREEMENT
    path = chance.choice(sorted(needed))
    change(
        asked if whole else asked["agreements"][0],
        path,
        chance.choice([value for value in SHAPES if not _has_shape(value, needed[path])]),
    )
    return path


def _has_shape(value: Any, types: tuple[type, ...]) -> bool:
    if isinstance(value, str):
        return value not in (ABSENT, "", " ") and str in types
    return isinstance(value, types) and not (isinstance(value, bool) and bool not in types)
