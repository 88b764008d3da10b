"""Blind indexes: what stands beside a sealed identifier so that it can be found by its value and by nothing else of it."""

from __future__ import annotations

import hmac

DIGEST_BYTES = 16


class BlindIndex:
    """HMAC-SHA256 of values under a provider's key of its own, cut to 16 bytes, bound to the resource and the element: equal values
    of two elements do not look equal."""

    def __init__(self, secret: bytes, resource: str) -> None:
        self._secret = secret
        self._prefix = f"blind index|1|{resource}|"

    def of(self, element: str, value: str) -> bytes:
        return hmac.digest(self._secret, f"{self._prefix}{element}|{value}".encode(), "sha256")[:DIGEST_BYTES]
