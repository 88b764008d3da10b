"""HMAC-SHA256 of many short messages under one key."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

BLOCK_BYTES = 64
_OUTER = bytes(byte ^ 0x5C for byte in range(256))
_INNER = bytes(byte ^ 0x36 for byte in range(256))


def keyed_hashes(key: bytes, messages: Iterable[bytes]) -> list[bytes]:
    """HMAC-SHA256 of each message, 32 bytes, in order. Written out (RFC 2104) so that the two keyed states are made once
    instead of once a message, which halves the time; the key is at most 64 bytes long."""
    if len(key) > BLOCK_BYTES:
        raise ValueError("the key is longer than a block")
    block = key.ljust(BLOCK_BYTES, b"\0")
    inner, outer = hashlib.sha256(block.translate(_INNER)), hashlib.sha256(block.translate(_OUTER))
    hashes = []
    for message in messages:
        first, second = inner.copy(), outer.copy()
        first.update(message)
        second.update(first.digest())
        hashes.append(second.digest())
    return hashes
