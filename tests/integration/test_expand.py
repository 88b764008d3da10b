"""Records of other resources beside those of a page: under permits of their own, where their reader could join them itself."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from tests.conftest import new_database
from tests.databases import BACKENDS
from tests.registrar import correct
from tests.world import EXAMPLE, World, placement_world

CLIENT = "riverton-sis"
ENROLMENTS = "candidateEducatorPreparationProgramAssociations"
PLACEMENTS = "fieldworkExperiences"
MENTORS = "candidateRelationshipToStaffAssociations"
PSEUDONYM = "candidateIdentifier"


@pytest.fixture(scope="module", params=BACKENDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("expand")
    with new_database(request.param, request, folder) as url, placement_world(folder / "home", url) as placed:
        yield placed


@pytest.fixture(autouse=True)
def as_it_was(world: World) -> Iterator[None]:
    yield
    world.agree()


def amend(world: World, *changes: tuple[str, str]) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    file = Path(world.folder / "amended.yaml")
    file.write_text(text, encoding="utf-8")
    world.agree(file)


def ask(world: World, resource: str = "candidates", **parameters: str) -> httpx.Response:
    return world.api.get(f"/v1/{resource}", world.token(CLIENT), **parameters)


def whole(world: World, resource: str, **parameters: str) -> list[Any]:
    answer = ask(world, resource, limit="1000", **parameters)
    assert answer.status_code == httpx.codes.OK, answer.text
    return list(answer.json()["data"])


def at(record: Any, path: str) -> Any:
    for name in path.split("."):
        record = record[name]
    return record


@pytest.mark.parametrize(
    ("resource", "key"),
    [
        (PLACEMENTS, "studentReference.studentUniqueId"),
        (ENROLMENTS, "candidateReference.candidateIdentifier"),
        (MENTORS, "candidateReference.candidateIdentifier"),
    ],
)
def test_what_stands_beside_a_record_is_what_its_reader_would_join(world: World, resource: str, key: str) -> None:
    others = whole(world, resource)
    assert others
    for record in whole(world, "candidates", expand=resource):
        beside = record.pop(resource)
        expected = [other for other in others if at(other, key) == record[PSEUDONYM]]
        assert sorted(map(orjson.dumps, beside)) == sorted(map(orjson.dumps, expected))


def test_a_record_is_the_same_without_what_stands_beside_it(world: World) -> None:
    plain = ask(world, limit="20").json()
    wide = ask(world, limit="20", expand=f"{PLACEMENTS},{MENTORS},{ENROLMENTS}").json()
    names = [name for name in wide["data"][0] if name not in plain["data"][0]]
    assert names == [PLACEMENTS, MENTORS, ENROLMENTS]
    assert [{name: value for name, value in record.items() if name not in names} for record in wide["data"]] == plain["data"]
    assert wide["next"] != plain["next"], "its next page is another question"


def test_a_record_that_is_named_stands_beside_the_one_that_names_it(world: World) -> None:
    candidates = {record[PSEUDONYM]: record for record in whole(world, "candidates")}
    for record in whole(world, PLACEMENTS, expand="candidates"):
        assert record["candidates"] == [candidates[at(record, "studentReference.studentUniqueId")]]


def test_walks_selections_filters_and_versions_go_along(world: World) -> None:
    version = ask(world, limit="1", expand=PLACEMENTS).headers["gateway-version"]
    before = ask(world, limit="9", expand=PLACEMENTS, select="lastSurname", as_of=version).json()
    assert set(before["data"][0]) == {"lastSurname", PLACEMENTS}
    correct(world, "placements.csv", lambda line: {**line, "Hours": "77.5"})
    again = ask(world, limit="9", expand=PLACEMENTS, select="lastSurname", as_of=version).json()
    assert again["data"] == before["data"]
    now = ask(world, limit="9", expand=PLACEMENTS, select="lastSurname").json()
    assert {placed["hoursCompleted"] for record in now["data"] for placed in record[PLACEMENTS]} == {77.5}
    walked = ask(world, limit="3", expand=PLACEMENTS, select="lastSurname", cursor=now["prev"] or now["next"])
    assert all(PLACEMENTS in record for record in walked.json()["data"])
    assert ask(world, limit="3", select="lastSurname", cursor=now["next"]).status_code == httpx.codes.BAD_REQUEST


def test_each_resource_has_its_own_entry_about_the_same_bytes(world: World) -> None:
    answer = ask(world, limit="30", expand=f"{PLACEMENTS},{MENTORS}")
    leaves = world.leaves("disclosure")[-3:]
    entries = [answer.headers["gateway-entry"], *answer.headers["gateway-expanded-entries"].split(", ")]
    assert [leaf["id"] for leaf in leaves] == entries
    assert [leaf["resource"] for leaf in leaves] == ["candidates", PLACEMENTS, MENTORS]
    salted = b64decode(answer.headers["gateway-body-salt"]) + answer.content
    assert {leaf["body"] for leaf in leaves} == {sha256(salted).hexdigest()}
    assert len({leaf["request"] for leaf in leaves}) == 1
    assert len({leaf["input"] for leaf in leaves}) == len(leaves), "each was decided by itself"
    beside = [sum(len(record[name]) for record in answer.json()["data"]) for name in (PLACEMENTS, MENTORS)]
    assert [leaf["rows"] for leaf in leaves] == ["30", *map(str, beside)]
    world.gateway.verify_log()


def test_the_rows_beside_are_those_of_their_own_scope(world: World) -> None:
    scope = "        rows: [{element: schoolReference.schoolId, at_most: 600110}]\n        discloses: [schoolReference.schoolId]\n"
    amend(world, (f"      {PLACEMENTS}:\n", f"      {PLACEMENTS}:\n{scope}"))
    records = whole(world, "candidates", expand=PLACEMENTS)
    schools = {at(placed, "schoolReference.schoolId") for record in records for placed in record[PLACEMENTS]}
    assert schools and max(schools) <= 600_110


def test_what_the_agreement_does_not_cover_is_refused_and_not_left_empty(world: World) -> None:
    rules = {"noSuchResource": "GW-REQ-01", "performanceEvaluationRatings": "GW-AGR-01", "staffs": "GW-AGR-01"}
    for name, rule in rules.items():
        answer = ask(world, expand=name)
        assert answer.status_code == httpx.codes.FORBIDDEN
        assert {reason["rule"] for reason in answer.json()["reasons"]} == {rule}
    leaf = world.leaves("refusal")[-1]
    assert (leaf["resource"], leaf["decision"]) == ("staffs", "deny")


def test_a_refusal_after_expanding_is_of_the_decision_about_the_page(world: World) -> None:
    """What is on the log is what is decided again: the page was decided first, and refused for what it asks for."""
    for parameters in ({}, {"expand": PLACEMENTS}):
        assert ask(world, select="nothing", **parameters).status_code == httpx.codes.BAD_REQUEST
    plain, expanded = world.leaves("refusal")[-2:]
    assert {name: plain[name] for name in ("resource", "input", "answer")} == {
        name: expanded[name] for name in ("resource", "input", "answer")
    }


@pytest.mark.parametrize(
    "change",
    [
        ("          studentReference.studentUniqueId: pseudonymise\n", ""),
        ("          studentReference.studentUniqueId: pseudonymise\n", "          studentReference.studentUniqueId: share\n"),
    ],
)
def test_what_its_reader_could_not_join_is_refused(world: World, change: tuple[str, str]) -> None:
    amend(world, change)
    for resource, other in (("candidates", PLACEMENTS), (PLACEMENTS, "candidates")):
        answer = ask(world, resource, expand=other)
        assert answer.status_code == httpx.codes.BAD_REQUEST, answer.text
        assert "which you see in both" in answer.json()["detail"]


def test_resources_that_do_not_name_each_other_are_refused(world: World) -> None:
    answer = ask(world, PLACEMENTS, expand=MENTORS)
    assert (answer.status_code, answer.json()["code"]) == (400, "GW-REQ-01")
    for text in ("candidates,candidates", "candidates(x)", "", ",", ",".join("abcdef")):
        assert "`expand` is a list" in ask(world, expand=text).json()["detail"]


def test_only_json_has_room_for_it(world: World) -> None:
    amend(world, ("      candidates:\n", "      candidates:\n        formats: [json, csv]\n"))
    answer = world.api.get_as("/v1/candidates", world.token(CLIENT), {"accept": "text/csv"}, expand=PLACEMENTS)
    assert (answer.status_code, "JSON Lines" in answer.json()["detail"]) == (400, True)
