"""C2SP signed-note with Ed25519 (`c2sp.org/signed-note`): text, blank line, em-dash signature lines."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateway.errors import IntegrityError

ED25519 = b"\x01"
DASH = "\u2014 "


@dataclass(frozen=True)
class Verifier:
    """A named Ed25519 key; the key hash is what a signature line starts with."""

    name: str
    key: Ed25519PublicKey

    @property
    def key_hash(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.key.public_bytes_raw()).digest()[:4]

    @property
    def vkey(self) -> str:
        """The key in the text form that other tools take: `name+hash+base64`."""
        return f"{self.name}+{self.key_hash.hex()}+{base64.b64encode(ED25519 + self.key.public_bytes_raw()).decode()}"


class Signer:
    """Signs notes under one name."""

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.verifier = Verifier(name, key.public_key())

    def sign(self, text: str) -> str:
        """`text` ends with a newline; gives the whole note."""
        return f"{text}\n{self.line(text)}"

    def line(self, text: str) -> str:
        """The signature's own line, as it ends a note."""
        signature = base64.b64encode(self.verifier.key_hash + self._key.sign(text.encode())).decode()
        return f"{DASH}{self.verifier.name} {signature}\n"


def open_note(note: str, verifier: Verifier) -> str:
    """The text of a note that this key signed. Raises `IntegrityError` otherwise."""
    text, blank, signatures = note.rpartition("\n\n")
    if not blank or not signatures.endswith("\n"):
        raise IntegrityError("The checkpoint is not a signed note.")
    text += "\n"
    for line in signatures.splitlines():
        name, _, encoded = line.removeprefix(DASH).partition(" ")
        if not line.startswith(DASH) or name != verifier.name:
            continue
        try:
            signature = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            continue
        if signature[:4] == verifier.key_hash:
            try:
                verifier.key.verify(signature[4:], text.encode())
            except InvalidSignature as why:
                raise IntegrityError("The checkpoint's signature does not verify.") from why
            return text
    raise IntegrityError("The checkpoint is not signed by this log's key.")
