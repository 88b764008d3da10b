"""How SQLite looks for rows: it has no statistics, so that a statement must leave it no bad choice (PostgreSQL has its own)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import event

from tests.conftest import new_database
from tests.world import EXAMPLE, World, placement_world

SORTED = "USE TEMP B-TREE FOR ORDER BY"


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("plans")
    with new_database("sqlite", request, folder) as url, placement_world(folder / "home", url) as placed:
        file = placed.folder / "amended.yaml"
        offered = "      candidates:\n        change_feed: true\n"
        file.write_text(EXAMPLE.read_text(encoding="utf-8").replace("      candidates:\n", offered), encoding="utf-8")
        placed.agree(file)
        yield placed


@contextmanager
def statements(world: World) -> Iterator[list[tuple[str, Any]]]:
    """What is read of candidates in the block."""
    found: list[tuple[str, Any]] = []

    def heard(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        if statement.startswith("SELECT") and "FROM candidates" in statement:
            found.append((statement, values))

    engine = world.gateway.database.engine
    event.listen(engine, "before_cursor_execute", heard)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", heard)


def plans(world: World, path: str = "candidates", **parameters: str) -> tuple[list[str], Mapping[str, Any]]:
    """Each step of what SQLite does for a request, and the answer."""
    with statements(world) as found:
        answer = world.api.get(f"/v1/{path}", world.token("riverton-sis"), **parameters)
    assert answer.status_code == httpx.codes.OK, answer.text
    with closing(sqlite3.connect(str(world.gateway.database.engine.url.database))) as connection:
        steps = [step for one in found for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {one[0]}", one[1])]
    return steps, answer.json()


def test_a_page_is_read_in_the_order_of_records_and_not_sorted(world: World) -> None:
    first, answer = plans(world, limit="5")
    second, _ = plans(world, limit="5", cursor=answer["next"])
    for steps in (first, second):
        assert [step for step in steps if " candidates USING INDEX sqlite_autoindex_candidates_1 (provider_id=?" in step]
        assert SORTED not in steps


def test_one_record_and_an_identifier_are_looked_up(world: World) -> None:
    _, answer = plans(world, limit="5")
    steps, _ = plans(world, candidateIdentifier=answer["data"][0]["candidateIdentifier"])
    assert [step for step in steps if "(provider_id=? AND record_id=?" in step]


def test_a_feed_reads_what_began_or_ended(world: World) -> None:
    _, answer = plans(world, "candidates/changes", limit="1000")
    steps, _ = plans(world, "candidates/changes", since=answer["next"])
    assert [step for step in steps if "ix_candidates_begins (provider_id=? AND from_version>? AND from_version<?)" in step]
    assert [step for step in steps if "ix_candidates_ends (provider_id=? AND to_version>? AND to_version<?)" in step]
