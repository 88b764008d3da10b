"""What left for a client or key in doubt is told from the log: of whom, which elements, under which agreement, and by when."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.agreements.signatories import NewSignatory, add_signatory
from gateway.cli.main import app
from gateway.domain.identifiers import InstitutionId
from gateway.errors import RequestError
from gateway.exposure import Doubt, Exposure, find_exposed_people, find_exposure
from gateway.steward import Steward
from tests.conftest import new_database
from tests.databases import BACKENDS
from tests.signing import OPERATOR
from tests.world import EXAMPLE, World, open_world

LEE = Steward(InstitutionId("lakeside"), "lee", "test")
FOUND = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
HOURS = 72


@pytest.fixture(scope="module", params=BACKENDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("exposure")
    with new_database(request.param, request, folder) as url, open_world(folder / "home", url) as opened:
        agreed = folder / "agreed.yaml"
        text = EXAMPLE.read_text(encoding="utf-8")
        agreed.write_text(text.replace("schedules:\n", f"breach_notice_hours: {HOURS}\nschedules:\n", 1), encoding="utf-8")
        opened.agree(agreed)
        opened.client("riverton-sis", "riverton", ("placement", "hiring"))
        opened.client("riverton-bi", "riverton", ("placement", "hiring"))
        opened.client("lakeside-sis", "lakeside", ("pipeline",))
        add_signatory(NewSignatory("lakeside", "lee", "steward", "lee", "Registrar", None), OPERATOR, opened.gateway.registry())
        opened.load()
        ask(opened, "riverton-sis", "candidates", select="firstName,lastSurname", limit="7")
        opened.later(hours=1)
        ask(opened, "riverton-sis", "candidates", limit="12")
        ask(opened, "riverton-bi", "candidates", limit="5")
        ask(opened, "lakeside-sis", "openStaffPositions")
        assert opened.api.get("/v1/financialAids", opened.token("riverton-sis")).status_code != 200
        yield opened


def ask(world: World, client: str, resource: str, **parameters: str) -> None:
    answer = world.api.get(f"/v1/{resource}", world.token(client), **parameters)
    assert answer.status_code == 200, answer.text


def look(world: World, doubt: Doubt) -> Exposure:
    return find_exposure(doubt, FOUND, "test", world.gateway.exposure_desk())


def test_a_client_s_answers_are_told_with_each_person_counted_once(world: World) -> None:
    [one] = look(world, Doubt(client="riverton-sis")).exposed
    assert (one.provider, one.recipient, one.answers, one.rows) == ("lakeside", "riverton", 2, 19)
    assert len(one.people) == 12, "the seven of the first page are among the twelve of the second"
    assert "candidates.firstName" in one.released
    assert any(told.startswith("candidates.candidateIdentifier: ") for told in one.treated)
    assert (
        one.notice_due
        == "2026-11-28T09:00:00.000000Z"
        == (FOUND + timedelta(hours=HOURS)).isoformat().replace("+00:00", ".000000Z")
    )


def test_an_institution_s_answers_are_those_of_all_its_clients(world: World) -> None:
    found = look(world, Doubt(recipient="riverton"))
    assert [(one.provider, one.answers, one.rows) for one in found.exposed] == [("lakeside", 3, 24)]
    assert found.people == {"lakeside": 12}


def test_a_key_and_a_time_narrow_it(world: World) -> None:
    key = next(leaf["key"] for leaf in world.leaves("disclosure") if leaf["client"] == "riverton-bi")
    assert [one.rows for one in look(world, Doubt(key=key)).exposed] == [5]
    whole_day = Doubt(since=world.now - timedelta(hours=2), until=world.now - timedelta(minutes=30))
    assert [one.rows for one in look(world, whole_day).exposed] == [7]
    assert look(world, Doubt(client="riverton-sis", since=world.now + timedelta(days=1))).exposed == ()


def test_a_name_that_stands_elsewhere_in_a_leaf_is_not_taken_for_the_client(world: World) -> None:
    assert look(world, Doubt(client="riverton")).exposed == ()
    assert look(world, Doubt(client='x","recipient":"riverton')).exposed == ()


def test_everything_at_once_is_refused(world: World) -> None:
    with pytest.raises(RequestError, match="Say what is in doubt"):
        look(world, Doubt(since=world.now))


def test_the_look_has_its_entry_and_names_nobody(world: World) -> None:
    found = look(world, Doubt(client="riverton-sis"))
    leaf = world.leaves("exposure")[-1]
    assert (leaf["id"], leaf["answers"], leaf["institutions"]) == (found.entry.entry, "2", ["lakeside"])


def test_the_steward_gets_its_own_people_by_their_own_ids(world: World) -> None:
    found = find_exposed_people(Doubt(client="riverton-sis"), LEE, world.gateway.exposure_desk())
    assert len(found) == 12
    assert {one.resource for one in found} == {"candidates"}
    assert all(one.named and one.name for one in found)
    assert world.leaves("exposure")[-1]["operation"] == "people"
    with pytest.raises(RequestError, match="has no steward"):
        find_exposed_people(
            Doubt(client="riverton-sis"), Steward(InstitutionId("riverton"), "lee", "t"), world.gateway.exposure_desk()
        )


def test_the_commands_write_it_down(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_HOME", str(world.folder))
    monkeypatch.setenv("GATEWAY_DATABASE_URL", world.settings.database_url)

    def run(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, ["exposure", *words])
        assert done.exit_code == code, done.output
        return done.output

    found = json.loads(run("report", "--client", "riverton-sis", "--found-at", "2026-11-25T09:00Z", "--format", "json"))
    assert (found["people"], found["exposed"][0]["notice_due"]) == ({"lakeside": 12}, "2026-11-28T09:00:00.000000Z")
    [line] = csv.DictReader(run("report", "--client", "riverton-sis", "--format", "csv").splitlines())
    assert (line["provider"], line["people"]) == ("lakeside", "12")
    assert "12 people of lakeside are concerned" in run("report", "--client", "riverton-sis")
    file = tmp_path / "people.csv"
    run("people", "--as", "lakeside/lee", "--client", "riverton-sis", "--output", str(file))
    assert file.stat().st_mode & 0o077 == 0
    assert len(list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))) == 12
    assert isinstance(CliRunner().invoke(app, ["exposure", "report", "--from", "yesterday"]).exception, RequestError)
