"""A spool: what is longer than a page waits in a file that has no name, encrypted under a key that is nowhere else.

The file is unlinked when it is made and the key lives in this process, so that nothing is left of a spool that was not sent, nor of
one that was.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.errors import Unavailable

BLOCK = 1 << 20
NONCE_BYTES, TAG_BYTES, KEY_BITS = 12, 16, 256
NO_ROOM = "There is no room for an answer of this length; nothing was disclosed."


class Spool:
    """Takes bytes, then gives them back in order, once. Not for several threads at a time.

    `length` counts them; `digest` is SHA-256 of the prefix it was made with and of all of them.
    """

    def __init__(self, folder: Path, prefix: bytes) -> None:
        self._cipher = AESGCM(AESGCM.generate_key(KEY_BITS))
        self._hash = hashlib.sha256(prefix)
        self._pending = bytearray()
        self._blocks = 0
        self.length = 0
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file: IO[bytes] = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 -- open until it is read
        except OSError as why:
            raise Unavailable(NO_ROOM) from why

    def write(self, content: bytes) -> int:
        """Take more. Raises `Unavailable` when there is no room."""
        self._hash.update(content)
        self.length += len(content)
        coming = memoryview(content)
        if self._pending:
            missing = BLOCK - len(self._pending)
            self._pending += coming[:missing]
            coming = coming[missing:]
            if len(self._pending) == BLOCK:
                self._put(self._pending)
                self._pending = bytearray()
        while len(coming) >= BLOCK:
            self._put(coming[:BLOCK])
            coming = coming[BLOCK:]
        self._pending += coming
        return len(content)

    def finish(self) -> None:
        """No more comes. Raises as `write`."""
        if self._pending:
            self._put(self._pending)
            self._pending = bytearray()

    @property
    def closed(self) -> bool:
        return self._file.closed

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    def read(self) -> Iterator[bytes]:
        """All of it from the beginning, in blocks; the file is gone after the last, or when nobody asks for more."""
        try:
            self._file.seek(0)
            for number in range(self._blocks):
                sealed = self._file.read(BLOCK + TAG_BYTES)
                yield self._cipher.decrypt(_nonce(number), sealed, None)
        finally:
            self.close()

    def close(self) -> None:
        self._file.close()

    def _put(self, block: bytearray | memoryview) -> None:
        # The key is this spool's own, so that a number is never used twice under it.
        sealed = self._cipher.encrypt(_nonce(self._blocks), block, None)
        self._blocks += 1
        try:
            written = os.write(self._file.fileno(), sealed)
            if written != len(sealed):
                raise OSError("short write")
        except OSError as why:
            raise Unavailable(NO_ROOM) from why


def _nonce(number: int) -> bytes:
    return number.to_bytes(NONCE_BYTES, "big")
