"""Authenticated encryption of what the gateway stores: AES-GCM bound to the place it belongs to.

The associated data are `version|table|row|key id`, so that a ciphertext moved to another row, table or key does not open
(security reference, Encryption at rest). Layout: one version byte, a 12-byte random nonce, ciphertext and tag.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.errors import IntegrityError

VERSION = b"\x01"
NONCE_BYTES = 12
BODY = len(VERSION) + NONCE_BYTES


@dataclass(frozen=True)
class DataKey:
    """A 32-byte key in the clear; never logged (`repr` shows the id only)."""

    key_id: str
    secret: bytes

    def __repr__(self) -> str:
        return f"DataKey({self.key_id})"


@dataclass(frozen=True)
class DataKeys:
    """The key that seals, and the ones before it, newest first, that still open what a rotation has not come to yet."""

    current: DataKey
    older: tuple[DataKey, ...] = ()


class Sealer:
    """Seals and opens the values of one table under one key; keeps the cipher, which costs more to build than to use.

    With `DataKeys` it opens what an older key has sealed too.
    """

    def __init__(self, keys: DataKey | DataKeys, table: str) -> None:
        key = keys if isinstance(keys, DataKey) else keys.current
        self.key_id = key.key_id
        self._cipher = AESGCM(key.secret)
        self._decrypt = self._cipher.decrypt
        self._prefix = f"1|{table}|".encode()
        self._suffix = f"|{key.key_id}".encode()
        self._older = () if isinstance(keys, DataKey) else tuple(Sealer(older, table) for older in keys.older)

    def seal(self, plaintext: bytes, row: str) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return VERSION + nonce + self._cipher.encrypt(nonce, plaintext, self._place(row))

    def unseal(self, sealed: bytes, row: str) -> bytes:
        """Raises `IntegrityError` when the bytes were not sealed for this table, row and key."""
        if sealed[:1] != VERSION:
            raise IntegrityError("A sealed value has an unknown version.")
        for sealer in (self, *self._older):
            with suppress(InvalidTag):
                return sealer._decrypt(sealed[1:BODY], sealed[BODY:], sealer._place(row))
        raise IntegrityError("A sealed value does not open in the place where it stands.")

    def sealed_by_older(self, sealed: bytes, row: str) -> bool:
        """Whether an older key sealed it. Raises `IntegrityError` when none did."""
        try:
            self._decrypt(sealed[1:BODY], sealed[BODY:], self._place(row))
        except InvalidTag:
            self.unseal(sealed, row)
            return True
        return False

    def unseal_each(self, sealed: Sequence[bytes | None], owner: str, numbers: Iterable[tuple[int, ...]]) -> list[bytes | None]:
        """The same for a column of a page, in order; None stays None. A row is its owner and its numbers, with `|` between."""
        rows = list(numbers) if self._older else numbers
        try:
            return self._by_the_current(sealed, owner, rows)
        except IntegrityError:
            if not self._older:
                raise
        named = ("|".join((owner, *map(str, row))) for row in rows)
        return [None if blob is None else self.unseal(blob, row) for blob, row in zip(sealed, named, strict=True)]

    def _by_the_current(self, sealed: Sequence[bytes | None], owner: str, numbers: Iterable[tuple[int, ...]]) -> list[bytes | None]:
        decrypt, place = self._decrypt, b""
        clear: list[bytes | None] = []
        try:
            for blob, row in zip(sealed, numbers, strict=True):
                if blob is None:
                    clear.append(None)
                    continue
                if blob[:1] != VERSION:
                    raise IntegrityError("A sealed value has an unknown version.")
                place = place or self._prefix + owner.replace("%", "%%").encode() + b"|%d" * len(row) + self._suffix
                clear.append(decrypt(blob[1:BODY], blob[BODY:], place % row))
        except InvalidTag as why:
            raise IntegrityError("A sealed value does not open in the place where it stands.") from why
        return clear

    def _place(self, row: str) -> bytes:
        return self._prefix + row.encode() + self._suffix
