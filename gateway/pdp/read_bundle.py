"""Read a policy bundle and verify it.

A bundle is a folder (or its tar archive) with `policy.wasm`, `data.json` (RFC 8785) and `manifest.json`; the archive also has
what an OPA server loads. Its digest names it in every decision: SHA-256 over the manifest's other members (RFC 8785), which
hold the SHA-256 of the WASM, of the data and of each Rego source. An operator's own rules are an archive that `opa build` made;
theirs is SHA-256 over the same of WASM and data. With a key, an archive must be signed by it (`signature.py`).
"""

from __future__ import annotations

import hashlib
import io
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import orjson
import rfc8785

from gateway.errors import ConfigurationError, IntegrityError
from gateway.pdp.archive import members, members_of, pack
from gateway.pdp.signature import BundleKey, verify_bundle_signature

DECISION = "disclosure/decision"
"""What one request may see; `policies/INPUT.md` has the shapes."""

CHECK = "agreement/check"
"""What is wrong with an agreement file."""

ENTRYPOINTS = (DECISION, CHECK)
OPERATOR = "operator/deny"
"""The entrypoint of an operator's own rules."""

ARCHIVE = "bundle.tgz"
WASM, DATA, MANIFEST = FILES = ("policy.wasm", "data.json", "manifest.json")
OPA_MANIFEST = ".manifest"
_MODULE_PARTS = 3  # state / module / file


@dataclass(frozen=True)
class Bundle:
    """A verified bundle. `data` is the whole `data` document of the policy, `digest` 64 hexadecimal characters, `files` what the
    embedded engine needs of it, by name."""

    wasm: bytes
    data: Mapping[str, object]
    digest: str
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    modules: frozenset[str] = frozenset()
    """The state-law modules that it has: the folders of its sources under `state/`."""

    def packed(self) -> bytes:
        """An archive of `files`, which `unpacked` reads again."""
        return pack(self.files)


def read_bundle(place: Path, key: BundleKey | None = None) -> Bundle:
    """Read a bundle folder or archive; with a key, the archive (of a folder: the one in it) must be signed by it.

    Raises `ConfigurationError` when a file is missing, `IntegrityError` when a digest is not the one that the manifest has or
    the signature does not hold.
    """
    if key is None and place.is_dir():
        return _policy(_read_folder(place))
    archive = place / ARCHIVE if place.is_dir() else place
    return _policy(_read_archive(archive, key, FILES))


def read_operator_bundle(place: Path, key: BundleKey | None = None) -> Bundle:
    """Read the archive of an operator's own rules. Raises as `read_bundle` does."""
    return _rules(_read_archive(place, key, (WASM, DATA)))


def unpacked(content: bytes) -> Bundle:
    """The bundle or operator's rules of a `Bundle.packed`. Raises `IntegrityError` when it does not verify."""
    try:
        files = members_of(io.BytesIO(content))
    except (OSError, EOFError, zlib.error, tarfile.TarError) as why:
        raise IntegrityError("A stored policy bundle cannot be read.") from why
    return _policy(files) if MANIFEST in files else _rules(files)


def _policy(files: Mapping[str, bytes]) -> Bundle:
    wasm, data = files[WASM], files[DATA]
    manifest = json_object(files[MANIFEST], MANIFEST)
    digest = hashlib.sha256(canonical({name: member for name, member in manifest.items() if name != "digest"})).hexdigest()
    for name, found in (("digest", digest), ("wasm", sha256(wasm)), ("data", sha256(data))):
        if manifest.get(name) != found:
            raise IntegrityError(f"The policy bundle's {name} is not the one in its manifest; build or install it again.")
    # An OPA server says this revision with each answer, and it is compared with the digest.
    if OPA_MANIFEST in files and json_object(files[OPA_MANIFEST], OPA_MANIFEST).get("revision") != digest:
        raise IntegrityError("The policy bundle's revision is not its digest; build or install it again.")
    return Bundle(wasm, json_object(data, DATA), digest, {name: files[name] for name in FILES}, _modules(manifest))


def _modules(manifest: Mapping[str, object]) -> frozenset[str]:
    sources = manifest.get("sources")
    paths = [PurePosixPath(name).parts for name in sources] if isinstance(sources, dict) else []
    return frozenset(parts[1] for parts in paths if len(parts) == _MODULE_PARTS and parts[0] == "state")


def _rules(files: Mapping[str, bytes]) -> Bundle:
    data = json_object(files[DATA], DATA)
    digest = sha256(canonical({"wasm": sha256(files[WASM]), "data": sha256(canonical(data))}))
    return Bundle(files[WASM], data, digest, {name: files[name] for name in (WASM, DATA)})


def _read_folder(place: Path) -> Mapping[str, bytes]:
    try:
        return {name: (place / name).read_bytes() for name in FILES}
    except OSError as why:
        raise ConfigurationError(f"The policy bundle {place} cannot be read: {type(why).__name__}.") from why


def _read_archive(place: Path, key: BundleKey | None, needed: tuple[str, ...]) -> Mapping[str, bytes]:
    found = members(place)
    missing = [name for name in needed if name not in found]
    if missing:
        raise ConfigurationError(f"The policy bundle {place} lacks {', '.join(missing)}.")
    if key is not None:
        verify_bundle_signature(found, key)
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
