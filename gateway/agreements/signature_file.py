"""A signature as a small JSON file: made where the key is, handed in by command or over the API."""

from __future__ import annotations

import base64
import binascii
import json
import re

import orjson

from gateway.agreements.sign import SignedStatement
from gateway.domain.agreement import SLUG
from gateway.domain.identifiers import AgreementId, InstitutionId
from gateway.domain.signing import SIGNATURE_FORMAT, Statement
from gateway.errors import RequestError
from gateway.keys.signatures import SIGNATURE_BYTES

LARGEST = 4_096
"""Bytes of a signature file; a real one has about 500."""
LARGEST_VERSION = 1_000_000
_TEXTS = ("format", "agreement", "digest", "institution", "signatory", "signature")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def write_signature(signed: SignedStatement) -> bytes:
    """The file of a signature."""
    statement = signed.statement
    members = {
        "format": SIGNATURE_FORMAT,
        "agreement": statement.agreement,
        "version": statement.version,
        "digest": statement.digest,
        "institution": statement.institution,
        "signatory": statement.person,
        "signature": base64.b64encode(signed.signature).decode(),
    }
    return orjson.dumps(members, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def read_signature(content: bytes) -> SignedStatement:
    """The signature in a file. Raises `RequestError` that names what is missing or wrong; nothing is verified here."""
    if len(content) > LARGEST:
        raise RequestError("This is no signature file: it is too large.")
    try:
        members: object = json.loads(content, object_pairs_hook=_once_each)
    except (ValueError, RecursionError) as why:
        raise RequestError("This is no signature file: it is not JSON. Make one with gateway agreement sign --offline.") from why
    expected = {*_TEXTS, "version"}
    if not isinstance(members, dict) or members.keys() != expected:
        raise RequestError(f"A signature file has exactly the members {', '.join(sorted(expected))}.")
    wrong = [name for name in _TEXTS if not isinstance(members[name], str)]
    version = members["version"]
    if wrong or type(version) is not int or not 1 <= version <= LARGEST_VERSION:
        raise RequestError(f"In the signature file {', '.join(wrong) or 'version'} is not of its type.")
    if members["format"] != SIGNATURE_FORMAT:
        raise RequestError(f'The signature file\'s format is not "{SIGNATURE_FORMAT}".')
    slugs = [name for name in ("agreement", "institution", "signatory") if not re.fullmatch(SLUG, members[name])]
    if slugs:
        raise RequestError(f"In the signature file {', '.join(slugs)} must be small letters, digits and hyphens.")
    if not _DIGEST.fullmatch(members["digest"]):
        raise RequestError("In the signature file digest must be 64 hexadecimal digits in small letters.")
    statement = Statement(
        AgreementId(members["agreement"]),
        version,
        members["digest"],
        InstitutionId(members["institution"]),
        members["signatory"],
    )
    return SignedStatement(statement, decoded_signature(members["signature"]))


def decoded_signature(text: str) -> bytes:
    """The 64 bytes of an Ed25519 signature in base64. Raises `RequestError`."""
    try:
        signature = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as why:
        raise RequestError("A signature is written in base64.") from why
    if len(signature) != SIGNATURE_BYTES:
        raise RequestError(f"An Ed25519 signature has {SIGNATURE_BYTES} bytes, which base64 writes in 88 characters.")
    return signature


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Two readers of a name that stands twice may take different ones."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name stands twice")
    return members
