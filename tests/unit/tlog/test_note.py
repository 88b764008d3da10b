"""Notes and checkpoints are C2SP's: one that others signed opens, ours reads as written there, and a changed one does not open."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateway.errors import IntegrityError
from gateway.tlog.checkpoint import open_checkpoint, sign_checkpoint
from gateway.tlog.note import Signer, Verifier, open_note

# The example of Go's golang.org/x/mod/sumdb/note.
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
NOTE = f"{TEXT}\n\u2014 PeterNeumann {SIGNATURE}\n"
ORIGIN = "gateway.example/audit/1"


def others() -> Verifier:
    return Verifier("PeterNeumann", Ed25519PublicKey.from_public_bytes(base64.b64decode(VKEY.split("+", 2)[2])[1:]))


def signer() -> Signer:
    return Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"k" * 32))


def test_a_note_that_another_program_signed_opens() -> None:
    assert others().vkey == VKEY
    assert open_note(NOTE, others()) == TEXT


@pytest.mark.parametrize(
    "note",
    [
        NOTE.replace("answer", "Answer"),
        NOTE.replace("x08g", "x08h"),
        NOTE.replace("PeterNeumann", "PeterPan"),
        NOTE.removesuffix("\n"),
        TEXT,
        "",
        NOTE.replace("\u2014 ", "- "),
    ],
)
def test_a_changed_note_does_not_open(note: str) -> None:
    with pytest.raises(IntegrityError):
        open_note(note, others())


def test_a_checkpoint_is_origin_size_and_root() -> None:
    checkpoint = sign_checkpoint(1, 3, b"r" * 32, signer())
    lines = checkpoint.note.split("\n")
    assert lines[:4] == [ORIGIN, "3", base64.b64encode(b"r" * 32).decode(), ""]
    assert open_checkpoint(1, checkpoint.note, signer().verifier) == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "elsewhere.example/audit/1\n3\n{root}\n",
        ORIGIN + "\n03\n{root}\n",
        ORIGIN + "\n-3\n{root}\n",
        ORIGIN + "\n\u0663\n{root}\n",
        ORIGIN + "\n3\nAAAA\n",
        ORIGIN + "\n3\n",
    ],
)
def test_a_signed_text_that_is_no_checkpoint_is_refused(text: str) -> None:
    note = signer().sign(text.replace("{root}", base64.b64encode(b"r" * 32).decode()))
    with pytest.raises(IntegrityError):
        open_checkpoint(1, note, signer().verifier)
