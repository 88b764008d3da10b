"""Build the policy bundle from the Rego sources, check that the built one is still what they give, or sign it for a site.

`python -m gateway.pdp.bundle build|check|sign` needs the `opa` binary; nothing else in the project does.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson

from gateway.errors import ConfigurationError, GatewayError, IntegrityError
from gateway.pdp.archive import members, members_of, pack
from gateway.pdp.embedded import EmbeddedPdp
from gateway.pdp.read_bundle import ARCHIVE, ENTRYPOINTS, FILES, Bundle, canonical, json_object, read_bundle, sha256
from gateway.pdp.signature import SIGNATURES
from gateway.shipped import shipped

OPA_VERSION = "1.22.2"
"""The release that compiles the bundle; another one may compile the same Rego to other bytes."""

PACKAGES = ("agreement", "disclosure", "ferpa", "modules", "never_shared")
STATE, TEMPLATE = "state", "template"
"""Each folder of `state` but the template is a state-law module of that name."""

CATALOG = "catalog"
ALGORITHMS = ("ES256", "EdDSA", "RS256")
_OPA_SECONDS = 120


def build_bundle(policies: Path, opa: str) -> Mapping[str, bytes]:
    """The bundle's files by name, from the Rego sources and the catalog data under `policies`; `opa` is the binary's path.

    Raises `ConfigurationError` when the binary is not the pinned version or does not compile the sources, `IntegrityError`
    when the result needs a built-in that only OPA itself has.
    """
    _require_version(opa)
    sources = {file.relative_to(policies).as_posix(): file.read_bytes() for file in rego_files(policies)}
    data = canonical({CATALOG: json_object((policies / CATALOG / "data.json").read_bytes(), "catalog data")})
    wasm = _compile(opa, sources)
    parts: dict[str, object] = {
        "opa": OPA_VERSION,
        "entrypoints": list(ENTRYPOINTS),
        "wasm": sha256(wasm),
        "data": sha256(data),
        "sources": {name: sha256(text) for name, text in sources.items()},
    }
    digest = hashlib.sha256(canonical(parts)).hexdigest()
    manifest = orjson.dumps({"digest": digest, **parts}, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"
    EmbeddedPdp(Bundle(wasm, json_object(data, "data.json"), digest), instances=1).close()
    files = {"policy.wasm": wasm, "data.json": data, "manifest.json": manifest}
    served = canonical({"revision": digest, "roots": sorted((*PACKAGES, STATE, CATALOG)), "rego_version": 1})
    return {**files, ARCHIVE: pack({".manifest": served, **sources, **files})}


def rego_files(policies: Path) -> Sequence[Path]:
    """The Rego of the bundle, state-law modules last; tests and the template are none of it."""
    modules = sorted(folder for folder in (policies / STATE).glob("*/") if folder.name != TEMPLATE)
    folders = [*(policies / package for package in PACKAGES), *modules]
    return [file for folder in folders for file in sorted(folder.glob("*.rego")) if not file.name.endswith("_test.rego")]


def sign_bundle(archive: Path, key: Path, algorithm: str, opa: str) -> bytes:
    """The same archive with OPA's signature by a private key (PEM) in it, in place of one that it had.

    Raises `ConfigurationError` when the archive, the key or the binary is not usable.
    """
    files = {name: content for name, content in members(archive).items() if name != SIGNATURES}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _write(root, files)
        command = [opa, "sign", "--bundle", ".", "--signing-key", str(key.resolve()), "--signing-alg", algorithm]
        _run([*command, "--output-file-path", "."], root)
        return pack({**files, SIGNATURES: (root / SIGNATURES).read_bytes()})


def main(arguments: Sequence[str]) -> int:
    """`build` writes policies/bundle, `check` compares it with a new build, `sign` writes a signed copy of an archive; 0 when all
    is well, 1 when it is not, 2 for usage."""
    try:
        asked = _parser().parse_args(arguments)
    except SystemExit as why:
        return int(why.code or 0)
    try:
        folder = shipped("policies") / "bundle"
        opa = find_opa()
        match asked.verb:
            case "sign":
                place = asked.output
                place.write_bytes(sign_bundle(asked.archive or folder / ARCHIVE, asked.key, asked.algorithm, opa))
                digest = read_bundle(place).digest
            case "build":
                folder.mkdir(exist_ok=True)
                _write(folder, build_bundle(folder.parent, opa))
                digest = read_bundle(folder).digest
            case _:
                _compare(folder, build_bundle(folder.parent, opa))
                digest = read_bundle(folder).digest
    except OSError as why:
        sys.stderr.write(f"The bundle could not be written: {type(why).__name__}.\n")
        return 1
    except GatewayError as why:
        sys.stderr.write(f"{why.detail}\n")
        return 1
    sys.stdout.write(f"policy bundle {digest}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gateway.pdp.bundle", description="Build, check or sign the policy bundle.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("build", help="write policies/bundle from the Rego sources")
    verbs.add_parser("check", help="compare policies/bundle with what the sources give")
    sign = verbs.add_parser("sign", help="write a copy of a bundle that is signed with a site's private key")
    sign.add_argument("key", type=Path, help="the private key, PEM")
    sign.add_argument("algorithm", choices=ALGORITHMS, help="that of the key: EC P-256, Ed25519 or RSA")
    sign.add_argument("output", type=Path, help="the signed archive")
    sign.add_argument("--archive", type=Path, help="what to sign; the shipped bundle if left out")
    return parser


def find_opa() -> str:
    """The `opa` binary: the one that the environment variable OPA names, else the one on PATH."""
    found = os.environ.get("OPA") or shutil.which("opa")
    if not found:
        raise ConfigurationError(f"There is no opa binary; install OPA {OPA_VERSION}, or name the binary in OPA.")
    return found


def _compare(folder: Path, built: Mapping[str, bytes]) -> None:
    """Archive bytes may differ between compressors, so its contents are compared; they are the same files."""
    for name in FILES:
        file = folder / name
        if not file.is_file() or file.read_bytes() != built[name]:
            raise IntegrityError(f"policies/bundle/{name} is not what the sources give; run python -m gateway.pdp.bundle build.")
    if members(folder / ARCHIVE) != members_of(io.BytesIO(built[ARCHIVE])):
        raise IntegrityError(f"policies/bundle/{ARCHIVE} is not what the sources give; run python -m gateway.pdp.bundle build.")


def _require_version(opa: str) -> None:
    lines = _run([opa, "version"]).decode().splitlines()
    if f"Version: {OPA_VERSION}" not in lines:
        raise ConfigurationError(f"The policy bundle is built by OPA {OPA_VERSION}; {opa} is another version.")


def _compile(opa: str, sources: Mapping[str, bytes]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _write(root, sources)
        output = root / "built.tar.gz"
        entrypoints = [word for name in ENTRYPOINTS for word in ("--entrypoint", name)]
        _run([opa, "build", "--target", "wasm", *entrypoints, "--output", str(output), *PACKAGES, STATE], root)
        return members(output)["policy.wasm"]


def _write(root: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


def _run(command: list[str], folder: Path | None = None) -> bytes:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=_OPA_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as why:
        raise ConfigurationError(f"{command[0]} could not be run: {type(why).__name__}.") from why
    if done.returncode != 0:
        raise ConfigurationError(f"{command[0]} {command[1]} failed:\n{(done.stderr or done.stdout).decode(errors='replace')}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
