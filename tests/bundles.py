"""Bundles for tests: other policies than the shipped one, keys, signed archives, an operator's rules; all built by `opa`."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from gateway.pdp.bundle import build_bundle
from gateway.pdp.read_bundle import ARCHIVE
from gateway.shipped import shipped

RULE = """package disclosure

# METADATA
# title: {title}
# custom:
#   id: X-TEST-01
#   citation: test
deny contains rego.metadata.rule() if {body}
"""


def other_bundle(folder: Path, opa: str, body: str = 'input.request.purpose == "placement"', title: str = "Not today") -> Path:
    """The archive of the shipped policy with one rule more."""
    policies = folder / f"policies-{len(list(folder.iterdir()))}"
    shutil.copytree(shipped("policies"), policies)
    (policies / "disclosure" / "site.rego").write_text(RULE.format(title=title, body=body), encoding="utf-8")
    archive = policies / "built.tgz"
    archive.write_bytes(build_bundle(policies, opa)[ARCHIVE])
    return archive


def operator_bundle(folder: Path, opa: str, rego: str, *, entrypoint: str = "operator/deny") -> Path:
    """An operator's rules, built as policies/README.md says."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "operator.rego").write_text(rego, encoding="utf-8")
    archive = folder / "operator.tgz"
    command = [opa, "build", "-t", "wasm", "-e", entrypoint, "-o", str(archive), str(folder / "operator.rego")]
    subprocess.run(command, check=True, capture_output=True)
    return archive


def put(source: Path, place: Path) -> None:
    """Exchange a file whole, as an operator should."""
    fresh = place.with_name(f"{place.name}.new")
    shutil.copy(source, fresh)
    os.replace(fresh, place)


Private = EllipticCurvePrivateKey | Ed25519PrivateKey | RSAPrivateKey


def new_keys() -> Mapping[str, Private]:
    """A private key for each algorithm."""
    return {
        "ES256": generate_private_key(SECP256R1()),
        "EdDSA": Ed25519PrivateKey.generate(),
        "RS256": generate_rsa(65537, 2048),
    }


def write_pair(folder: Path, name: str, key: Private) -> tuple[Path, Path]:
    """Private and public half in PEM."""
    folder.mkdir(parents=True, exist_ok=True)
    private, public = folder / f"{name}.pem", folder / f"{name}.pub"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, public
