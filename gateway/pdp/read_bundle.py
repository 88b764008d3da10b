"""Read a policy bundle and verify it.

A bundle is a folder (or its tar archive) with `policy.wasm`, `data.json` (RFC 8785) and `manifest.json`; the archive also has
what an OPA server loads. Its digest names it in every decision: SHA-256 over the manifest's other members (RFC 8785), which
hold the SHA-256 of the WASM, of the data and of each Rego source.
"""

from __future__ import annotations

import hashlib
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import orjson
import rfc8785

from gateway.errors import ConfigurationError, IntegrityError

ENTRYPOINT = "disclosure/decision"
FILES = ("policy.wasm", "data.json", "manifest.json")
_LARGEST = 32 * 1024 * 1024


@dataclass(frozen=True)
class Bundle:
    """A verified bundle. `data` is the whole `data` document of the policy, `digest` 64 hexadecimal characters."""

    wasm: bytes
    data: Mapping[str, object]
    digest: str


def read_bundle(place: Path) -> Bundle:
    """Read a bundle folder or archive. Raises `ConfigurationError` when a file is missing, `IntegrityError` when a digest
    is not the one that the manifest has."""
    wasm, data, manifest_text = _read_folder(place) if place.is_dir() else _read_archive(place)
    manifest = json_object(manifest_text, "manifest.json")
    parts = {name: member for name, member in manifest.items() if name != "digest"}
    digest = hashlib.sha256(canonical(parts)).hexdigest()
    for name, found in (("digest", digest), ("wasm", sha256(wasm)), ("data", sha256(data))):
        if manifest.get(name) != found:
            raise IntegrityError(f"The policy bundle's {name} is not the one in its manifest; build or install it again.")
    return Bundle(wasm, json_object(data, "data.json"), digest)


def _read_folder(place: Path) -> tuple[bytes, bytes, bytes]:
    try:
        wasm, data, manifest = ((place / name).read_bytes() for name in FILES)
    except OSError as why:
        raise ConfigurationError(f"The policy bundle {place} cannot be read: {type(why).__name__}.") from why
    return wasm, data, manifest


def _read_archive(place: Path) -> tuple[bytes, bytes, bytes]:
    found = members(place)
    missing = [name for name in FILES if name not in found]
    if missing:
        raise ConfigurationError(f"The policy bundle {place} lacks {', '.join(missing)}.")
    wasm, data, manifest = (found[name] for name in FILES)
    return wasm, data, manifest


def members(place: Path) -> Mapping[str, bytes]:
    """The files of an archive by name. Raises `ConfigurationError` when it is no gzipped tar archive."""
    try:
        with place.open("rb") as file:
            return members_of(file)
    except (OSError, EOFError, zlib.error, tarfile.TarError) as why:
        raise ConfigurationError(f"The policy bundle {place} cannot be read: {type(why).__name__}.") from why


def members_of(file: IO[bytes]) -> Mapping[str, bytes]:
    """The files of an open archive by name; what is larger than a bundle's file can be is left out."""
    found: dict[str, bytes] = {}
    with tarfile.open(fileobj=file, mode="r:gz") as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() and member.size <= _LARGEST else None
            if content is not None:
                found[member.name.lstrip("/")] = content.read()
    return found


def json_object(text: bytes, name: str) -> dict[str, object]:
    """A JSON object; raises `IntegrityError` when the text is none."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as why:
        raise IntegrityError(f"The policy bundle's {name} is not JSON; build or install it again.") from why
    if not isinstance(found, dict):
        raise IntegrityError(f"The policy bundle's {name} is not a JSON object; build or install it again.")
    return found


def canonical(tree: Mapping[str, object]) -> bytes:
    """The RFC 8785 form."""
    try:
        return rfc8785.dumps(tree)  # type: ignore[arg-type]  # a tree that orjson parsed
    except rfc8785.CanonicalizationError as why:
        raise IntegrityError("The policy bundle has a number or text without an RFC 8785 form.") from why


def sha256(content: bytes) -> str:
    """64 hexadecimal characters."""
    return hashlib.sha256(content).hexdigest()
