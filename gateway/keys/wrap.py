"""The key-encryption key and how it wraps data keys; `LocalFile` is the embedded default behind the `KeyWrapper` protocol."""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path
from typing import Protocol

from gateway.errors import ConfigurationError
from gateway.keys.seal import DataKey, Sealer

KEY_BYTES = 32
TABLE = "wrapped_key"


class KeyWrapper(Protocol):
    """Wraps and unwraps 32 to 64 bytes of key, bound to the key's id. A KMS can stand behind it."""

    @property
    def name(self) -> str: ...

    def wrap(self, secret: bytes, key_id: str) -> bytes: ...

    def unwrap(self, wrapped: bytes, key_id: str) -> bytes: ...


class LocalFile:
    """A key-encryption key in a file that only its owner can read."""

    def __init__(self, secret: bytes, name: str = "local-file") -> None:
        self._sealer = Sealer(DataKey(name, secret), TABLE)
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    def wrap(self, secret: bytes, key_id: str) -> bytes:
        return self._sealer.seal(secret, key_id)

    def unwrap(self, wrapped: bytes, key_id: str) -> bytes:
        return self._sealer.unseal(wrapped, key_id)


def open_key_file(path: Path, *, create: bool) -> LocalFile:
    """Read the key file, or make it (mode 0600) when `create` says that this is a first start.

    Raises `ConfigurationError` when it is missing, unreadable, readable by others or not a key.
    """
    if create and not path.exists():
        _write_new(path)
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii").strip()
        secret = base64.b64decode(text, validate=True)
    except FileNotFoundError as why:
        raise ConfigurationError(
            f"The key file {path} is missing. Restore it from its backup: without it nothing that is sealed can be opened."
        ) from why
    except (OSError, UnicodeDecodeError, binascii.Error) as why:
        raise ConfigurationError(f"The key file {path} cannot be read as a base64 key.") from why
    if mode & 0o077:
        raise ConfigurationError(f"The key file {path} can be read by others. Run: chmod 600 {path}")
    if len(secret) != KEY_BYTES:
        raise ConfigurationError(f"The key file {path} must hold {KEY_BYTES} bytes in base64, it holds {len(secret)}.")
    return LocalFile(secret)


def _write_new(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(f"{path.name}.{os.getpid()}.new")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, base64.b64encode(os.urandom(KEY_BYTES)) + b"\n")
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        os.link(partial, path)  # unlike a rename it never replaces a key that another process made meanwhile
    except FileExistsError:
        return
    finally:
        partial.unlink()
