"""A recipient's roster chooses the rows that it sees, tells nobody whom it found, and leaves its own entry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update
from typer.testing import CliRunner

from gateway.agreements.activate import activate
from gateway.agreements.move import move
from gateway.agreements.read_agreement import read_agreement
from gateway.cli.main import app
from gateway.custody import destroy_data_key, rotate_data_key
from gateway.domain.identifiers import AgreementId, InstitutionId
from gateway.read_roster import LARGEST_ROSTER
from gateway.store.schema import roster_line
from tests.conftest import new_database
from tests.databases import BACKENDS
from tests.signing import OPERATOR
from tests.world import World, open_world

FINDER = Path(__file__).with_name("finder.yaml")
BOTH = ("records:read", "rosters:write")
CSV = "text/csv"


@pytest.fixture(scope="module", params=BACKENDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("rosters")
    with new_database(request.param, request, folder) as url, open_world(folder / "home", url) as opened:
        agreements = FINDER.read_text(encoding="utf-8")
        for recipient in ("riverton", "oakhill"):
            file = folder / f"{recipient}.yaml"
            file.write_text(agreements.replace("RECIPIENT", recipient), encoding="utf-8")
            opened.agree(file)
            opened.client(f"{recipient}-sis", recipient, ("evaluation",), BOTH)
        opened.client("reader", "riverton", ("evaluation",))
        opened.load()
        yield opened


def known(world: World, *numbers: int) -> list[str]:
    """The identifiers of some of Lakeside's candidates, from its extract."""
    lines = (world.folder / "extracts" / "lakeside" / "candidates.csv").read_text(encoding="utf-8-sig").splitlines()
    at = lines[0].split(",").index("Id")
    return [lines[1 + number].split(",")[at].strip() for number in numbers]


def roster(*lines: tuple[str, str]) -> bytes:
    return "\n".join(["own_id,candidateIdentifier", *(",".join(line) for line in lines), ""]).encode()


def send(
    world: World, content: bytes, client: str = "riverton-sis", *, resource: str = "candidates", media_type: str = CSV
) -> httpx.Response:
    return world.api.put(f"/v1/{resource}/roster", content, world.token(client), media_type)


def seen(world: World, client: str = "riverton-sis", resource: str = "candidates", **parameters: str) -> list[dict[str, Any]]:
    answer = world.api.get(f"/v1/{resource}", world.token(client), limit="1000", **parameters)
    assert answer.status_code == httpx.codes.OK, answer.text
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


def own_ids(world: World, client: str = "riverton-sis") -> list[str]:
    return sorted(record["candidateIdentifier"] for record in seen(world, client))


def test_a_roster_chooses_rows_and_gives_own_ids_back(world: World) -> None:
    assert send(world, roster()).json()["lines"] == 0
    assert seen(world) == []
    first, second, third = known(world, 1, 2, 3)
    answer = send(world, roster(("B-1", first), ("B-2", second), ("B-3", "nobody-has-this")))
    assert answer.status_code == httpx.codes.OK, answer.text
    told = answer.json()
    assert (told["lines"], told["agreement"], told["schedule"]) == (3, "finder-riverton", "matches")
    assert own_ids(world) == ["B-1", "B-2"]
    assert all(first not in json.dumps(record) for record in seen(world))
    assert send(world, roster(("B-9", third))).json()["lines"] == 1
    assert own_ids(world) == ["B-9"]


def test_related_records_follow_the_roster(world: World) -> None:
    every = [identifier for identifier in known(world, *range(17)) if identifier]
    send(world, roster(*((f"own-{at}", identifier) for at, identifier in enumerate(every))))
    placed = seen(world, resource="fieldworkExperiences")
    assert placed
    assert {record["studentReference"]["studentUniqueId"] for record in placed} <= set(own_ids(world))
    enrolled = seen(world, resource="candidateEducatorPreparationProgramAssociations")
    assert 0 < len(enrolled) <= len(every)
    send(world, roster())
    assert seen(world, resource="fieldworkExperiences") == []
    assert seen(world, resource="candidateEducatorPreparationProgramAssociations") == []


def test_own_ids_open_after_their_key_was_replaced_and_destroyed(world: World) -> None:
    first, second = known(world, 1, 2)
    send(world, roster(("B-1", first), ("B-2", second)))
    desk = world.gateway.custody_desk("test")
    done = rotate_data_key(InstitutionId("lakeside"), desk, lambda _: None)
    for key in done.replaced:
        destroy_data_key(key, desk)
    world.gateway.ring.provider(InstitutionId("lakeside"), fresh=True)
    assert own_ids(world) == ["B-1", "B-2"]
    send(world, roster(("B-3", second)))
    assert own_ids(world) == ["B-3"]


def test_a_roster_is_its_senders_alone(world: World) -> None:
    mine, theirs = known(world, 4, 5)
    send(world, roster(("mine", mine)))
    send(world, roster(("theirs", theirs)), "oakhill-sis")
    assert (own_ids(world), own_ids(world, "oakhill-sis")) == (["mine"], ["theirs"])
    send(world, roster(), "oakhill-sis")
    assert own_ids(world) == ["mine"]


def test_nobody_hears_whether_a_line_found_anybody(world: World) -> None:
    def told(identifier: str) -> dict[str, Any]:
        answer = send(world, roster(("own", identifier)))
        leaf = world.leaves("roster")[-1]
        varying = ("id", "time", "request", "token", "body", "detail", "subjects")
        return {**answer.json(), "entry": "", **{name: leaf[name] for name in leaf if name not in varying}}

    [there] = known(world, 6)
    assert told(there) == told("x" * len(there))


def test_somebody_who_comes_later_is_found(world: World) -> None:
    [like] = known(world, 7)
    send(world, roster(("soon", "LU-LATER")))
    assert own_ids(world) == []
    extracts = world.folder / "extracts"
    file = extracts / "lakeside" / "candidates.csv"
    whole = file.read_text(encoding="utf-8-sig")
    [line] = [line for line in whole.splitlines() if like in line]
    file.write_text(f"{whole}{line.replace(like, 'LU-LATER')}\n", encoding="utf-8")
    world.sync(world.source("lakeside", extracts))
    assert own_ids(world) == ["soon"]


def test_json_is_the_same_as_csv(world: World) -> None:
    [one] = known(world, 8)
    sent = {"lines": [{"own_id": "json-1", "candidateIdentifier": one}]}
    assert send(world, json.dumps(sent).encode(), media_type="application/json").json()["lines"] == 1
    assert own_ids(world) == ["json-1"]


@pytest.mark.parametrize(
    ("content", "status", "told"),
    [
        (b"own_id,candidateIdentifier\nsecret-1,\n", 422, "line 2"),
        (b"own_id,candidateIdentifier\n,secret-2\n", 422, "line 2 has no own_id"),
        (b"own_id,candidateIdentifier\na,secret-3\nb,secret-3\n", 422, "line 3 names the same record as line 2"),
        (b"own_id,candidateIdentifier\na,secret-4,more\n", 422, "line 2 has 3 fields"),
        (b'own_id,candidateIdentifier\na,"secret-5\n', 422, "is not CSV"),
        (b"own_id,firstName\na,secret-6\n", 400, "names its columns, which are: own_id, candidateIdentifier"),
        (b"\xff\xfeo", 400, "not UTF-8"),
        (b"own_id,candidateIdentifier\n" + b"a" * 101 + b",secret-7\n", 422, "1 to 100 printable"),
        (b"own_id,candidateIdentifier\na," + b"secret-8" * 5 + b"\n", 422, "line 2"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_changes_nothing(world: World, content: bytes, status: int, told: str) -> None:
    [one] = known(world, 9)
    send(world, roster(("before", one)))
    answer = send(world, content)
    assert answer.status_code == status, answer.text
    assert told in answer.text
    assert "secret" not in answer.text + json.dumps(world.leaves()[-1])
    leaf = world.leaves()[-1]
    assert (leaf["kind"], leaf["operation"], leaf["decision"]) == ("refusal", "submit_roster", "deny")
    assert own_ids(world) == ["before"]


@pytest.mark.parametrize(
    "content", [b"[]", b'{"lines": {}}', b'{"lines": [1]}', b'{"lines": [{"own_id": "a"}]}', b'{"lines": [], "lines": []}', b"{"]
)
def test_json_that_is_no_roster_is_refused(world: World, content: bytes) -> None:
    assert send(world, content, media_type="application/json").status_code in {400, 422}


def test_who_may_not_send_one_is_refused_on_the_log(world: World) -> None:
    [one] = known(world, 10)
    refused = send(world, roster(("a", one)), "reader")
    assert (refused.status_code, refused.json()["reasons"][0]["rule"]) == (403, "GW-AUT-01")
    assert world.leaves()[-1]["operation"] == "submit_roster"
    assert send(world, roster(("a", one)), resource="staffs").json()["reasons"][0]["rule"] == "GW-AGR-01"
    assert world.api.put("/v1/candidates/roster", roster(), "no-token", CSV).status_code == httpx.codes.UNAUTHORIZED


def test_a_resource_that_takes_no_roster_says_so(world: World) -> None:
    answer = send(world, roster(), resource="educatorPreparationPrograms")
    assert (answer.status_code, "roster of yours" in answer.json()["detail"]) == (400, True)


def test_what_is_no_roster_at_all_is_refused(world: World) -> None:
    assert "text/csv" in send(world, roster(), media_type="application/pdf").json()["detail"]
    assert send(world, b"x" * (LARGEST_ROSTER + 1)).status_code == httpx.codes.BAD_REQUEST
    asked = world.api.put("/v1/candidates/roster?select=firstName", roster(), world.token("riverton-sis"), CSV)
    assert "no other parameters" in asked.json()["detail"]


def test_own_ids_cannot_be_compared_nor_sorted_by_a_filter(world: World) -> None:
    answer = world.api.get("/v1/candidates", world.token("riverton-sis"), candidateIdentifier="B-1")
    assert (answer.status_code, answer.json()["code"]) == (400, "GW-REQ-01")


def test_the_entry_says_under_which_schedule_and_no_name(world: World) -> None:
    [one] = known(world, 11)
    answer = send(world, roster(("very-own", one)))
    leaf = world.leaves("roster")[-1]
    assert leaf["id"] == answer.json()["entry"] == answer.headers["gateway-entry"]
    assert (leaf["provider"], leaf["recipient"], leaf["schedule"], leaf["asks_under"]) == (
        "riverton",
        "lakeside",
        "roster",
        "matches",
    )
    assert (leaf["rows"], leaf["released"], leaf["client"]) == ("1", ["candidateIdentifier"], "riverton-sis")
    assert one not in json.dumps(leaf)
    assert "very-own" not in json.dumps(leaf)
    assert world.gateway.verify_log().checkpoint.size == len(world.leaves())


def test_own_ids_lie_sealed_and_open_in_their_place_only(world: World) -> None:
    first, second = known(world, 12, 13)
    send(world, roster(("plainly-mine", first), ("plainly-too", second)))
    current = roster_line.c.to_version.is_(None), roster_line.c.agreement_id == "finder-riverton"
    with world.gateway.database.write() as connection:
        lines = connection.execute(select(roster_line.c.record_id, roster_line.c.own_id).where(*current)).all()
        assert len(lines) == 2
        assert all(b"plainly" not in line.own_id for line in lines)
        for line, other in zip(lines, reversed(lines), strict=True):
            moved = update(roster_line).where(*current, roster_line.c.record_id == line.record_id)
            connection.execute(moved.values(own_id=other.own_id))
    answer = world.api.get("/v1/candidates", world.token("riverton-sis"))
    assert (answer.status_code, answer.json()["code"]) == (500, "GW-INT-01")
    send(world, roster())


def test_an_operator_sends_it_for_an_institution(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    [one] = known(world, 14)
    monkeypatch.setenv("GATEWAY_HOME", str(world.folder))
    monkeypatch.setenv("GATEWAY_DATABASE_URL", world.settings.database_url)
    monkeypatch.setenv("GATEWAY_STATE_MODULES", "personnel-default")
    file = tmp_path / "roster.csv"
    file.write_bytes(roster(("by-hand", one)))
    told = ["roster", "submit", str(file), "--resource", "candidates", "--institution", "riverton", "--purpose", "evaluation"]
    result = CliRunner().invoke(app, told)
    assert result.exit_code == 0, result.output + str(result.exception)
    assert own_ids(world) == ["by-hand"]
    assert world.leaves("roster")[-1]["client"] == "operator"
    file.write_bytes(b"own_id,candidateIdentifier\n,x\n")
    wrong = CliRunner().invoke(app, told)
    assert "roster.csv:2:1" in str(wrong.exception.__dict__["problems"][0])
    assert own_ids(world) == ["by-hand"]


def test_a_feed_tells_of_other_own_ids(world: World, tmp_path: Path) -> None:
    """The record is the same; what its recipient calls it is not."""
    text = FINDER.read_text(encoding="utf-8").replace("RECIPIENT", "riverton")
    text = text.replace("    recipient: riverton\n", "    recipient: riverton\n    change_feed: true\n", 1)
    (tmp_path / "feed.yaml").write_text(text, encoding="utf-8")
    world.agree(tmp_path / "feed.yaml")
    one, two = known(world, 1, 2)
    path, token = "/v1/candidates/changes", world.token("riverton-sis")
    send(world, roster(("A-1", one), ("A-2", two)))
    first = world.api.get(path, token, purpose="evaluation").json()
    send(world, roster(("Z-1", one), ("A-2", two)))
    [event] = world.api.get(path, token, purpose="evaluation", since=first["next"]).json()["data"]
    assert event["event"] == "updated"
    assert "Z-1" in event["record"].values()


def test_a_suspension_stops_rosters_at_once(world: World) -> None:
    [one] = known(world, 15)
    move(AgreementId("finder-oakhill"), "suspend", OPERATOR, world.gateway.registry())
    refused = send(world, roster(("a", one)), "oakhill-sis")
    assert (refused.status_code, refused.json()["reasons"][0]["rule"]) == (403, "GW-AGR-02")


def test_a_roster_is_refused_where_no_schedule_lets_it_be_sent(world: World, tmp_path: Path) -> None:
    file = tmp_path / "riverton.yaml"
    text = FINDER.read_text(encoding="utf-8").replace("RECIPIENT", "riverton")
    file.write_text(text.replace("candidateIdentifier: share", "firstName: share"), encoding="utf-8")
    activate(read_agreement(file, world.gateway.catalog), "test", world.gateway.registry())
    refused = send(world, roster())
    assert (refused.status_code, refused.json()["reasons"][0]["rule"]) == (403, "GW-ROW-04")
