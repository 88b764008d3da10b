"""Verify OPA's bundle signature: `.signatures.json` holds one signed token that lists every file of the archive with its hash.

OPA signs with `opa sign` and verifies with `--verification-key`; here the same signature is verified without OPA (decision 11).
https://www.openpolicyagent.org/docs/management-bundles/#signing
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import orjson
import rfc8785
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from gateway.errors import AuthenticationError, ConfigurationError, IntegrityError
from gateway.keys.jwk import RSA_BITS, PublicKey
from gateway.keys.strict_jwt import parse_jwt, verify_signature

SIGNATURES = ".signatures.json"
STRUCTURED = frozenset({".manifest", "data.json"})
"""Files that OPA hashes as JSON trees, whatever their spaces and order."""
LONGEST_TOKEN = 256 * 1024
TYPES: frozenset[str | None] = frozenset({None, "jwt"})
NOT_A_KEY = (
    "is not a public key in PEM for bundle signatures: EC P-256 (ES256), Ed25519 (EdDSA) or RSA of 2048 bits or more (RS256)."
)


@dataclass(frozen=True)
class BundleKey:
    """The public key that bundles are signed with, and the one algorithm it is used with."""

    key: PublicKey
    algorithm: str


def read_bundle_key(file: Path) -> BundleKey:
    """Raises `ConfigurationError` when the file is missing or holds no such key."""
    try:
        found = load_pem_public_key(file.read_bytes())
    except OSError as why:
        raise ConfigurationError(f"The bundle key {file} cannot be read: {type(why).__name__}.") from why
    except (ValueError, UnsupportedAlgorithm) as why:
        raise ConfigurationError(f"{file} {NOT_A_KEY}") from why
    match found:
        case EllipticCurvePublicKey() if isinstance(found.curve, SECP256R1):
            return BundleKey(found, "ES256")
        case Ed25519PublicKey():
            return BundleKey(found, "EdDSA")
        case RSAPublicKey() if found.key_size in RSA_BITS:
            return BundleKey(found, "RS256")
        case _:
            raise ConfigurationError(f"{file} {NOT_A_KEY}")


def verify_bundle_signature(files: Mapping[str, bytes], key: BundleKey) -> None:
    """Raises `IntegrityError` unless this key signed exactly these files (by name, the signature's own included)."""
    signed = _signed_hashes(files, key)
    present = files.keys() - {SIGNATURES}
    if signed.keys() != present:
        named = ", ".join(sorted(signed.keys() ^ present))
        raise IntegrityError(f"The policy bundle's signature is not for these files: {named}. Sign the bundle again.")
    for name, expected in signed.items():
        if expected not in _hashes(name, files[name]):
            raise IntegrityError(f"The policy bundle's {name} is not what was signed. Sign the bundle again.")


def _signed_hashes(files: Mapping[str, bytes], key: BundleKey) -> dict[str, str]:
    if SIGNATURES not in files:
        raise IntegrityError("The policy bundle is not signed, and GATEWAY_BUNDLE_KEY asks for it; sign it.")
    try:
        tokens = orjson.loads(files[SIGNATURES])["signatures"]
        [text] = tokens
        token = parse_jwt(text, TYPES, longest=LONGEST_TOKEN)
        verify_signature(token, key.key, key.algorithm)
        listed = token.claims["files"]
        if not isinstance(listed, list) or any(entry["algorithm"] != "SHA-256" for entry in listed):
            raise IntegrityError(_malformed())
        hashes = {entry["name"].lstrip("/"): entry["hash"] for entry in listed}
    except AuthenticationError as why:
        raise IntegrityError(f"The policy bundle's signature was not made with this key and {key.algorithm}.") from why
    except (ValueError, KeyError, TypeError, AttributeError) as why:
        raise IntegrityError(_malformed()) from why
    if len(hashes) != len(listed) or not all(isinstance(found, str) for found in hashes.values()):
        raise IntegrityError(_malformed())
    return hashes


def _malformed() -> str:
    return f"The policy bundle's {SIGNATURES} is not one that `opa sign` made, with SHA-256. Sign the bundle again."


def _hashes(name: str, content: bytes) -> set[str]:
    """The hash of a file as it is and, where OPA hashes the tree, of the tree."""
    found = {hashlib.sha256(content).hexdigest()}
    if PurePosixPath(name).name in STRUCTURED:
        try:
            found.add(hashlib.sha256(rfc8785.dumps(orjson.loads(content))).hexdigest())
        except (ValueError, rfc8785.CanonicalizationError) as why:
            raise IntegrityError(f"The policy bundle's {name} is not JSON that has one spelling; build it again.") from why
    return found
