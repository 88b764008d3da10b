"""A walk that keeps to one version of the records while newer ones are promoted; what it may still show is decided now."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, select

from gateway.domain.identifiers import ResourceName
from gateway.store.epoch import advance_epoch
from gateway.store.schema import opt_out
from tests.conftest import new_database
from tests.databases import BACKENDS
from tests.registrar import Line, correct
from tests.world import World, placement_world

DIRECTORY = Path(__file__).resolve().parents[1] / "campaigns" / "two_worlds.yaml"
CLIENT, OTHER = "riverton-sis", "riverton-other"
CANDIDATES = ResourceName("candidates")


@pytest.fixture(params=BACKENDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("as_of")
    with new_database(request.param, request, folder) as url, placement_world(folder / "home", url) as placed:
        placed.client(OTHER, "riverton")
        yield placed


def ask(world: World, resource: str = "candidates", client: str = CLIENT, **parameters: str) -> httpx.Response:
    return world.api.get(f"/v1/{resource}", world.token(client), **parameters)


def walk(world: World, resource: str, client: str = CLIENT, **parameters: str) -> list[Any]:
    records: list[Any] = []
    cursor: str | None = None
    while True:
        answer = ask(world, resource, client, **parameters, limit="7", **({} if cursor is None else {"cursor": cursor}))
        assert answer.status_code == httpx.codes.OK, answer.text
        records += answer.json()["data"]
        cursor = answer.json()["next"]
        if cursor is None:
            return records


def shuffle(world: World) -> None:
    """Every third candidate goes, every other gets another name; every placement moves to another school."""
    lines = iter(range(1_000))

    def candidate(line: Line) -> Line | None:
        at = next(lines)
        return None if at % 3 == 0 else {**line, "Last": f"{line['Last']}-{at}"} if at % 2 else line

    correct(world, "candidates.csv", candidate)
    correct(world, "placements.csv", lambda line: {**line, "School": str(1_200_203 - int(line["School"]))})


def pull_again(world: World) -> None:
    correct(world, "candidates.csv", lambda line: line)


def test_a_walk_keeps_to_its_version_while_others_are_promoted(world: World) -> None:
    before = {resource: walk(world, resource) for resource in ("candidates", "fieldworkExperiences")}
    versions = {resource: ask(world, resource, limit="1").headers["gateway-version"] for resource in before}
    first = ask(world, limit="7", as_of=versions["candidates"])
    shuffle(world)
    after = {resource: walk(world, resource) for resource in before}
    assert len(after["candidates"]) == len(before["candidates"]) * 2 // 3
    assert len(after["fieldworkExperiences"]) == len(before["fieldworkExperiences"])
    assert all(any(record not in before[resource] for record in after[resource]) for resource in before)
    for resource, records in before.items():
        assert walk(world, resource, as_of=versions[resource]) == records
    following = ask(world, limit="7", as_of=versions["candidates"], cursor=first.json()["next"])
    assert following.json()["data"] == before["candidates"][7:14]
    shuffle(world)
    assert walk(world, "candidates", as_of=versions["candidates"]) == before["candidates"]


def test_every_answer_names_its_version_and_no_two_alike(world: World) -> None:
    names = [ask(world, limit="1").headers["gateway-version"] for _ in range(3)]
    assert len(set(names)) == len(names)
    pinned = ask(world, limit="1", as_of=names[0])
    assert pinned.headers["gateway-version"] == names[0]
    assert pinned.headers["etag"] == ask(world, limit="1", as_of=names[0]).headers["etag"]


def test_who_opts_out_is_gone_from_older_versions_at_once(world: World) -> None:
    world.agree(DIRECTORY)
    world.client("riverton-hiring", "riverton", ("early_hire",))
    version = ask(world, client="riverton-hiring", limit="1").headers["gateway-version"]
    before = walk(world, "candidates", client="riverton-hiring", as_of=version)
    rows = world.gateway.tables[CANDIDATES].rows
    with world.gateway.database.write() as connection:
        person = connection.execute(select(rows.c.person_id).order_by(rows.c.record_id).limit(1)).scalar_one()
        connection.execute(
            insert(opt_out).values(
                provider_id="lakeside", person_id=person, from_version=advance_epoch(connection), at="2026-11-24T00:00:00.000000Z"
            )
        )
    assert walk(world, "candidates", client="riverton-hiring", as_of=version) == before[1:]


def test_a_version_is_good_for_its_client_and_its_records_only(world: World) -> None:
    version = ask(world, limit="1").headers["gateway-version"]
    sealed = bytearray(urlsafe_b64decode(version + "=" * (-len(version) % 4)))
    sealed[-1] ^= 1
    changed = urlsafe_b64encode(bytes(sealed)).decode().rstrip("=")
    asked = [
        ask(world, client=OTHER, as_of=version),
        ask(world, "fieldworkExperiences", as_of=version),
        *(ask(world, as_of=text) for text in (changed, "1", "", "é", "A" * 1_500)),
    ]
    problems = {(answer.status_code, answer.json()["detail"]) for answer in asked}
    assert len(problems) == 1
    status, detail = problems.pop()
    assert status == httpx.codes.BAD_REQUEST
    assert "`Gateway-Version`" in detail
    assert ask(world, limit="1", cursor=version).status_code == httpx.codes.BAD_REQUEST


def test_a_cursor_of_one_version_is_not_one_of_another(world: World) -> None:
    version = ask(world, limit="1").headers["gateway-version"]
    cursor = ask(world, limit="7", as_of=version).json()["next"]
    assert ask(world, limit="7", cursor=cursor).status_code == httpx.codes.BAD_REQUEST
    assert ask(world, limit="7", cursor=cursor, as_of=version).status_code == httpx.codes.OK


def test_a_version_ends_when_its_rows_are_no_longer_kept(world: World) -> None:
    version = ask(world, limit="1").headers["gateway-version"]
    shuffle(world)
    world.later(days=29)
    pull_again(world)
    assert ask(world, limit="1", as_of=version).status_code == httpx.codes.OK
    world.later(days=2)
    pull_again(world)
    answer = ask(world, limit="1", as_of=version)
    assert (answer.status_code, answer.json()["code"]) == (410, "GW-REQ-07")
    assert "without `as_of`" in answer.json()["detail"]
    assert world.leaves("refusal")[-1]["code"] == "GW-REQ-07"


def test_a_version_that_nothing_came_after_ends_with_its_time_all_the_same(world: World) -> None:
    """Else it would tell that nothing moved, of what is hidden too."""
    version = ask(world, limit="1").headers["gateway-version"]
    world.later(days=31)
    pull_again(world)
    assert ask(world, limit="1", as_of=version).status_code == 410


def test_a_version_above_the_head_is_not_read(world: World) -> None:
    """The database was put back to an earlier day: what is above its head is being staged."""
    shuffle(world)
    version = ask(world, limit="1").headers["gateway-version"]
    with world.gateway.database.write() as connection:
        connection.exec_driver_sql("UPDATE resource_head SET version = version - 1 WHERE resource = 'candidates'")
    assert ask(world, limit="1", as_of=version).status_code == 410
