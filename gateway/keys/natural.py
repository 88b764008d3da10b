"""The HMAC of a natural key: how the key registry knows a record of a source without storing what the source calls it."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

import orjson

from gateway.domain.access import Scalar


def source_key(secret: bytes, key_space: str, values: Sequence[Scalar]) -> bytes:
    """32 bytes; `values` are the identity's, in its order, as `normalise` gives them."""
    natural = orjson.dumps([key_space, *(_text(value) for value in values)])
    return hmac.digest(secret, natural, "sha256")


def _text(value: Scalar) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
