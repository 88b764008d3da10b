"""A key binds somebody only when nobody else can sign with it."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from gateway.errors import RequestError
from gateway.keys.jwk import ed25519_jwk
from gateway.keys.signatures import SMALL_ORDER, binding_jwk, read_signing_key, verifies

KEY = Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\7")
JWK = ed25519_jwk(KEY.public_key())
PRIME, CURVE = 2**255 - 19, -121665 * pow(121666, -1, 2**255 - 19)


def no_password() -> bytes:
    raise AssertionError("nobody is asked for a password that the file does not have")


def jwk_of(y: int) -> dict[str, str]:
    return {"crv": "Ed25519", "kty": "OKP", "x": base64.urlsafe_b64encode(y.to_bytes(32, "little")).rstrip(b"=").decode()}


def test_a_signature_verifies_over_its_own_bytes_only() -> None:
    signature = KEY.sign(b"this")
    assert verifies(JWK, signature, b"this")
    assert not verifies(JWK, signature, b"that")
    assert not verifies(JWK, signature[:-1] + bytes([signature[-1] ^ 1]), b"this")
    assert not verifies(JWK, signature[:-1], b"this")
    assert not verifies(JWK, b"", b"this")
    other = Ed25519PrivateKey.generate()
    assert not verifies(ed25519_jwk(other.public_key()), signature, b"this")


def test_under_a_key_of_small_order_anybody_signs_anything() -> None:
    # R = B and s = 1: the equation s B = R + k A holds for every message when A is the neutral element.
    base_point = bytes([0x58]) + bytes([0x66]) * 31
    forged = base_point + (1).to_bytes(32, "little")
    assert verifies(jwk_of(1), forged, b"whatever") and verifies(jwk_of(1), forged, b"something else")


@pytest.mark.parametrize("y", sorted(SMALL_ORDER))
@pytest.mark.parametrize("sign", [0, 1 << 255])
def test_a_key_of_small_order_is_refused(y: int, sign: int) -> None:
    with pytest.raises(RequestError):
        binding_jwk(jwk_of(y | sign))


def test_the_list_of_small_orders_is_the_whole_eight_torsion() -> None:
    """Doubling three times takes exactly these points to the neutral element; each y below the prime belongs to one or two of
    the eight points, y = 0 to those of order 4."""
    reduced = {y % PRIME for y in SMALL_ORDER}
    assert len(reduced) == 5  # orders 1, 2, 4, 8 and 8
    points = {(x, y) for y in reduced for x in _roots(y)}
    assert len(points) == 8
    for point in points:
        for _ in range(3):
            point = _doubled(point)
        assert point == (0, 1)


def _roots(y: int) -> set[int]:
    square = (y * y - 1) * pow(CURVE * y * y + 1, -1, PRIME) % PRIME
    root = pow(square, (PRIME + 3) // 8, PRIME)
    if root * root % PRIME != square:
        root = root * pow(2, (PRIME - 1) // 4, PRIME) % PRIME
    assert root * root % PRIME == square
    return {root, -root % PRIME}


def _doubled(point: tuple[int, int]) -> tuple[int, int]:
    x, y = point
    product = CURVE * x * x * y * y
    return 2 * x * y * pow(1 + product, -1, PRIME) % PRIME, (y * y + x * x) * pow(1 - product, -1, PRIME) % PRIME


def test_only_ed25519_keys_bind_signatories() -> None:
    assert binding_jwk({**JWK, "kid": "dana", "use": "sig"}) == JWK
    numbers = generate_private_key(SECP256R1()).public_key().public_numbers()
    words = {
        name: base64.urlsafe_b64encode(n.to_bytes(32)).rstrip(b"=").decode() for name, n in (("x", numbers.x), ("y", numbers.y))
    }
    with pytest.raises(RequestError, match="Ed25519"):
        binding_jwk({"kty": "EC", "crv": "P-256", **words})
    with pytest.raises(RequestError, match="private"):
        binding_jwk({**JWK, "d": "AAAA"})


def test_a_private_key_is_read_from_its_file(tmp_path: Path) -> None:
    plain, locked = tmp_path / "plain.pem", tmp_path / "locked.pem"
    plain.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    locked.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"open")))
    assert read_signing_key(plain, no_password).public_key() == KEY.public_key()
    assert read_signing_key(locked, lambda: b"open").public_key() == KEY.public_key()
    with pytest.raises(RequestError, match="password"):
        read_signing_key(locked, lambda: b"shut")


def test_what_is_no_ed25519_private_key_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="cannot be read"):
        read_signing_key(tmp_path / "none.pem", no_password)
    other = tmp_path / "ec.pem"
    other.write_bytes(generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(RequestError, match="another kind"):
        read_signing_key(other, no_password)
    other.write_text("not a key")
    with pytest.raises(RequestError, match="PEM"):
        read_signing_key(other, no_password)
