"""A sample of the campaign of large files: memory does not grow with the file."""

from __future__ import annotations

from pathlib import Path

from tests.campaigns.large_file import bring_in

MEGABYTE = 1_000_000
MOST_MEMORY = 300 * MEGABYTE


def test_memory_stays_flat_however_long_a_file_is(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    brought = bring_in(tmp_path / "files", database_url, 20 * MEGABYTE)
    assert brought.rows > 5_000
    assert brought.most_memory < MOST_MEMORY
