"""A bundle is used only when every digest is the one in its manifest."""

from __future__ import annotations

import shutil
from pathlib import Path

import orjson
import pytest

from gateway.errors import ConfigurationError, IntegrityError
from gateway.pdp.read_bundle import read_bundle
from gateway.shipped import shipped


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "bundle"
    shutil.copytree(shipped("policies") / "bundle", copy)
    return copy


def test_folder_and_archive_are_the_same_bundle(folder: Path) -> None:
    assert read_bundle(folder) == read_bundle(folder / "bundle.tgz")


def test_the_digest_is_64_hexadecimal_characters(folder: Path) -> None:
    digest = read_bundle(folder).digest
    assert len(bytes.fromhex(digest)) == 32


@pytest.mark.parametrize("name", ["policy.wasm", "data.json"])
def test_one_changed_byte_is_refused(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[-2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(IntegrityError):
        read_bundle(folder)


def test_a_manifest_that_was_adjusted_to_a_change_has_another_digest(folder: Path) -> None:
    manifest = orjson.loads((folder / "manifest.json").read_bytes())
    (folder / "manifest.json").write_bytes(orjson.dumps({**manifest, "sources": {}}))
    with pytest.raises(IntegrityError, match="digest"):
        read_bundle(folder)


@pytest.mark.parametrize("text", [b"", b"[]", b"{"])
def test_a_manifest_that_is_no_object_is_refused(folder: Path, text: bytes) -> None:
    (folder / "manifest.json").write_bytes(text)
    with pytest.raises(IntegrityError):
        read_bundle(folder)


@pytest.mark.parametrize("name", ["policy.wasm", "data.json", "manifest.json"])
def test_a_missing_file_is_a_mistake_of_the_installation(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ConfigurationError):
        read_bundle(folder)


def test_no_bundle_and_no_archive(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        read_bundle(tmp_path / "nothing.tgz")
    (tmp_path / "text.tgz").write_text("not an archive")
    with pytest.raises(ConfigurationError):
        read_bundle(tmp_path / "text.tgz")
