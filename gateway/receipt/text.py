"""Numbers and bytes as text, each in the one way in which it is written: what can be written in two ways can be changed unseen."""

from __future__ import annotations

import base64
import binascii
import re

HASH_BYTES = 32
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


def from_base64(text: str) -> bytes | None:
    """The bytes; None for anything that does not come out the same when it is written again."""
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return content if base64.b64encode(content).decode() == text else None


def decimal(text: str) -> int | None:
    """The number; None for signs, leading zeros and whatever else there is."""
    return int(text) if _DECIMAL.fullmatch(text) else None
