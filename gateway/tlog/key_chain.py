"""The keys of one log, each announced in a note that it and the key before it signed: whoever knows one of them knows all.

The first note opens the log, signed by the first key alone. A checkpoint of a size is good when the newest key whose `since` is
not above that size signed it, and every other line of it is a good signature of another key of the log.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.domain.auditing import Checkpoint
from gateway.errors import IntegrityError
from gateway.tlog.checkpoint import parse_checkpoint
from gateway.tlog.note import DASH, ED25519, Signer, Verifier

FORMAT = "gateway-log-key/v1"
NONE = "none"
FIELDS = 8
KEY_BYTES = 32
NOT_CANONICAL = "A note of the log is not spelt as the gateway writes it."


@dataclass(frozen=True)
class LogKey:
    """One key of a log: its number from 1 on, the first size of the log whose checkpoint it must sign, and when it began (UTC)."""

    log_id: int
    generation: int
    since: int
    at: str
    verifier: Verifier
    note: str


@dataclass(frozen=True)
class KeyChain:
    """Every key of one log, oldest first."""

    origin: str
    keys: tuple[LogKey, ...]

    @property
    def newest(self) -> LogKey:
        return self.keys[-1]

    def at(self, size: int) -> LogKey:
        """The key that must have signed a checkpoint of this size."""
        return [key for key in self.keys if key.since <= size][-1]

    def open_checkpoint(self, note: str) -> Checkpoint:
        """The checkpoint in a note of this log, byte for byte as the gateway wrote it. Raises `IntegrityError` otherwise."""
        text, signed_by = open_strictly(note, [key.verifier for key in self.keys])
        checkpoint = parse_checkpoint(self.keys[0].log_id, note, text, self.origin)
        if self.at(checkpoint.size).verifier.key_hash not in signed_by:
            raise IntegrityError(f"The checkpoint of {checkpoint.size} entries is not signed by the log's key of that time.")
        return checkpoint


class JointSigner(Signer):
    """Signs with a log's newest key and, while they are still to be honoured, with those before it."""

    def __init__(self, signers: Sequence[Signer]) -> None:
        newest, *self._older = signers
        super().__init__(newest.verifier.name, newest._key)

    @property
    def key_hashes(self) -> frozenset[bytes]:
        return frozenset({self.verifier.key_hash, *(older.verifier.key_hash for older in self._older)})

    def sign(self, text: str) -> str:
        return super().sign(text) + "".join(older.line(text) for older in self._older)


def announce(signers: Sequence[Signer], log_id: int, generation: int, since: int, at: str) -> str:
    """The note of a key: `signers` are the new key's and, after the first, that of the key before it."""
    new, *before = signers
    previous = before[0].verifier.vkey if before else NONE
    lines = [new.verifier.name, FORMAT, str(log_id), str(generation), str(since), at, new.verifier.vkey, previous]
    return JointSigner(signers).sign("".join(f"{line}\n" for line in lines))


def read_chain(log_id: int, origin: str, notes: Sequence[str], trusted: Collection[bytes]) -> KeyChain:
    """The keys of a log from their notes, oldest first; `trusted` are public keys, 32 bytes each, one of which must be among them.

    Raises `IntegrityError` where a note is not the next of its chain.
    """
    keys: list[LogKey] = []
    for generation, note in enumerate(notes, start=1):
        keys.append(_next_key(note, log_id, origin, generation, keys))
    if not keys:
        raise IntegrityError(f"No key of log {log_id} is announced. Run: gateway db upgrade")
    if not any(key.verifier.key.public_bytes_raw() in trusted for key in keys):
        raise IntegrityError(f"The keys that are announced for log {log_id} are not the gateway's.")
    return KeyChain(origin, tuple(keys))


def _next_key(note: str, log_id: int, origin: str, generation: int, before: Sequence[LogKey]) -> LogKey:
    lines = note.split("\n")
    wrong = IntegrityError(f"Key {generation} of log {log_id} is not announced as it was.")
    if len(lines) <= FIELDS or lines[FIELDS]:
        raise wrong
    name, form, log, number, since, at, vkey, previous = lines[:FIELDS]
    verifier = parse_vkey(vkey)
    expected = before[-1].verifier.vkey if before else NONE
    if (name, form, log, number, previous) != (origin, FORMAT, str(log_id), str(generation), expected) or verifier.name != origin:
        raise wrong
    if not since.isdigit() or str(int(since)) != since or int(since) < (before[-1].since if before else 0):
        raise wrong
    signers = [verifier, *(key.verifier for key in before[-1:])]
    _, signed_by = open_strictly(note, signers)
    if signed_by != {signer.key_hash for signer in signers}:
        raise wrong
    return LogKey(log_id, generation, int(since), at, verifier, note)


def parse_vkey(text: str) -> Verifier:
    """The verifier of `name+hash+base64`. Raises `IntegrityError` when it is none of Ed25519."""
    name, hashed, encoded = (*text.split("+", 2), "", "")[:3]
    wrong = IntegrityError("A log's key is not in the form name+hash+base64 of an Ed25519 key.")
    try:
        content = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as why:
        raise wrong from why
    if content[:1] != ED25519 or len(content) != 1 + KEY_BYTES:
        raise wrong
    verifier = Verifier(name, Ed25519PublicKey.from_public_bytes(content[1:]))
    if verifier.vkey != text or verifier.key_hash.hex() != hashed:
        raise wrong
    return verifier


def signed_by(note: str, origin: str) -> frozenset[bytes]:
    """The key hashes that a note's signature lines of this name claim; checks nothing."""
    lines = note.rpartition("\n\n")[2].split("\n")
    encoded = [line.rpartition(" ")[2] for line in lines if line.startswith(f"{DASH}{origin} ")]
    return frozenset(base64.b64decode(one[:8])[:4] for one in encoded)


def open_strictly(note: str, verifiers: Sequence[Verifier]) -> tuple[str, set[bytes]]:
    """The text of a note, and the hashes of the keys that signed it. Unlike C2SP's reader it takes no line that is not a good
    signature of one of `verifiers`, and no other spelling of one: a byte that is changed anywhere shows."""
    text, blank, lines = note.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise IntegrityError("The checkpoint is not a signed note.")
    text += "\n"
    found: set[bytes] = set()
    for line in lines[:-1].split("\n"):
        found.add(_checked(line, text, verifiers))
    return text, found


def _checked(line: str, text: str, verifiers: Sequence[Verifier]) -> bytes:
    name, _, encoded = line.removeprefix(DASH).rpartition(" ")
    try:
        signature = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as why:
        raise IntegrityError(NOT_CANONICAL) from why
    if not line.startswith(DASH) or base64.b64encode(signature).decode() != encoded:
        raise IntegrityError(NOT_CANONICAL)
    for verifier in verifiers:
        if verifier.name == name and verifier.key_hash == signature[:4]:
            try:
                verifier.key.verify(signature[4:], text.encode())
            except InvalidSignature as why:
                raise IntegrityError("The checkpoint's signature does not verify.") from why
            return verifier.key_hash
    raise IntegrityError("The checkpoint is not signed by this log's key.")
