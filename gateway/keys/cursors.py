"""Page cursors: where a walk stands, sealed with AES-SIV so that equal pages have equal cursors (decision 15).

A cursor is bound to its client, agreement and query by the associated data: used elsewhere it does not open.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from gateway.errors import RequestError

REFUSED = "The cursor does not belong to this request. Repeat the request without cursor and follow `next` unchanged."
LONGEST = 8_000
"""Characters, which every server takes in an address."""


class Cursors:
    """Seals and opens cursors under one 64-byte key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESSIV(key)
        self._key = key

    def tag(self, content: bytes, *beside: bytes) -> str:
        """What stands for an answer in an `ETag`: the same for the same bytes, and nothing that somebody without the key could
        compare a guess with (decision 19)."""
        parts = [hashlib.sha256(part).digest() for part in (content, *beside)]
        return base64.urlsafe_b64encode(hmac.digest(self._key, b"etag" + b"".join(parts), "sha256")).rstrip(b"=").decode()

    def seal(self, position: bytes, *bound_to: bytes) -> str:
        return base64.urlsafe_b64encode(self._cipher.encrypt(position, list(bound_to))).rstrip(b"=").decode()

    def unseal(self, cursor: str, *bound_to: bytes, refused: str = REFUSED) -> bytes:
        """Raises `RequestError` with `refused`, the same for a forged, a foreign and an old cursor."""
        if not cursor or len(cursor) > LONGEST:
            raise RequestError(refused)
        try:
            sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            position = self._cipher.decrypt(sealed, list(bound_to))
        except (InvalidTag, binascii.Error, ValueError) as why:
            raise RequestError(refused) from why
        if self.seal(position, *bound_to) != cursor:
            raise RequestError(refused)  # base64 with stray bits would be a second text for one cursor
        return position
