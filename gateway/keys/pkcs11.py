"""The key-encryption key in a PKCS#11 token (a hardware security module): AES-GCM that the token does itself.

Needs the extra `pkcs11`. The key must be an AES key that may encrypt and decrypt; it never leaves the token.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pkcs11
from pkcs11.exceptions import (
    EncryptedDataInvalid,
    FunctionFailed,
    GeneralError,
    MultipleObjectsReturned,
    MultipleTokensReturned,
    NoSuchKey,
    NoSuchToken,
    PinIncorrect,
    PinInvalid,
    PinLenRange,
    PinLocked,
    PKCS11Error,
    UserAlreadyLoggedIn,
)
from pkcs11.mechanisms import GCMParams

from gateway.errors import ConfigurationError, IntegrityError, Unavailable

NAME = "pkcs11"
VERSION = b"\x01"
NONCE_BYTES, TAG_BITS = 12, 128
BODY = len(VERSION) + NONCE_BYTES
NOT_OPENED = (EncryptedDataInvalid, GeneralError, FunctionFailed)
"""What tokens answer where the tag is not right; SoftHSM says "general error"."""


class Pkcs11:
    """Wraps under one AES key of a token. The id of what is wrapped is authenticated with it. One thread asks at a time."""

    name = NAME

    def __init__(self, library: Path, token: str, key: str, pin: str) -> None:
        """`library` is the token's own PKCS#11 library, `token` and `key` are labels."""
        self._library, self._token, self._label, self._pin = library, token, key, pin
        self._lock = threading.Lock()
        self._session: Any = None

    def wrap(self, secret: bytes, key_id: str) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        with self._lock:
            try:
                sealed = self._key().encrypt(secret, **_mechanism(nonce, key_id))
            except PKCS11Error as why:
                raise self._out_of_reach() from why
        return VERSION + nonce + bytes(sealed)

    def unwrap(self, wrapped: bytes, key_id: str) -> bytes:
        """Raises `IntegrityError` for what this key did not wrap under this id."""
        if wrapped[:1] != VERSION:
            raise IntegrityError("A wrapped key has an unknown version.")
        with self._lock:
            try:
                key = self._key()
                try:
                    return bytes(key.decrypt(wrapped[BODY:], **_mechanism(wrapped[len(VERSION) : BODY], key_id)))
                except NOT_OPENED as why:
                    raise IntegrityError("A wrapped key was not wrapped by this key-encryption key.") from why
            except PKCS11Error as why:
                raise self._out_of_reach() from why

    def _key(self) -> Any:
        """Through a session that is opened where there is none, or none any more."""
        try:
            if self._session is None:
                self._session = _opened(pkcs11.lib(str(self._library)).get_token(token_label=self._token), self._pin)
            return self._session.get_key(object_class=pkcs11.ObjectClass.SECRET_KEY, label=self._label)
        except (NoSuchToken, MultipleTokensReturned) as why:
            raise ConfigurationError(f"There is not one token {self._token}: see GATEWAY_PKCS11_TOKEN.") from why
        except (NoSuchKey, MultipleObjectsReturned) as why:
            raise ConfigurationError(f"Token {self._token} has not one secret key {self._label}: see GATEWAY_KMS_KEY.") from why
        except (PinIncorrect, PinInvalid, PinLenRange, PinLocked) as why:
            raise ConfigurationError(f"Token {self._token} does not take the PIN of GATEWAY_PKCS11_PIN_FILE.") from why
        except (OSError, RuntimeError) as why:
            raise ConfigurationError(f"{self._library} is no PKCS#11 library: see GATEWAY_PKCS11_LIBRARY.") from why

    def _out_of_reach(self) -> Unavailable:
        self._session = None
        return Unavailable("The token that holds the key-encryption key does not answer; try again shortly.")


def _opened(token: Any, pin: str) -> Any:
    try:
        return token.open(user_pin=pin)
    except UserAlreadyLoggedIn:
        return token.open()  # a session of this process has logged in to the token, which is good for all of its sessions


def _mechanism(nonce: bytes, key_id: str) -> dict[str, object]:
    return {"mechanism": pkcs11.Mechanism.AES_GCM, "mechanism_param": GCMParams(nonce, key_id.encode(), TAG_BITS)}
