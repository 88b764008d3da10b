"""A finder file that the gateway fills from the records of who asks: an exact match by number, a steward's judgement for the rest,
and never more than both schedules let through."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from gateway.agreements.signatories import NewSignatory, add_signatory
from gateway.api.rosters import roster_desk
from gateway.cli.main import app
from gateway.cli.source.files import read_source
from gateway.consent.change import give_consent, withdraw_consent
from gateway.domain.access import AccessRequest, Principal
from gateway.domain.identifiers import ClientId, InstitutionId, ResourceName
from gateway.domain.rights import NamedPerson
from gateway.errors import RequestError
from gateway.finder import AlikePair, Desks, Question, alike_pairs, judge_alike
from gateway.steward import Steward
from gateway.sync import SyncWishes, Told, sync_source
from tests.signing import OPERATOR
from tests.world import World, open_world

AGREEMENT = Path(__file__).with_name("finder_by_number.yaml")
PURPOSE = "completer_outcomes"
LEE = Steward(InstitutionId("riverton"), "lee", "test")
STATE = "uri://ed-fi.org/SourceSystemDescriptor#State"
CANDIDATES = """version: 1
id: sis
provider: lakeside
maintainer: {kind: epp}
kind: delimited
location: .
resources:
  candidates:
    file: candidates.csv
    columns: {Id: candidateIdentifier, First: firstName, Last: lastSurname, Born: birthDate, State: personReference.personId,
              Sys: personReference.sourceSystemDescriptor, Was: previousCareerDescriptor}
"""
STAFF = """version: 1
id: hr
provider: riverton
maintainer: {kind: district}
kind: delimited
location: .
resources:
  staffs:
    file: staff.csv
    columns: {Id: staffUniqueId, First: firstName, Last: lastSurname, Born: birthDate, State: personReference.personId}
    constants: {personReference.sourceSystemDescriptor: "uri://ed-fi.org/SourceSystemDescriptor#State"}
  staffEducationOrganizationEmploymentAssociations:
    file: jobs.csv
    columns: {Id: staffReference.staffUniqueId, Hired: hireDate}
    constants:
      educationOrganizationReference.educationOrganizationId: "100"
      employmentStatusDescriptor: "uri://ed-fi.org/EmploymentStatusDescriptor#Probationary"
"""
FORM = {"form": "release-2026", "recipient": "riverton", "purpose": PURPOSE}
BY_CONSENT = f"""    legal_basis:
      basis: consent
      citation: 34 CFR 99.30
      form:
        id: {FORM["form"]}
        text_sha256: {"a" * 64}
        records:
          candidates: [personReference.personId, personReference.sourceSystemDescriptor, firstName, lastSurname, birthDate,
                       previousCareerDescriptor]
"""
ANA, BO, CY = (
    f"C1,Ana,de la Cruz,2001-02-03,9001,{STATE},",
    "C2,Bo,Ng,2000-01-01,,,",
    f"C3,Cy,Old,1999-09-09,9003,{STATE},uri://x/PreviousCareerDescriptor#Law",
)
DEE = f"C4,Dee,Who,1998-08-08,7777,{STATE},"
STAFF_ROWS = (
    "S1,Ana,Cruz,2001-02-03,9001",
    "S2,BO,Ng,2000-01-01,9002",
    "S3,Cy,Old,1999-09-09,9003",
    "S4,Eve,New,1997-07-07,9004",
)


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    with open_world(tmp_path / "home", database_url) as opened:
        opened.agree(AGREEMENT)
        opened.client("lakeside-sis", "lakeside", (PURPOSE,), ("records:read", "rosters:write"))
        opened.client("reader", "lakeside", (PURPOSE,))
        add_signatory(NewSignatory("riverton", "lee", "steward", "lee", "Personnel", None), OPERATOR, opened.gateway.registry())
        (tmp_path / "sis.source.yaml").write_text(CANDIDATES, encoding="utf-8")
        (tmp_path / "hr.source.yaml").write_text(STAFF, encoding="utf-8")
        load(opened, "sis", "candidates.csv", "Id,First,Last,Born,State,Sys,Was", ANA, BO, CY, DEE)
        jobs = [f"{row.split(',')[0]},2026-08-0{at + 1}" for at, row in enumerate(STAFF_ROWS)]
        (tmp_path / "jobs.csv").write_text("\n".join(("Id,Hired", *jobs)) + "\n", encoding="utf-8")
        load(opened, "hr", "staff.csv", "Id,First,Last,Born,State", *STAFF_ROWS)
        yield opened


def load(world: World, source: str, file: str, *lines: str) -> None:
    folder = world.folder.parent
    (folder / file).write_text("\n".join(lines) + "\n", encoding="utf-8")
    sync_source(
        world.gateway,
        read_source(folder / f"{source}.source.yaml", world.gateway.catalog, {}),
        SyncWishes(allow_shrink=True),
        Told(),
    )


def fill(world: World, client: str = "lakeside-sis", resource: str = "staffs") -> httpx.Response:
    return world.api.post_json(f"/v1/{resource}/roster", b"", world.token(client))


def seen(world: World, resource: str = "staffs") -> list[dict[str, Any]]:
    answer = world.api.get(f"/v1/{resource}", world.token("lakeside-sis"))
    assert answer.status_code == httpx.codes.OK, answer.text
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


def own_ids(world: World) -> list[str]:
    return sorted(record["personReference"]["personId"] for record in seen(world))


def question(world: World) -> Question:
    who = Principal(
        ClientId("operator"), InstitutionId("lakeside"), frozenset({PURPOSE}), PURPOSE, frozenset(), "operator", "operator"
    )
    return Question(who, AccessRequest(ResourceName("staffs"), PURPOSE, request_id="test"))


def desks(world: World) -> Desks:
    gate = world.gateway.gate(world.gateway.pdp())
    return Desks(gate, roster_desk(gate), world.gateway.resolution_desk())


def waiting(world: World, steward: Steward = LEE) -> list[AlikePair]:
    return alike_pairs(question(world), steward, desks(world))


def test_whom_both_know_by_one_number_is_found_and_hires_can_be_counted_by_program(world: World) -> None:
    told = fill(world).json()
    assert (told["lines"], told["without_number"], told["doubled"]) == (3, 1, 0)
    assert (told["agreement"], told["schedule"], told["sent_under"]) == ("finder", "matches-to-program", "roster-to-district")
    assert own_ids(world) == ["C1"], "C3 is outside the rows that may be named, C4's number is nobody's"
    [job] = seen(world, "staffEducationOrganizationEmploymentAssociations")
    assert job["hireDate"] == "2026" or job["hireDate"] == 2026
    assert job["staffReference"]["staffUniqueId"] == seen(world)[0]["staffUniqueId"]


def test_the_register_of_who_asks_says_whom_it_named_before_the_provider_has_the_lines(world: World) -> None:
    fill(world)
    named, sent = world.leaves("disclosure")[-1], world.leaves("roster")[-1]
    assert (named["operation"], named["provider"], named["recipient"], named["rows"]) == ("roster", "lakeside", "riverton", "3")
    assert named["released"] == ["personReference.personId", "personReference.sourceSystemDescriptor"]
    assert sent["rows"] == "3"
    assert all(text not in str(leaf) for leaf in (named, sent) for text in ("9001", "C1", "Cruz"))


def test_a_number_that_is_given_later_is_found_at_the_next_fill(world: World) -> None:
    fill(world)
    load(world, "sis", "candidates.csv", "Id,First,Last,Born,State,Sys,Was", ANA, BO.replace(",,,", f",9002,{STATE},"), CY)
    assert own_ids(world) == ["C1"]
    fill(world)
    assert own_ids(world) == ["C1", "C2"]


def test_nobody_hears_by_the_count_whom_the_provider_has(world: World) -> None:
    before = fill(world).json()
    load(world, "hr", "staff.csv", "Id,First,Last,Born,State", *STAFF_ROWS[1:])
    after = fill(world).json()
    assert {**before, "entry": ""} == {**after, "entry": ""}
    assert own_ids(world) == []


def test_two_records_of_one_number_are_told_and_one_stands_for_both(world: World) -> None:
    load(world, "sis", "candidates.csv", "Id,First,Last,Born,State,Sys,Was", ANA, ANA.replace("C1", "C9"))
    told = fill(world).json()
    assert (told["lines"], told["doubled"]) == (1, 1)
    assert own_ids(world) == ["C1"]


def test_who_has_no_number_waits_for_the_steward_and_is_found_once_judged_the_same(world: World) -> None:
    [pair] = waiting(world)
    assert (pair.asked.own_id, pair.somebody.named, pair.linked) == ("C2", "S2", False)
    judge_alike(pair.id, "same", question(world), LEE, desks(world))
    assert own_ids(world) == []
    told = fill(world).json()
    assert (told["lines"], told["without_number"]) == (3, 1), "as before anybody was judged"
    assert own_ids(world) == ["C1", "C2"]
    assert [one.linked for one in waiting(world)] == [True]
    judge_alike(pair.id, "different", question(world), LEE, desks(world))
    fill(world)
    assert own_ids(world) == ["C1"]
    assert waiting(world) == []


def test_what_is_said_of_one_pair_says_nothing_of_another_of_the_same_record(world: World) -> None:
    load(world, "hr", "staff.csv", "Id,First,Last,Born,State", *STAFF_ROWS, "S9,Bo,Ng,2000-01-01,9009")
    pairs = {pair.somebody.named: pair for pair in waiting(world)}
    judge_alike(pairs["S2"].id, "same", question(world), LEE, desks(world))
    judge_alike(pairs["S9"].id, "different", question(world), LEE, desks(world))
    fill(world)
    assert own_ids(world) == ["C1", "C2"]
    assert [(pair.somebody.named, pair.linked) for pair in waiting(world)] == [("S2", True)]


def test_a_judgement_can_be_taken_back_after_the_names_moved_apart(world: World) -> None:
    [pair] = waiting(world)
    judge_alike(pair.id, "same", question(world), LEE, desks(world))
    renamed = [row.replace("BO,Ng", "Bo,Bell") for row in STAFF_ROWS]
    load(world, "hr", "staff.csv", "Id,First,Last,Born,State", *renamed)
    fill(world)
    assert own_ids(world) == ["C1", "C2"], "who marries is the same person"
    [still] = waiting(world)
    assert (still.id, still.linked, still.somebody.name) == (pair.id, True, "Bo Bell")
    judge_alike(pair.id, "different", question(world), LEE, desks(world))
    fill(world)
    assert own_ids(world) == ["C1"]


def test_whom_the_steward_found_is_not_named_any_more_where_the_schedule_does_not_share_names(world: World) -> None:
    [pair] = waiting(world)
    judge_alike(pair.id, "same", question(world), LEE, desks(world))
    agree_without(world, "          birthDate: share\n")
    assert fill(world).json()["lines"] == 3
    assert own_ids(world) == ["C1"]


def test_a_steward_s_look_is_in_the_register_of_those_who_were_looked_at(world: World) -> None:
    waiting(world)
    looked = world.leaves("disclosure")[-1]
    assert (looked["operation"], looked["provider"], looked["recipient"]) == ("look", "lakeside", "riverton")
    assert {"firstName", "lastSurname", "birthDate"} <= set(looked["released"])
    assert world.leaves("person_review")[-1]["operation"] == "look_across"


def test_only_the_provider_s_steward_looks(world: World) -> None:
    add_signatory(NewSignatory("lakeside", "sam", "steward", "sam", "Registrar", None), OPERATOR, world.gateway.registry())
    for stranger, said in (
        (Steward(InstitutionId("lakeside"), "sam", "test"), "the records are riverton's"),
        (Steward(InstitutionId("riverton"), "sam", "test"), "has no steward"),
    ):
        with pytest.raises(RequestError, match=said):
            waiting(world, stranger)


def test_a_steward_finds_nobody_where_names_are_not_shared(world: World) -> None:
    agree_without(world, "          birthDate: share\n")
    with pytest.raises(RequestError, match="does not share birthDate"):
        waiting(world)
    assert fill(world).json()["lines"] == 3


def test_half_a_number_fills_nothing_and_leaves_the_roster_as_it_was(world: World) -> None:
    fill(world)
    agree_without(world, "          personReference.sourceSystemDescriptor: share\n")
    answer = fill(world)
    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert "not personReference.sourceSystemDescriptor" in answer.json()["detail"]
    assert world.leaves()[-1]["kind"] == "refusal"
    assert own_ids(world) == ["C1"]


def test_a_roster_that_is_sent_where_one_is_filled_is_refused_and_nothing_is_filled(world: World) -> None:
    answer = world.api.post_json("/v1/staffs/roster", b"own_id,personId\nC1,9001\n", world.token("lakeside-sis"))
    assert (answer.status_code, answer.json()["detail"]) == (httpx.codes.BAD_REQUEST, "This request takes no body.")
    assert world.leaves()[-1]["kind"] == "refusal"
    assert seen(world) == []


def test_who_did_not_consent_is_neither_named_nor_looked_at_where_people_are_named_by_consent(world: World) -> None:
    text = AGREEMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition("    legal_basis:\n")
    file = world.folder.parent / "by_consent.yaml"
    file.write_text(before + BY_CONSENT + "    purposes:" + rest.partition("    purposes:")[2], encoding="utf-8")
    world.agree(file)
    ana, rights = NamedPerson(ResourceName("candidates"), {"candidateIdentifier": "C1"}), world.gateway.rights_desk()
    give_consent(ana, InstitutionId("lakeside"), {**FORM, "signed_on": "2026-10-01", "method": "paper"}, rights)
    told = fill(world).json()
    assert (told["lines"], told["without_number"]) == (1, 0), "not even counted"
    assert (own_ids(world), waiting(world)) == (["C1"], [])
    withdraw_consent(ana, InstitutionId("lakeside"), FORM["form"], None, None, rights)
    assert fill(world).json()["lines"] == 0
    assert own_ids(world) == []


def test_looks_and_fills_count_against_the_limits_of_the_schedule_that_names_people(world: World) -> None:
    text = AGREEMENT.read_text(encoding="utf-8")
    file = world.folder.parent / "limited.yaml"
    file.write_text(text.replace("      candidates:\n", "      candidates:\n        limits: {rows_per_day: 6}\n"), encoding="utf-8")
    world.agree(file)
    waiting(world)
    assert fill(world).status_code == httpx.codes.OK
    refused = fill(world)
    assert refused.status_code == httpx.codes.FORBIDDEN
    assert "GW-LIM-01" in refused.text
    assert own_ids(world) == ["C1"], "the roster stands as it was"


def test_a_client_without_the_scope_fills_nothing(world: World) -> None:
    assert fill(world, "reader").status_code == httpx.codes.FORBIDDEN
    assert fill(world, resource="openStaffPositions").status_code == httpx.codes.FORBIDDEN


def test_the_commands_do_the_same(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_HOME", str(world.folder))
    monkeypatch.setenv("GATEWAY_DATABASE_URL", world.settings.database_url)
    monkeypatch.setenv("GATEWAY_STATE_MODULES", "personnel-default")
    asked = ["--resource", "staffs", "--institution", "lakeside", "--purpose", PURPOSE]

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, ["roster", *words, *asked])
        assert done.exit_code == 0, done.output
        return done.output

    assert "3 lines stand under finder" in run("fill")
    [pair] = waiting(world)
    assert pair.id in run("queue", "--as", "riverton/lee")
    assert "fill the roster again" in run("same", pair.id, "--as", "riverton/lee")
    assert "1 have no number" in run("fill")
    assert own_ids(world) == ["C1", "C2"]
    assert "two people" in run("different", pair.id, "--as", "riverton/lee")


def agree_without(world: World, line: str) -> None:
    text = AGREEMENT.read_text(encoding="utf-8")
    assert line in text
    file = world.folder.parent / "less.yaml"
    file.write_text(text.replace(line, ""), encoding="utf-8")
    world.agree(file)
