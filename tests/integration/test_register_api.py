"""A provider's own system and its steward ask who was told what: by HTTP, by command, in every format, on both databases."""

from __future__ import annotations

import csv
import io
import json
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pypdf import PdfReader
from sqlalchemy import select, update
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.domain.identifiers import InstitutionId
from gateway.errors import IntegrityError, RequestError
from gateway.register.find_subject import Meant
from gateway.register.keep_up import index_kept_up
from gateway.register.look import look, steward_looks
from gateway.resolution.likely import everybody
from gateway.steward import Steward
from gateway.store.audit_log import read_head
from gateway.store.schema import agreement, signatory
from gateway.store.subjects import read_progress
from tests.conftest import new_database
from tests.databases import BACKENDS
from tests.world import World, open_world

FINDER = Path(__file__).with_name("finder.yaml")
ROSTERS = ("records:read", "rosters:write")
READ = ("disclosures:read",)


@pytest.fixture(scope="module", params=BACKENDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The example agreement, and one under which Riverton asks about people of Lakeside by a roster."""
    folder = tmp_path_factory.mktemp("register-api")
    with new_database(request.param, request, folder) as url, open_world(folder / "home", url) as opened:
        opened.agree()
        finder = folder / "finder.yaml"
        finder.write_text(FINDER.read_text(encoding="utf-8").replace("RECIPIENT", "riverton"), encoding="utf-8")
        opened.agree(finder)
        opened.client("riverton-sis", "riverton", ("placement", "evaluation"), ROSTERS)
        opened.client("lakeside-registrar", "lakeside", ("pipeline",), READ)
        opened.client("riverton-registrar", "riverton", ("placement",), READ)
        opened.client("lakeside-reader", "lakeside", ("pipeline",))
        opened.load()
        given = {"institution_id", "signatory_id", "name", "role", "created_at"}
        rest = {column.name: "" for column in signatory.c if not column.nullable and column.name not in given}
        with opened.gateway.database.write() as connection:
            for institution in ("lakeside", "riverton"):
                row = {"institution_id": institution, "signatory_id": "lee", "name": "Lee", "role": "steward", "created_at": "2026"}
                connection.execute(signatory.insert().values(**row, **rest))
        for _ in range(3):
            assert opened.api.get("/v1/candidates", opened.token("riverton-sis"), purpose="placement", limit="1000").is_success
            opened.later(hours=1)
        yield opened


def own_id(world: World, number: int = 0) -> str:
    extract = (world.folder / "extracts" / "lakeside" / "candidates.csv").read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(extract)))[number]["Id"].strip()


def look_up(world: World, client: str = "lakeside-registrar", **said: object) -> httpx.Response:
    return world.api.post_json("/v1/disclosures/lookups", said, world.token(client))


def test_a_providers_system_pages_through_what_was_told_about_one_person(world: World) -> None:
    person = {"candidateIdentifier": own_id(world)}
    whole = look_up(world, person=person)
    assert whole.status_code == httpx.codes.OK, whole.text
    told = whole.json()
    assert (told["total"], len(told["data"]), told["next"], told["out_of_reach"]) == (3, 3, None, 0)
    first = look_up(world, person=person, limit=2).json()
    second = world.api.get("/v1/disclosures", world.token("lakeside-registrar"), cursor=first["next"]).json()
    assert [*first["data"], *second["data"]] == told["data"]
    assert second["next"] is None
    assert {one["recipient"]["name"] for one in told["data"]} == {"Riverton Unified School District"}
    leaf = world.leaves("register_read")[-1]
    assert (leaf["client"], leaf["institution"], leaf["outcome"]) == ("lakeside-registrar", "lakeside", "told")
    assert person["candidateIdentifier"] not in first["next"]


def test_a_cursor_is_good_for_nobody_else(world: World) -> None:
    cursor = look_up(world, person={"candidateIdentifier": own_id(world)}, limit=1).json()["next"]
    answer = world.api.get("/v1/disclosures", world.token("riverton-registrar"), cursor=cursor)
    assert answer.status_code == httpx.codes.BAD_REQUEST


def test_somebody_is_named_by_a_partners_pseudonym_in_the_address(world: World) -> None:
    page = world.api.get("/v1/candidates", world.token("riverton-sis"), purpose="placement", limit="1")
    pseudonym = page.json()["data"][0]["candidateIdentifier"]
    asked = {"pseudonym": pseudonym, "agreement": "lakeside-riverton"}
    answer = world.api.get("/v1/disclosures", world.token("lakeside-registrar"), **asked, limit="1")
    assert answer.status_code == httpx.codes.OK, answer.text
    assert answer.json()["total"] >= 3
    assert world.api.get("/v1/disclosures", world.token("riverton-registrar"), **asked).status_code == httpx.codes.BAD_REQUEST


def test_another_institution_finds_nobody_of_ours(world: World) -> None:
    answer = look_up(world, "riverton-registrar", person={"candidateIdentifier": own_id(world)})
    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert own_id(world) not in answer.text
    assert world.leaves("register_read")[-1]["outcome"] == "nobody is meant"


def test_a_token_without_the_scope_is_refused_on_the_log(world: World) -> None:
    answer = look_up(world, "lakeside-reader", person={"candidateIdentifier": own_id(world)})
    assert answer.status_code == httpx.codes.FORBIDDEN
    leaf = world.leaves("refusal")[-1]
    assert (leaf["client"], leaf["operation"], leaf["rules"]) == ("lakeside-reader", "disclosures", ["GW-AUT-01"])
    assert world.api.get("/v1/disclosures").status_code == httpx.codes.UNAUTHORIZED


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"limit": "5"},
        {"pseudonym": "x", "agreement": "y", "limit": "0"},
        {"cursor": "x", "limit": "1"},
        {"candidateIdentifier": "x"},
    ],
)
def test_an_address_that_is_not_understood_is_refused_on_the_log(world: World, asked: dict[str, str]) -> None:
    before = len(world.leaves("refusal"))
    assert world.api.get("/v1/disclosures", world.token("lakeside-registrar"), **asked).status_code == httpx.codes.BAD_REQUEST
    assert len(world.leaves("refusal")) == before + 1


def test_a_body_that_is_not_understood_is_refused_without_its_values(world: World) -> None:
    answer = look_up(world, person={"candidateIdentifier": "SECRET-1"}, more="SECRET-2")
    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert "SECRET" not in answer.text


def test_whoever_is_named_in_a_roster_was_asked_about_and_one_that_is_refused_names_nobody(world: World) -> None:
    asked, other = own_id(world, 5), own_id(world, 6)
    token = world.token("riverton-sis")
    refused = f"own_id,candidateIdentifier\nB-1,{other}\nB-1,{other}\n".encode()
    assert not world.api.put("/v1/candidates/roster?purpose=evaluation", refused, token, "text/csv").is_success
    content = f"own_id,candidateIdentifier\nB-1,{asked}\n".encode()
    answer = world.api.put("/v1/candidates/roster?purpose=evaluation", content, token, "text/csv")
    assert answer.is_success, answer.text
    requests = [one for one in look_up(world, person={"candidateIdentifier": asked}).json()["data"] if one["kind"] == "request"]
    [one] = requests
    assert one["recipient"]["id"] == "riverton"
    assert one["legitimate_interest"]
    assert (one["bases"], one["exempt"]) == ([], None)
    assert [shown["element"] for shown in one["elements"]] == ["candidateIdentifier"]
    others = look_up(world, person={"candidateIdentifier": other}).json()["data"]
    assert "request" not in {one["kind"] for one in others}


@pytest.fixture
def command(world: World, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    settings = world.settings
    monkeypatch.setenv("GATEWAY_HOME", str(settings.home))
    monkeypatch.setenv("GATEWAY_DATABASE_URL", settings.database)
    monkeypatch.setenv("GATEWAY_STATE_MODULES", "personnel-default")
    return CliRunner()


def test_the_command_writes_the_record_for_the_person_in_every_format(world: World, command: CliRunner, tmp_path: Path) -> None:
    someone = own_id(world, 2)
    subject = ["disclosures", f"candidateIdentifier={someone}", "--as", "lakeside/lee"]
    written: dict[str, bytes] = {}
    for form in ("json", "csv", "html", "pdf"):
        file = tmp_path / f"record.{form}"
        done = command.invoke(app, [*subject, "--format", form, "--output", str(file)])
        assert done.exit_code == 0, done.output
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        written[form] = file.read_bytes()
    entries = [one["entry"] for one in json.loads(written["json"])["data"]]
    assert len(entries) >= 3
    assert [row["entry"] for row in csv.DictReader(io.StringIO(written["csv"].decode()))] == entries
    html = written["html"].decode()
    pages = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(written["pdf"])).pages)
    for told in (html, pages):
        assert "Lakeside University" in told
        assert "Riverton Unified School District" in told
        assert "hr@riverton.example" in told
        assert "34 CFR 99.31(a)(1)(i)(B)" in told
        assert "client riverton-sis" in told
        assert "as a pseudonym that only this agreement uses" in " ".join(told.split())
        assert all(entry in "".join(told.split()) for entry in entries)
    assert '<html lang="en">' in html
    assert "24 November 2026, 07:00 (America/Chicago)" in html


def test_the_command_prints_a_line_an_entry_and_names_the_audit_entry_of_the_look(world: World, command: CliRunner) -> None:
    done = command.invoke(app, ["disclosures", f"candidateIdentifier={own_id(world)}", "--as", "lakeside/lee", "--rebuild"])
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0].endswith("]")
    assert "(client riverton-sis) received candidates for placement" in lines[0]
    assert "exempt, 34 CFR 99.32(d)(2)" in lines[0]
    assert world.leaves("register_read")[-1]["id"] in done.output


@pytest.mark.parametrize(
    "wrong",
    [
        ["candidateIdentifier"],
        ["candidateIdentifier=a", "candidateIdentifier=b"],
        ["candidateIdentifier=a", "--format", "pdf"],
        ["candidateIdentifier=a", "--output", "x"],
        ["candidateIdentifier=a", "--resource", "schools"],
    ],
)
def test_a_command_that_is_not_understood_says_what_to_write(world: World, command: CliRunner, wrong: list[str]) -> None:
    done = command.invoke(app, ["disclosures", *wrong, "--as", "lakeside/lee"])
    assert isinstance(done.exception, RequestError)
    assert world.settings.home.exists()


def test_a_record_without_entries_says_so_plainly(world: World, command: CliRunner) -> None:
    done = command.invoke(
        app, ["disclosures", f"staffUniqueId={staff_id(world)}", "--resource", "staffs", "--as", "riverton/lee", "--format", "html"]
    )
    assert done.exit_code == 0, done.output
    assert "Nothing about this person was disclosed, and nobody asked for it by name." in done.output


def staff_id(world: World) -> str:
    desk, lee = world.gateway.resolution_desk(), Steward(InstitutionId("riverton"), "lee", "")
    with world.gateway.database.read() as connection:
        return next(one.named for one in everybody(connection, lee, desk) if one.resource == "staffs")


def test_a_server_keeps_the_index_up_by_itself(world: World) -> None:
    world.api.get("/v1/candidates", world.token("riverton-sis"), purpose="placement", limit="1000")
    with world.gateway.database.read() as connection:
        size = read_head(connection, world.gateway.log_id).size
    with index_kept_up(world.gateway.register_desk(), every=0.01):
        for _ in range(10_000):
            with world.gateway.database.read() as connection:
                if read_progress(connection, world.gateway.log_id).next_seq >= size:
                    break
    with world.gateway.database.read() as connection:
        assert read_progress(connection, world.gateway.log_id).next_seq >= size


def test_words_of_an_agreement_that_was_changed_afterwards_are_not_told(world: World) -> None:
    meant, lee = Meant({"candidateIdentifier": own_id(world)}), Steward(InstitutionId("lakeside"), "lee", "test")
    this = agreement.c.agreement_id == "lakeside-riverton"
    with world.gateway.database.write() as connection:
        stored = connection.execute(select(agreement.c.document).where(this)).scalar_one()
        connection.execute(update(agreement).where(this).values(document={**stored, "title": "Another"}))
    with pytest.raises(IntegrityError, match="lakeside-riverton version 1"):
        look(meant, steward_looks(lee), world.gateway.register_desk())
    assert world.leaves("register_read")[-1]["outcome"] == IntegrityError.code
    with world.gateway.database.write() as connection:
        connection.execute(update(agreement).where(this).values(document=stored))
    assert look(meant, steward_looks(lee), world.gateway.register_desk()).told
