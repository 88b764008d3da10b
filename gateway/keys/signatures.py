"""Ed25519 keys and signatures of people: a public key fit to bind somebody, the private key in its file, and verification."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.errors import RequestError
from gateway.keys.jwk import public_jwk, public_key

SIGNATURE_BYTES = 64
_FIELD = 2**255 - 19
_ORDER_EIGHT = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
SMALL_ORDER = frozenset({0, 1, _FIELD - 1, _FIELD, _FIELD + 1, _ORDER_EIGHT, _FIELD - _ORDER_EIGHT})
"""The y coordinates of points of small order (the eight-torsion, with the two spellings above the field's prime). Under such a key
a signature that anybody can make verifies, so it binds nobody."""


def binding_jwk(document: object) -> dict[str, str]:
    """The public JWK of an Ed25519 key that only its holder can sign with. Raises `RequestError` for anything else."""
    jwk = public_jwk(document)
    key = public_key(jwk)
    if not isinstance(key, Ed25519PublicKey):
        raise RequestError("Signatories use Ed25519 keys: a JWK with kty OKP and crv Ed25519.")
    y = int.from_bytes(key.public_bytes_raw(), "little") & (2**255 - 1)
    if y in SMALL_ORDER:
        raise RequestError("This public key is one that anybody can sign for. Make a new key pair.")
    return jwk


def read_signing_key(path: Path, ask_password: Callable[[], bytes]) -> Ed25519PrivateKey:
    """The private key in a PEM file (PKCS 8); the password is asked for where the file has one. Raises `RequestError`."""
    try:
        content = path.read_bytes()
    except OSError as why:
        raise RequestError(f"{path} cannot be read: {why.strerror}.") from why
    password = ask_password() if b"ENCRYPTED" in content else None
    try:
        key = load_pem_private_key(content, password)
    except (TypeError, ValueError, UnsupportedAlgorithm) as why:
        raise RequestError(f"{path} is not a private key in PEM (PKCS 8), or the password is another one.") from why
    if not isinstance(key, Ed25519PrivateKey):
        raise RequestError(f"{path} holds another kind of key. Signatories use Ed25519.")
    return key


def verifies(jwk: Mapping[str, str], signature: bytes, content: bytes) -> bool:
    """Whether this key signed these bytes."""
    key = public_key(jwk)
    if not isinstance(key, Ed25519PublicKey) or len(signature) != SIGNATURE_BYTES:
        return False
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True
