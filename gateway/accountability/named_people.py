"""Whom an entry's opened detail names (pure)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import orjson
from pyroaring import BitMap

SALT_BYTES = 32


def people_of(salted: bytes) -> Mapping[str, BitMap]:
    """The people by role in a detail that was opened: 32 bytes of salt, then JSON."""
    return people_in(orjson.loads(salted[SALT_BYTES:]))


def people_in(detail: Mapping[str, Any]) -> Mapping[str, BitMap]:
    """The people by role in a detail that was read; none where it names nobody."""
    return {role: BitMap.deserialize(base64.b64decode(packed)) for role, packed in detail.get("persons", {}).items()}
