"""A signature file says what it says in one way, or is refused with the member that is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.agreements.sign import make_signature
from gateway.agreements.signature_file import LARGEST, read_signature, write_signature
from gateway.domain.identifiers import AgreementId, InstitutionId
from gateway.domain.signing import Statement
from gateway.errors import RequestError

KEY = Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\7")
SIGNED = make_signature(Statement(AgreementId("mou"), 1, "a1" * 32, InstitutionId("lakeside"), "dana"), KEY)
RIGHT: dict[str, Any] = json.loads(write_signature(SIGNED))


def test_what_was_written_is_read_back() -> None:
    assert read_signature(write_signature(SIGNED)) == SIGNED


def test_the_file_holds_nothing_of_the_private_key() -> None:
    content = write_signature(SIGNED)
    assert KEY.private_bytes_raw().hex().encode() not in content and KEY.private_bytes_raw() not in content


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"format": "another"}, "format"),
        ({"version": 0}, "version"),
        ({"version": "1"}, "version"),
        ({"version": True}, "version"),
        ({"version": 1.0}, "version"),
        ({"version": 10**9}, "version"),
        ({"agreement": "Mou"}, "agreement"),
        ({"agreement": "mou\n"}, "agreement"),
        ({"agreement": None}, "agreement"),
        ({"institution": "../x"}, "institution"),
        ({"signatory": ""}, "signatory"),
        ({"digest": "A1" * 32}, "digest"),
        ({"digest": "a1" * 31}, "digest"),
        ({"signature": "!!"}, "base64"),
        ({"signature": "AAAA"}, "64 bytes"),
        ({"signature": RIGHT["signature"] + "\n"}, "base64"),
        ({"more": 1}, "exactly"),
    ],
)
def test_a_member_that_is_wrong_is_named(change: dict[str, Any], word: str) -> None:
    with pytest.raises(RequestError, match=word):
        read_signature(json.dumps({**RIGHT, **change}).encode())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b"\xff\xfe{}",
        b"[" * LARGEST,
        b" " * (LARGEST + 1),
        write_signature(SIGNED).replace(b'"version": 1,', b'"version": 2, "version": 1,'),
        json.dumps({name: text for name, text in RIGHT.items() if name != "digest"}).encode(),
    ],
)
def test_what_is_no_signature_file_is_refused(content: bytes) -> None:
    with pytest.raises(RequestError):
        read_signature(content)
