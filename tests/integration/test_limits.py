"""An agreement's limits hold for all clients of a recipient together, also for requests at the same moment, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from gateway.agreements.activate import activate
from gateway.agreements.read_agreement import read_agreement
from gateway.domain.access import AccessRequest
from gateway.domain.agreement import Limits
from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.store.agreements import agreements_that_matter
from gateway.store.schema import grant_usage
from tests.world import EXAMPLE, World, placement_world

OTHER = "riverton-hr"


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    with placement_world(tmp_path / "home", database_url) as placed:
        placed.client(OTHER, "riverton")
        yield placed


def limit(world: World, **limits: int) -> None:
    """Put a new version of the example in force with these limits of its candidates."""
    found = read_agreement(EXAMPLE, world.gateway.catalog)
    grants = tuple(replace(grant, limits=Limits(**limits)) if grant.resource == "candidates" else grant for grant in found.grants)
    activate(replace(found, grants=grants, digest="0" * 64), "test", world.gateway.registry())


def ask(world: World, token: str, rows: int = 1, resource: str = "candidates") -> httpx.Response:
    return world.api.get(f"/v1/{resource}", token, limit=str(rows))


def refused_by(answer: httpx.Response) -> list[str]:
    assert answer.status_code == httpx.codes.FORBIDDEN, answer.text
    return [reason["rule"] for reason in answer.json()["reasons"]]


def usage(world: World) -> dict[str, tuple[int, int]]:
    with world.gateway.database.read() as connection:
        return {row.period: (row.requests, row.rows) for row in connection.execute(select(grant_usage))}


def facts(world: World) -> list[Any]:
    request = AccessRequest(ResourceName("candidates"), "placement")
    with world.gateway.database.read() as connection:
        found = agreements_that_matter(connection, InstitutionId("riverton"), request, world.now).entries
    return [entry for entry in found if entry["state"] == "in_force"]


def test_without_limits_nothing_is_counted(world: World) -> None:
    assert ask(world, world.token("riverton-sis")).status_code == httpx.codes.OK
    assert usage(world) == {}
    assert all("usage" not in entry for entry in facts(world))


def test_requests_of_a_minute_are_counted_over_all_clients(world: World) -> None:
    limit(world, requests_per_minute=3)
    tokens = world.token("riverton-sis"), world.token(OTHER)
    for token in (tokens[0], tokens[1], tokens[0]):
        assert ask(world, token).status_code == httpx.codes.OK
    assert [entry["usage"] for entry in facts(world)] == [{"requests_this_minute": 3, "rows_today": 3}]
    assert [refused_by(ask(world, token)) for token in tokens] == [["GW-LIM-02"], ["GW-LIM-02"]]
    assert world.leaves()[-1]["rules"] == ["GW-LIM-02"]
    assert ask(world, tokens[0], resource="fieldworkExperiences").status_code == httpx.codes.OK, "another grant"
    world.later(minutes=1)
    assert ask(world, tokens[0]).status_code == httpx.codes.OK
    assert usage(world) == {"2026-11-24": (4, 4), "2026-11-24T13:01": (1, 1)}, "minutes that are over are forgotten"


def test_rows_of_a_day_are_counted_in_the_agreements_own_time_zone(world: World) -> None:
    limit(world, rows_per_day=10)
    token = world.token("riverton-sis")
    assert ask(world, token, 8).status_code == httpx.codes.OK
    assert len(ask(world, token, 3).json()["data"]) == 2, "a page has no more rows than are left"
    assert refused_by(ask(world, token)) == ["GW-LIM-01"]
    assert usage(world)["2026-11-24"] == (2, 10), "a refused answer uses nothing"
    world.later(hours=16)  # 05:00 UTC of the 25th, still the 24th in Chicago
    assert refused_by(ask(world, world.token("riverton-sis"))) == ["GW-LIM-01"]
    world.later(hours=1)
    assert ask(world, world.token("riverton-sis"), 10).status_code == httpx.codes.OK


def test_a_new_version_goes_on_counting(world: World) -> None:
    limit(world, rows_per_day=10)
    token = world.token("riverton-sis")
    assert ask(world, token, 8).status_code == httpx.codes.OK
    found = read_agreement(EXAMPLE, world.gateway.catalog)
    grants = tuple(replace(grant, limits=Limits(rows_per_day=10)) for grant in found.grants)
    activate(replace(found, grants=grants, digest="1" * 64), "test", world.gateway.registry())
    assert len(ask(world, token, 3).json()["data"]) == 2


def test_requests_at_the_same_moment_cannot_pass_a_limit_together(world: World) -> None:
    limit(world, requests_per_minute=5, rows_per_day=1000)
    tokens = [world.token("riverton-sis"), world.token(OTHER)]
    before = len(world.leaves("disclosure"))
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda number: ask(world, tokens[number % 2], 3), range(24)))
    served = [answer for answer in answers if answer.status_code == httpx.codes.OK]
    assert len(served) == 5 and len(world.leaves("disclosure")) - before == 5
    assert {rule for answer in answers if answer not in served for rule in refused_by(answer)} == {"GW-LIM-02"}
    assert usage(world)["2026-11-24"] == (5, 15)
    world.gateway.verify_log()
