"""The composition root ends as it began: with nothing that only the process knew."""

from __future__ import annotations

from pathlib import Path

from gateway.app import open_gateway
from gateway.store.audit_log import read_entries
from tests.world import open_world


def test_refusals_of_strangers_that_were_only_counted_are_on_the_log_at_the_end(database_url: str, tmp_path: Path) -> None:
    with open_world(tmp_path / "home", database_url) as world:
        for _ in range(3):
            assert world.api.get("/v1/candidates", "x.y.z").status_code == 401
        assert world.leaves("anonymous_refusals") == []
    with open_gateway(world.settings, world.clock) as reopened, reopened.database.read() as connection:
        last = list(read_entries(connection, reopened.log_id))[-1]
    assert b'"kind":"anonymous_refusals"' in last.leaf
    assert b'"disclosure":"3"' in last.leaf
