"""A sample of the campaign that kills the gateway at any moment of a sync or a request."""

from __future__ import annotations

from pathlib import Path

from tests.campaigns.kills import kill_repeatedly

SAMPLE = 4


def test_a_killed_gateway_leaves_whole_resources_and_no_answer_without_its_entry(tmp_path: Path, database_url: str) -> None:
    toll = kill_repeatedly(tmp_path, database_url, seed=5, kills=SAMPLE)
    assert sum(toll.kills.values()) == SAMPLE
    assert toll.hit
