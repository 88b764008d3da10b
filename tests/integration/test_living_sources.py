"""Samples of the campaigns over living sources: killed syncs, and pages read while syncs go on."""

from __future__ import annotations

from pathlib import Path

from tests.campaigns.killed_syncs import kill_syncs
from tests.campaigns.read_while_synced import read_while_synced
from tests.world import open_world

KILLS, READS = 4, 300


def test_a_killed_sync_leaves_one_moment_of_its_source_whole(tmp_path: Path, database_url: str) -> None:
    toll = kill_syncs(tmp_path, database_url, seed=11, kills=KILLS)
    assert toll.killed == KILLS


def test_no_page_shows_two_states_of_a_source(tmp_path: Path, database_url: str) -> None:
    with open_world(tmp_path / "home", database_url) as world:
        world.agree()
        world.client("riverton-sis", "riverton")
        toll = read_while_synced(world, READS)
    assert not toll.wrong
    assert toll.reads >= READS
    assert len(toll.seen) > 3, "states changed while pages were read"
