"""A sample of the campaign that changes single bytes in the log's tables."""

from __future__ import annotations

from pathlib import Path

from tests.campaigns.edits import TABLES, edit_repeatedly, prepared_logs
from tests.world import gateway_world

SEED, EDITS = 20_261_128, 60


def test_every_changed_byte_of_the_logs_tables_is_found(database_url: str, tmp_path: Path) -> None:
    with gateway_world(tmp_path / "home", database_url) as world, prepared_logs(world) as gateway:
        toll = edit_repeatedly(gateway, SEED, EDITS)
    assert toll.made == EDITS
    assert not toll.missed
    assert {column.partition(".")[0] for column in toll.columns} == {table.name for table in TABLES}
