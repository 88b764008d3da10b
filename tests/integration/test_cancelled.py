"""A sample of the campaign of cancelled requests."""

from __future__ import annotations

from pathlib import Path

from tests.campaigns.cancelled import cancel_repeatedly

SAMPLE = 300


def test_nobody_hears_anothers_answer_whoever_hangs_up(database_url: str, tmp_path: Path) -> None:
    toll = cancel_repeatedly(tmp_path, database_url, 1, SAMPLE)
    assert toll.cancelled >= SAMPLE
    assert toll.whole
    assert toll.foreign == 0
