"""Signed checkpoints (`c2sp.org/signed-note`, `c2sp.org/tlog-checkpoint`) and the text form of the keys that sign them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.receipt.failures import DoesNotHold, Unreadable
from gateway.receipt.text import HASH_BYTES, decimal, from_base64

ED25519 = b"\x01"
ID_BYTES = 4
TEXT_LINES = 3
_SIGNATURE = re.compile("\u2014 ([^ +]+) ([^ ]+)")


@dataclass(frozen=True)
class Key:
    """An Ed25519 key of a log; `name` is the log's origin."""

    name: str
    id: bytes
    public: Ed25519PublicKey


@dataclass(frozen=True)
class Checkpoint:
    """A size and root that a log signed."""

    origin: str
    size: int
    root: bytes


def read_key(line: str) -> Key:
    """The key of `NAME+ID+BASE64`. Raises `Unreadable`."""
    name, _, rest = line.partition("+")
    hexadecimal, _, encoded = rest.partition("+")
    content = from_base64(encoded)
    if not name or content is None or len(content) != 1 + HASH_BYTES or content[:1] != ED25519:
        raise Unreadable("a line of the key's file is not an Ed25519 verifier key (NAME+ID+BASE64, c2sp.org/signed-note)")
    key_id = hashlib.sha256(name.encode() + b"\n" + content).digest()[:ID_BYTES]
    if hexadecimal != key_id.hex():
        raise Unreadable("a verifier key's ID is not the one of its name and key: it was copied wrongly")
    return Key(name, key_id, Ed25519PublicKey.from_public_bytes(content[1:]))


def open_checkpoint(note: str, keys: Sequence[Key]) -> Checkpoint:
    """What the note says, once one of the keys is found to have signed it. Raises `DoesNotHold`.

    Signatures of keys that are not known are passed over, as the format wants it; one of a known key that is wrong refuses.
    """
    text, blank, signatures = note.rpartition("\n\n")
    lines = text.split("\n")
    if not blank or not signatures.endswith("\n") or len(lines) < TEXT_LINES:
        raise DoesNotHold("the checkpoint is not a signed note")
    signed = False
    for line in signatures[:-1].split("\n"):
        found = _SIGNATURE.fullmatch(line)
        if found is None:
            raise DoesNotHold("the checkpoint has a line that is no signature")
        content = from_base64(found[2]) or b""
        for key in keys:
            if (found[1], content[:ID_BYTES]) == (key.name, key.id) and key.name == lines[0]:
                _verify(key, content[ID_BYTES:], f"{text}\n")
                signed = True
    if not signed:
        raise DoesNotHold("the checkpoint is not signed by the log's key")
    size, root = decimal(lines[1]), from_base64(lines[2])
    if size is None or root is None or len(root) != HASH_BYTES:
        raise DoesNotHold("the checkpoint's size or root is malformed")
    return Checkpoint(lines[0], size, root)


def _verify(key: Key, signature: bytes, text: str) -> None:
    try:
        key.public.verify(signature, text.encode())
    except InvalidSignature:
        raise DoesNotHold("the checkpoint's signature is not the log's") from None
