"""A sample of the campaign of large files: memory does not grow with the file."""

from __future__ import annotations

from pathlib import Path

from tests.campaigns.large_file import bring_in

MEGABYTE = 1_000_000
MOST_MEMORY = 300 * MEGABYTE


def test_memory_stays_flat_however_long_a_file_is(database_url: str, tmp_path: Path) -> None:
    short, long = (bring_in(tmp_path, database_url, megabytes * MEGABYTE) for megabytes in (4, 40))
    assert long.rows > 8 * short.rows
    assert long.most_memory < MOST_MEMORY
    # As Python's objects the longer file alone would be several times its own size.
    assert long.most_memory - short.most_memory < 20 * MEGABYTE
