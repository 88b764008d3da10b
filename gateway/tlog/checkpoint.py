"""C2SP tlog-checkpoint: origin, size and root as the text of a signed note."""

from __future__ import annotations

import base64
import binascii

from gateway.domain.auditing import Checkpoint
from gateway.errors import IntegrityError
from gateway.tlog.merkle import HASH_BYTES
from gateway.tlog.note import Signer, Verifier, open_note

LINES = 3


def sign_checkpoint(log_id: int, size: int, root: bytes, signer: Signer) -> Checkpoint:
    """Sign a size and root under the log's origin (the signer's name)."""
    text = f"{signer.verifier.name}\n{size}\n{base64.b64encode(root).decode()}\n"
    return Checkpoint(log_id, size, root, signer.sign(text))


def open_checkpoint(log_id: int, note: str, verifier: Verifier) -> Checkpoint:
    """The checkpoint in a note. Raises `IntegrityError` when it is not this log's or does not verify."""
    return parse_checkpoint(log_id, note, open_note(note, verifier), verifier.name)


def parse_checkpoint(log_id: int, note: str, text: str, origin: str) -> Checkpoint:
    """What the text of a note says, whose signatures were checked. Raises `IntegrityError` when it is not of this origin."""
    lines = text.split("\n")
    if len(lines) <= LINES or lines[0] != origin or not lines[1].isascii() or not lines[1].isdigit():
        raise IntegrityError("The checkpoint's text is not one of this log.")
    try:
        root = base64.b64decode(lines[2], validate=True)
    except binascii.Error as why:
        raise IntegrityError("The checkpoint's root is not base64.") from why
    if len(root) != HASH_BYTES or str(int(lines[1])) != lines[1]:
        raise IntegrityError("The checkpoint's size or root is malformed.")
    return Checkpoint(log_id, int(lines[1]), root, note)
