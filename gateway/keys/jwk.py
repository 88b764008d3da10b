"""Public keys of clients and of the token service as JSON Web Keys (RFC 7517), each bound to one algorithm."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers

from gateway.errors import RequestError

PublicKey = EllipticCurvePublicKey | Ed25519PublicKey | RSAPublicKey
COORDINATE_BYTES = 32
RSA_BITS = range(2048, 8193)
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
NOT_USABLE = "Not a public JWK for signatures: use EC P-256 (ES256), OKP Ed25519 (EdDSA) or RSA of 2048 bits or more (PS256)."


def public_jwk(document: object) -> dict[str, str]:
    """The required members of a public JWK, and nothing else of it.

    Raises `RequestError` for a private key, another kind of key, or coordinates that are not a key.
    """
    if not isinstance(document, Mapping):
        raise RequestError(NOT_USABLE)
    if PRIVATE_MEMBERS & set(document):
        raise RequestError(
            "The file holds a private or secret key. Replace that key, it has been shown, and hand in the public half."
        )
    names: tuple[str, ...]
    match (document.get("kty"), document.get("crv")):
        case ("EC", "P-256"):
            names = ("crv", "kty", "x", "y")
        case ("OKP", "Ed25519"):
            names = ("crv", "kty", "x")
        case ("RSA", None):
            names = ("e", "kty", "n")
        case _:
            raise RequestError(NOT_USABLE)
    members = {name: document.get(name) for name in names}
    kept = {name: value for name, value in members.items() if isinstance(value, str)}
    if len(kept) != len(names) or document.get("alg", algorithm_of(kept)) != algorithm_of(kept):
        raise RequestError(NOT_USABLE)
    public_key(kept)
    return kept


def algorithm_of(jwk: Mapping[str, str]) -> str:
    """The only algorithm that a key of this type verifies."""
    return {"EC": "ES256", "OKP": "EdDSA", "RSA": "PS256"}[jwk["kty"]]


def public_key(jwk: Mapping[str, str]) -> PublicKey:
    """The key of a JWK from `public_jwk`. Raises `RequestError` when the numbers are not one."""
    try:
        match jwk["kty"]:
            case "EC":
                x, y = _bytes(jwk["x"], COORDINATE_BYTES), _bytes(jwk["y"], COORDINATE_BYTES)
                return EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), SECP256R1()).public_key()
            case "OKP":
                return Ed25519PublicKey.from_public_bytes(_bytes(jwk["x"], COORDINATE_BYTES))
            case _:
                key = RSAPublicNumbers(int.from_bytes(_bytes(jwk["e"])), int.from_bytes(_bytes(jwk["n"]))).public_key()
    except (ValueError, KeyError) as why:
        raise RequestError(NOT_USABLE) from why
    if key.key_size not in RSA_BITS:
        raise RequestError(NOT_USABLE)
    return key


def thumbprint(jwk: Mapping[str, str]) -> str:
    """RFC 7638 thumbprint (SHA-256, base64url) of a JWK that holds the required members only."""
    canonical = json.dumps(dict(jwk), sort_keys=True, separators=(",", ":"))
    return _text(hashlib.sha256(canonical.encode()).digest())


def ed25519_jwk(key: Ed25519PublicKey) -> dict[str, str]:
    """The JWK of an Ed25519 key, required members only (RFC 8037)."""
    return {"crv": "Ed25519", "kty": "OKP", "x": _text(key.public_bytes_raw())}


def _bytes(text: str, length: int | None = None) -> bytes:
    if not BASE64URL.fullmatch(text):
        raise ValueError("not base64url")
    try:
        found = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as why:
        raise ValueError("not base64url") from why
    if _text(found) != text or length not in {None, len(found)}:
        raise ValueError("not the only spelling of these bytes")
    return found


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
