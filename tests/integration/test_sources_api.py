"""An institution's own system hears how fresh its sources are; nobody hears of another's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.store.turns import expect
from tests.world import SMALL, World, open_world

CANDIDATES = ResourceName("candidates")


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    with open_world(tmp_path / "home", database_url) as opened:
        opened.agree()
        opened.client("lakeside-sis", "lakeside", ("pipeline",), ("sources:read",))
        opened.client("riverton-sis", "riverton", scopes=("records:read", "sources:read"))
        opened.client("riverton-other", "riverton")
        opened.load(SMALL)
        yield opened


def told(world: World, client: str) -> dict[tuple[str, str], dict[str, object]]:
    answer = world.api.get("/v1/sources", world.token(client))
    assert answer.status_code == 200, answer.text
    assert answer.headers["gateway-entry"]
    return {(row["source"], row["resource"]): row for row in answer.json()["data"]}


def test_each_resource_says_when_it_was_synced_and_whether_it_is_late(world: World) -> None:
    with world.gateway.database.write() as connection:
        expect(connection, InstitutionId("lakeside"), "lakeside-extract", (CANDIDATES,), timedelta(hours=26))
    [row] = [row for key, row in told(world, "lakeside-sis").items() if key[1] == "candidates"]
    assert (row["late"], row["late_after_seconds"]) == (False, 26 * 3600)
    assert str(row["synced_at"]).startswith("2026-11-24T13:")
    world.later(hours=27)
    [row] = [row for key, row in told(world, "lakeside-sis").items() if key[1] == "candidates"]
    assert row["late"] is True


def test_nobody_hears_of_anothers_sources(world: World) -> None:
    assert {source for source, _ in told(world, "lakeside-sis")} == {"lakeside-extract"}
    assert {source for source, _ in told(world, "riverton-sis")} == {"riverton-extract"}


def test_without_the_scope_or_with_a_parameter_it_is_refused_and_logged(world: World) -> None:
    before = len(world.leaves("refusal"))
    assert world.api.get("/v1/sources", world.token("riverton-other")).status_code == 403
    assert world.api.get("/v1/sources", world.token("riverton-sis"), provider="lakeside").status_code == 400
    assert world.api.get("/v1/sources").status_code == 401
    assert len(world.leaves("refusal")) == before + 2


def test_a_look_has_its_entry(world: World) -> None:
    told(world, "lakeside-sis")
    [leaf] = world.leaves("sources")
    assert (leaf["outcome"], leaf["client"]) == ("told", "lakeside-sis")
