"""Preview: real rows of the provider before and after, from its own extract; nothing is stored but the entry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.demo.extracts import write_extracts
from gateway.shipped import shipped
from tests.texts import AGREEMENT, say
from tests.world import DEMO, SMALL, World, gateway_world, open_world

EXAMPLE = shipped("policies") / "agreements" / "lakeside-riverton.yaml"
SOURCE = str(DEMO / "lakeside.source.yaml")
BORN = ("birthDate: withhold", "birthDate: {generalise: year}")


@pytest.fixture
def world(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> World:
    """A gateway without records, closed again, and the extracts of its providers."""
    with open_world(tmp_path / "home", database_url) as opened:
        opened.agree()
    extracts = tmp_path / "extracts"
    write_extracts(extracts, SMALL)
    for name, text in (("HOME", str(tmp_path / "home")), ("DATABASE_URL", database_url)):
        monkeypatch.setenv(f"GATEWAY_{name}", text)
    monkeypatch.setenv("DEMO_EXTRACTS", str(extracts))
    return opened


def _draft(folder: Path, *changes: tuple[str, str]) -> str:
    text = EXAMPLE.read_text(encoding="utf-8")
    for was, now in changes:
        text = text.replace(was, now, 1)
    file = folder / "draft.yaml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def _preview(file: str, *more: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, ["agreement", "preview", file, "--source", SOURCE, "--format", "json", *more])
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_rows_are_shown_before_and_after(world: World, tmp_path: Path) -> None:
    found = _preview(_draft(tmp_path), "--resource", "candidates", "--show", "3")
    assert found["rows"] == found["visible"] == 60
    shown = found["shown"]
    assert len(shown) == 3
    for record in shown:
        by_path = {path: (before, after) for path, before, after in record["elements"]}
        before, after = by_path["firstName"]
        assert before == after
        assert by_path["candidateIdentifier"][1] == "a pseudonym"
        assert "birthDate" not in by_path


def test_what_is_new_against_the_agreement_in_force(world: World, tmp_path: Path) -> None:
    rows = ("      candidates:\n", "      candidates:\n        rows: [{element: hispanicLatinoEthnicity, equals: true}]\n")
    assert _preview(str(EXAMPLE), "--resource", "candidates")["newly_visible"] == 0
    narrower = _preview(_draft(tmp_path, rows), "--resource", "candidates")
    assert 0 < narrower["visible"] < 60
    assert narrower["newly_visible"] == 0
    another = _preview(_draft(tmp_path, ("id: lakeside-riverton", "id: lakeside-riverton-two")), "--resource", "candidates")
    assert another["newly_visible"] == another["visible"] == 60


def test_small_groups_and_the_join_with_another_agreement(world: World, tmp_path: Path) -> None:
    changes = (("id: lakeside-riverton", "id: lakeside-riverton-two"), BORN)
    found = _preview(_draft(tmp_path, *changes), "--resource", "candidates")
    assert found["quasi_identifiers"] == ["birthDate"]
    assert found["in_small_groups"] > 0
    [risk] = found["join_risks"]
    assert risk["agreement"] == "lakeside-riverton"
    assert set(risk["columns"]) == {"firstName", "middleName", "lastSurname"}
    assert risk["alone"] > 30


def test_nothing_is_stored_but_the_entry(world: World, tmp_path: Path) -> None:
    _preview(_draft(tmp_path), "--resource", "candidates")
    with open_world(world.folder, world.settings.database) as again:
        [leaf] = again.leaves("preview")
        assert (leaf["resource"], leaf["provider"], leaf["rows"]) == ("candidates", "lakeside", "60")
        with again.gateway.database.read() as connection:
            for tables in again.gateway.tables.values():
                assert connection.execute(select(func.count()).select_from(tables.rows)).scalar() == 0


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--resource", "financialAids"], "shares no financialAids of lakeside"),
        (["--resource", "candidates", "--as", "oakhill"], "shares no candidates of lakeside with oakhill"),
        (["--resource", "staffs"], "shares no staffs of lakeside"),
        (["--resource", "candidates", "--format", "xml"], "is not one of text, json"),
    ],
)
def test_what_cannot_be_previewed_says_why(world: World, more: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["agreement", "preview", str(EXAMPLE), "--source", SOURCE, *more])
    assert message in str(result.exception)


def test_nothing_is_pulled_unless_it_is_agreed_who_runs_the_gateway(world: World) -> None:
    assert CliRunner().invoke(app, ["agreement", "suspend", "lakeside-operation"]).exit_code == 0
    told = ["agreement", "preview", str(EXAMPLE), "--source", SOURCE, "--resource", "candidates"]
    result = CliRunner().invoke(app, told)
    assert "is suspended" in str(result.exception)
    assert result.stdout == ""


def test_it_reads_as_text(world: World) -> None:
    result = CliRunner().invoke(app, ["agreement", "preview", str(EXAMPLE), "--source", SOURCE, "--resource", "candidates"])
    assert "60 rows were pulled; 60 would be visible, 0 of them newly." in result.stdout
    assert "row 1" in result.stdout


def test_free_text_is_shown_redacted_by_everybody_of_the_source(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gateway_world(tmp_path / "home", database_url) as opened:
        opened.agree(AGREEMENT)
        say(opened, {"Q1": "I worked with Ana on it all.", "Q2": "i learned a lot from nkechi every day"})
    for name, text in (("HOME", str(tmp_path / "home")), ("DATABASE_URL", database_url)):
        monkeypatch.setenv(f"GATEWAY_{name}", text)
    source = str(opened.folder / "surveys" / "source.yaml")
    asked = ["--source", source, "--resource", "surveyQuestionResponses", "--format", "json"]
    result = CliRunner().invoke(app, ["agreement", "preview", str(AGREEMENT), *asked])
    assert result.exit_code == 0, result.output
    shown = [element for record in json.loads(result.stdout)["shown"] for element in record["elements"] if element[0] == "comment"]
    assert shown == [
        ["comment", "I worked with Ana on it all.", "I worked with [name] on it all."],
        ["comment", "i learned a lot from nkechi every day", None],
    ]
