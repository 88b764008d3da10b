"""Reveal a secret that a source file names by where it is: an environment variable, a file, or what the key service opens."""

from __future__ import annotations

import base64
import binascii
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from connectors.secrets import SecretRef, Secrets
from gateway.errors import ConfigurationError, IntegrityError
from gateway.keys.seal import DataKey, Sealer
from gateway.keys.wrap import KEY_BYTES, KeyWrapper

OTHERS = 0o077
TABLE = "source_secret"
LENGTH_BYTES = 2


def secrets_of(wrapper: Callable[[], KeyWrapper], environ: Mapping[str, str] = os.environ) -> Secrets:
    """What reveals the secrets of source files; `wrapper` opens the key service, and is called for a secret behind `kms:` only.

    It raises `ConfigurationError`, without the secret, when one is not there, is empty, or lies in a file that others can read.
    """

    def reveal(reference: SecretRef) -> str:
        match reference.place:
            case "env":
                text = environ.get(reference.name, "")
            case "file":
                text = _from_file(Path(reference.name))
            case "kms":
                text = _opened(wrapper(), reference.name)
        if not text:
            raise ConfigurationError(f"The secret at {reference.place} {_shown(reference)} is empty or not set.")
        return text

    return reveal


def seal_secret(wrapper: KeyWrapper, text: str) -> str:
    """What to write behind `kms:` in a source file: the text under a key of its own, which the key service wraps."""
    secret = os.urandom(KEY_BYTES)
    wrapped = wrapper.wrap(secret, TABLE)
    sealed = Sealer(DataKey(TABLE, secret), TABLE).seal(text.encode(), TABLE)
    return base64.b64encode(len(wrapped).to_bytes(LENGTH_BYTES) + wrapped + sealed).decode("ascii")


def _from_file(path: Path) -> str:
    try:
        mode, text = path.stat().st_mode, path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as why:
        raise ConfigurationError(f"The secret file {path} cannot be read: {type(why).__name__}.") from why
    if stat.S_IMODE(mode) & OTHERS:
        raise ConfigurationError(f"The secret file {path} can be read by others. Run: chmod 600 {path}")
    return text


def _opened(wrapper: KeyWrapper, text: str) -> str:
    try:
        content = base64.b64decode(text, validate=True)
        end = LENGTH_BYTES + int.from_bytes(content[:LENGTH_BYTES])
        secret = wrapper.unwrap(content[LENGTH_BYTES:end], TABLE)
        return Sealer(DataKey(TABLE, secret), TABLE).unseal(content[end:], TABLE).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError, IntegrityError) as why:
        raise ConfigurationError("A secret behind kms: was not sealed by this gateway's key. Run: gateway source seal") from why


def _shown(reference: SecretRef) -> str:
    return "text" if reference.place == "kms" else reference.name
