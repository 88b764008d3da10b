"""Pseudonyms: a surrogate and a domain tag as one AES block under the agreement's key, in 32 hexadecimal characters.

Stable inside one agreement, unlinkable across agreements, reversible only by the gateway. One block is one encryption of a
distinct 16-byte text, so ECB over many blocks is a permutation of each and leaks nothing that equality does not.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

BLOCK_BYTES = 16
TEXT_LENGTH = 2 * BLOCK_BYTES


class Pseudonyms:
    """The pseudonyms of one agreement, made a page at a time; those of `older` keys are known, but not made any more."""

    def __init__(self, key: bytes, older: Sequence[bytes] = ()) -> None:
        self._cipher = Cipher(AES(key), ECB())  # noqa: S305 -- single distinct blocks, see the module's docstring
        self._older = tuple(Pseudonyms(known) for known in older)

    def of(self, surrogates: Sequence[int | None], key_space: str) -> list[str | None]:
        """One pseudonym for each surrogate, in order; None stays None."""
        known = [number for number in surrogates if number is not None]
        halves = [int.from_bytes(_tag(key_space), "big", signed=True)] * (2 * len(known))
        halves[::2] = known
        encryptor = self._cipher.encryptor()
        blocks = encryptor.update(struct.pack(f">{len(halves)}q", *halves)) + encryptor.finalize()
        made: list[str | None] = list(blocks.hex(" ", -BLOCK_BYTES).split())
        if len(known) == len(surrogates):
            return made
        following = iter(made)
        return [None if number is None else next(following) for number in surrogates]

    def surrogate(self, pseudonym: str, key_space: str) -> int | None:
        """The surrogate behind a pseudonym; None when it is not one of this agreement and key space."""
        try:
            block = bytes.fromhex(pseudonym)
        except ValueError:
            return None
        if len(pseudonym) != TEXT_LENGTH or len(block) != BLOCK_BYTES or pseudonym != pseudonym.lower():
            return None
        decryptor = self._cipher.decryptor()
        clear = decryptor.update(block) + decryptor.finalize()
        number = int.from_bytes(clear[:8], "big")
        found = number if clear[8:] == _tag(key_space) and number < 1 << 63 else None
        # Every key is tried, so that how long it takes does not tell which one made it.
        others = [older.surrogate(pseudonym, key_space) for older in self._older]
        return next((one for one in (found, *others) if one is not None), None)


def _tag(key_space: str) -> bytes:
    return hashlib.sha256(b"educator-data-gateway/pseudonym/" + key_space.encode()).digest()[:8]
