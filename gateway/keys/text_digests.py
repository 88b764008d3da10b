"""Digests of free text, under a key: a plain one of a short text could be guessed."""

from __future__ import annotations

import hashlib
import hmac

ID_LENGTH = 16


class TextDigests:
    """HMAC-SHA256 of texts under a provider's key, bound to the resource, element and place that a text stands in."""

    def __init__(self, secret: bytes, resource: str) -> None:
        self._secret = secret
        self._prefix = f"free text|1|{resource}|"

    def of(self, element: str, place: tuple[int, ...], text: str) -> bytes:
        """32 bytes."""
        head = f"{self._prefix}{element}|{'|'.join(map(str, place))}|"
        return hmac.digest(self._secret, head.encode() + text.encode(), hashlib.sha256)

    def review_id(self, source: bytes, redacted: bytes) -> str:
        """What people call a text under review: it changes with the text, and with what is to be seen of it."""
        return hmac.digest(self._secret, b"free text review|1|" + source + redacted, hashlib.sha256).hex()[:ID_LENGTH]
