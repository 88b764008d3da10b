"""Decrypt a file that was encrypted with OpenPGP, and check who signed it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.secrets import SecretRef, Secrets
from gateway.errors import ConfigurationError, IngestError

ENDINGS = (".gpg", ".pgp", ".asc")


@dataclass(frozen=True)
class PgpKeys:
    """The private key for what is received, its passphrase, and the key by which a file must be signed, if one must."""

    key: SecretRef
    passphrase: SecretRef | None = None
    signed_by: SecretRef | None = None


@contextmanager
def decrypted(path: Path, name: str, keys: PgpKeys, secrets: Secrets, folder: Path) -> Iterator[Path]:
    """The content of a file in the clear, in a private folder, while the context is open.

    Raises IngestError when it was not made for this key, was changed, or is not signed as it must be.
    """
    try:
        import pysequoia
    except ImportError as why:
        raise ConfigurationError("PGP needs what is not installed. Run: pip install 'educator-data-gateway[pgp]'") from why
    signer = None if keys.signed_by is None else _certificate(pysequoia, secrets(keys.signed_by))
    try:
        secret = pysequoia.Tsk.from_bytes(secrets(keys.key).encode())
        decryptor = secret.decryptor(None if keys.passphrase is None else secrets(keys.passphrase))
    except Exception as why:  # noqa: BLE001 the library raises plain exceptions
        told = f"The PGP key of this source cannot be used ({type(why).__name__}): check key and passphrase."
        raise ConfigurationError(told) from None
    clear = folder / f"{path.name}.clear"
    try:
        try:
            store = (lambda _ids: [signer]) if signer is not None else None
            done = pysequoia.decrypt_file(str(path), str(clear), decryptor=decryptor, store=store)
        except Exception as why:  # noqa: BLE001 as above
            told = f"{name} cannot be decrypted ({type(why).__name__}): it is for another key, or damaged, or badly signed."
            raise IngestError(told) from None
        if signer is not None and not done.valid_sigs:
            raise IngestError(f"{name} is not signed by the key that signed_by names; refused.")
        yield clear
    finally:
        clear.unlink(missing_ok=True)


def _certificate(pysequoia: Any, text: str) -> Any:
    try:
        return pysequoia.Cert.from_bytes(text.encode())
    except Exception:  # noqa: BLE001 as above
        raise ConfigurationError("signed_by holds no PGP key that can be read.") from None
