"""Rules of opening extracts in folders and archives."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from connectors.base import Page
from connectors.source import ArchiveLimits
from gateway.errors import IngestError
from tests.unit.connectors.builders import PEOPLE, records, rule, source_of

CONTENT = "Id,Name\n1,Ann\n"


def pull_zip(archive: Path, limits: ArchiveLimits | None = None) -> list[Page]:
    return list(source_of(archive, rule({"Id": "id", "Name": "name"}), limits).pull(PEOPLE))


def write_zip(folder: Path, members: dict[str, str]) -> Path:
    archive = folder / "extract.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    return archive


def test_zip_reads_as_a_folder_does(tmp_path: Path) -> None:
    assert len(records(pull_zip(write_zip(tmp_path, {"people.csv": CONTENT})))) == 1


@pytest.mark.parametrize("name", ["../people.csv", "/etc/people.csv", "a/../../people.csv", "..\\people.csv", "C:people.csv"])
def test_zip_with_a_name_that_leads_outside_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(IngestError, match="leads outside"):
        pull_zip(write_zip(tmp_path, {"people.csv": CONTENT, name: CONTENT}))


def test_zip_bomb_is_refused_by_its_ratio_until_the_limit_is_raised(tmp_path: Path) -> None:
    archive = write_zip(tmp_path, {"people.csv": CONTENT + "2,Ben\n" * 400_000})
    with pytest.raises(IngestError, match=r"limits\.ratio"):
        pull_zip(archive, ArchiveLimits(ratio=100))
    assert sum(page.rows for page in pull_zip(archive, ArchiveLimits(ratio=2000))) == 400_001


def test_zip_bomb_is_refused_by_its_size(tmp_path: Path) -> None:
    archive = write_zip(tmp_path, {"people.csv": CONTENT, "other.csv": CONTENT})
    with pytest.raises(IngestError, match=r"limits\.unpacked_bytes"):
        pull_zip(archive, ArchiveLimits(unpacked_bytes=len(CONTENT)))


def test_encrypted_zip_is_refused(tmp_path: Path) -> None:
    archive = write_zip(tmp_path, {"people.csv": CONTENT})
    raw = bytearray(archive.read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(raw)
    with pytest.raises(IngestError, match="encrypted"):
        pull_zip(archive)


def test_zip_whose_content_was_damaged_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "extract.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as opened:
        opened.writestr("people.csv", CONTENT)
    archive.write_bytes(archive.read_bytes().replace(b"Ann", b"Amn"))
    with pytest.raises(IngestError, match="cannot be read whole"):
        pull_zip(archive)


def test_file_that_is_no_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "extract.zip").write_text(CONTENT)
    with pytest.raises(IngestError, match="cannot be read whole"):
        pull_zip(tmp_path / "extract.zip")


def test_file_that_the_zip_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match=r"people\.csv is not in extract\.zip"):
        pull_zip(write_zip(tmp_path, {"other.csv": CONTENT}))
