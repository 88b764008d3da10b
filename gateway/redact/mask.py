"""Masks: what is left of a text when only its end or its beginning may be seen."""

from __future__ import annotations

import unicodedata
from typing import assert_never

from gateway.domain.treatments import Mask

KEPT = 4
HIDDEN = "***"


def mask(text: str, keep: Mask) -> str:
    """`last_four`: `***` and the last four characters (only `***` when there are no more than four); `initial`: the
    first letter and a full stop."""
    match keep:
        case "last_four":
            return HIDDEN + text[-KEPT:] if len(text) > KEPT else HIDDEN
        case "initial":
            # A letter with its accents is one letter to a reader, whatever its normal form.
            composed = unicodedata.normalize("NFC", text.strip())
            return f"{composed[:1].upper()}." if composed else ""
        case _:
            assert_never(keep)
