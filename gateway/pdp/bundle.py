"""Build the policy bundle from the Rego sources, or check that the built one is still what they give.

`python -m gateway.pdp.bundle build|check` needs the `opa` binary; nothing else in the project does.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson

from gateway.errors import ConfigurationError, GatewayError, IntegrityError
from gateway.pdp.embedded import EmbeddedPdp
from gateway.pdp.read_bundle import ENTRYPOINT, FILES, Bundle, canonical, json_object, members, members_of, read_bundle, sha256
from gateway.shipped import shipped

OPA_VERSION = "1.22.2"
"""The release that compiles the bundle; another one may compile the same Rego to other bytes."""

PACKAGES = ("agreement", "disclosure", "ferpa")
CATALOG = "catalog"
ARCHIVE = "bundle.tgz"
_OPA_SECONDS = 120


def build_bundle(policies: Path, opa: str) -> Mapping[str, bytes]:
    """The bundle's files by name, from the Rego sources and the catalog data under `policies`; `opa` is the binary's path.

    Raises `ConfigurationError` when the binary is not the pinned version or does not compile the sources, `IntegrityError`
    when the result needs a built-in that only OPA itself has.
    """
    _require_version(opa)
    sources = {
        file.relative_to(policies).as_posix(): file.read_bytes()
        for package in PACKAGES
        for file in sorted((policies / package).glob("*.rego"))
        if not file.name.endswith("_test.rego")
    }
    data = canonical({CATALOG: json_object((policies / CATALOG / "data.json").read_bytes(), "catalog data")})
    wasm = _compile(opa, sources)
    parts: dict[str, object] = {
        "opa": OPA_VERSION,
        "entrypoint": ENTRYPOINT,
        "wasm": sha256(wasm),
        "data": sha256(data),
        "sources": {name: sha256(text) for name, text in sources.items()},
    }
    digest = hashlib.sha256(canonical(parts)).hexdigest()
    manifest = orjson.dumps({"digest": digest, **parts}, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"
    EmbeddedPdp(Bundle(wasm, json_object(data, "data.json"), digest), instances=1).close()
    files = {"policy.wasm": wasm, "data.json": data, "manifest.json": manifest}
    served = canonical({"revision": digest, "roots": sorted((*PACKAGES, CATALOG)), "rego_version": 1})
    return {**files, ARCHIVE: _archive({".manifest": served, **sources, **files})}


def main(arguments: Sequence[str]) -> int:
    """`build` writes policies/bundle, `check` compares it with a new build; 0 when all is well, 1 when it is not, 2 for usage."""
    if list(arguments) not in (["build"], ["check"]):
        sys.stderr.write("usage: python -m gateway.pdp.bundle build|check\n")
        return 2
    try:
        policies = shipped("policies")
        built = build_bundle(policies, find_opa())
        folder = policies / "bundle"
        if arguments[0] == "build":
            folder.mkdir(exist_ok=True)
            for name, content in built.items():
                (folder / name).write_bytes(content)
        else:
            _compare(folder, built)
        digest = read_bundle(folder).digest
    except GatewayError as why:
        sys.stderr.write(f"{why.detail}\n")
        return 1
    sys.stdout.write(f"policy bundle {digest}\n")
    return 0


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
        for name, text in sources.items():
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_bytes(text)
        output = root / "built.tar.gz"
        _run([opa, "build", "--target", "wasm", "--entrypoint", ENTRYPOINT, "--output", str(output), *PACKAGES], root)
        return members(output)["policy.wasm"]


def _run(command: list[str], folder: Path | None = None) -> bytes:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=_OPA_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as why:
        raise ConfigurationError(f"{command[0]} could not be run: {type(why).__name__}.") from why
    if done.returncode != 0:
        raise ConfigurationError(f"{command[0]} {command[1]} failed:\n{(done.stderr or done.stdout).decode(errors='replace')}")
    return done.stdout


def _archive(files: Mapping[str, bytes]) -> bytes:
    """A gzipped tar without times or owners, so that the same files give the same bytes."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
