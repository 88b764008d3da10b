"""Records that are likely about one person wait for a steward; what the steward says holds, and nothing is merged by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from gateway.agreements.signatories import NewSignatory, add_signatory
from gateway.cli.main import app
from gateway.cli.source.files import read_source
from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.errors import RequestError, SyncRunning
from gateway.ingest import ResourceReport
from gateway.resolution import LikelyPair, judge_pair, likely_pairs
from gateway.steward import Steward
from gateway.store.consents import current_opt_outs
from gateway.store.exclusive import exclusive
from gateway.sync import SyncWishes, Told, sync_source
from tests.signing import OPERATOR
from tests.world import EXAMPLE, World, open_world

LAKESIDE = InstitutionId("lakeside")
CANDIDATES = ResourceName("candidates")
LEE = Steward(LAKESIDE, "lee", "test")
SOURCE = """version: 1
id: sis
provider: lakeside
maintainer: {kind: epp}
kind: delimited
location: .
resources:
  candidates:
    file: c.csv
    columns: {Id: candidateIdentifier, First: firstName, Last: lastSurname, Born: birthDate, State: personReference.personId}
    constants: {personReference.sourceSystemDescriptor: "uri://ed-fi.org/SourceSystemDescriptor#State"}
    collections:
      electronicMails:
        columns: {Mail: electronicMailAddress}
        constants: {electronicMailTypeDescriptor: "uri://ed-fi.org/ElectronicMailTypeDescriptor#Organization"}
opt_outs:
  candidates: {file: o.csv, columns: {Id: candidateIdentifier}}
"""
HEAD = "Id,First,Last,Born,State,Mail"
ANA, AGAIN = "1,Ana,de la Cruz,2001-02-03,,ana@x.example", "2,ANÁ,De-la-Cruz,2001-02-03,,other@x.example"
BO, BOBBY = "3,Bo,Ng,2000-01-01,,bo@x.example", "4,Bobby,Wu,1999-01-01,,BO@x.example"
NAMESAKE = "5,Ana,de la Cruz,1988-08-08,,third@x.example"


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    with open_world(tmp_path / "home", database_url) as opened:
        text = EXAMPLE.read_text(encoding="utf-8").replace("birthDate: withhold", "birthDate: {generalise: year}", 1)
        (tmp_path / "born.yaml").write_text(text, encoding="utf-8")
        opened.agree(tmp_path / "born.yaml")
        opened.client("riverton-sis", "riverton")
        add_signatory(NewSignatory("lakeside", "lee", "steward", "lee", "Registrar", None), OPERATOR, opened.gateway.registry())
        (tmp_path / "sis.source.yaml").write_text(SOURCE, encoding="utf-8")
        (tmp_path / "o.csv").write_text("Id\n", encoding="utf-8")
        yield opened


def sync(world: World, *rows: str) -> ResourceReport:
    folder = world.folder.parent
    (folder / "c.csv").write_text("\n".join((HEAD, *rows)) + "\n", encoding="utf-8")
    source = read_source(folder / "sis.source.yaml", world.gateway.catalog, {})
    [report] = sync_source(world.gateway, source, SyncWishes(allow_shrink=True), Told()).resources
    return report


def waiting(world: World) -> list[LikelyPair]:
    return likely_pairs(LEE, world.gateway.resolution_desk())


def judge(world: World, pair: LikelyPair, judgement: str, steward: Steward = LEE) -> None:
    judge_pair(pair.id, judgement, steward, world.gateway.resolution_desk())  # type: ignore[arg-type]


def people(world: World) -> list[int]:
    rows = world.gateway.tables[CANDIDATES].rows
    with world.gateway.database.read() as connection:
        return list(connection.execute(select(rows.c.person_id).where(rows.c.to_version.is_(None))).scalars())


def test_what_is_alike_waits_with_the_reason(world: World) -> None:
    sync(world, ANA, AGAIN, BO, BOBBY, NAMESAKE)
    found = {frozenset((pair.left.named, pair.right.named)): pair.why for pair in waiting(world)}
    assert found == {frozenset("12"): ("same name and birth date",), frozenset("34"): ("same e-mail address",)}
    assert len(set(people(world))) == 5, "nothing is merged by itself"


def test_whom_the_source_names_does_not_wait(world: World) -> None:
    sync(world, ANA.replace(",,", ",9001,"), AGAIN.replace(",,", ",9001,"))
    assert waiting(world) == []
    assert len(set(people(world))) == 1


def test_the_same_person_is_one_from_the_next_sync_on_and_stays_one(world: World) -> None:
    sync(world, ANA, AGAIN, BO)
    first, second, third = people(world)
    [pair] = waiting(world)
    judge(world, pair, "same")
    assert waiting(world) == []
    assert sync(world, ANA, AGAIN, BO).counts.updated == 1
    assert sorted(people(world)) == sorted((first, first, third))
    assert second not in people(world)
    assert sync(world, ANA, AGAIN, BO).outcome == "unchanged"


def test_two_people_wait_no_longer(world: World) -> None:
    sync(world, ANA, AGAIN)
    [pair] = waiting(world)
    judge(world, pair, "different")
    assert waiting(world) == []
    assert sync(world, ANA, AGAIN).outcome == "unchanged"
    assert len(set(people(world))) == 2
    with pytest.raises(RequestError, match="No pair waits"):
        judge(world, pair, "same")


def test_an_opt_out_of_one_is_one_of_both_at_once(world: World) -> None:
    (world.folder.parent / "o.csv").write_text("Id\n2\n", encoding="utf-8")
    sync(world, ANA, AGAIN)
    [pair] = waiting(world)
    judge(world, pair, "same")
    with world.gateway.database.read() as connection:
        assert [found.person for found in current_opt_outs(connection, LAKESIDE)] == [min(people(world))]


def test_only_a_steward_of_the_provider_looks_and_judges(world: World) -> None:
    sync(world, ANA, AGAIN)
    [pair] = waiting(world)
    stranger = Steward(InstitutionId("riverton"), "lee", "test")
    with pytest.raises(RequestError, match="has no steward"):
        likely_pairs(stranger, world.gateway.resolution_desk())
    with pytest.raises(RequestError, match="has no steward"):
        judge(world, pair, "same", stranger)


def test_nobody_is_judged_while_the_provider_is_synced(world: World) -> None:
    sync(world, ANA, AGAIN)
    [pair] = waiting(world)
    with exclusive(world.gateway.database, "sync/lakeside"), pytest.raises(SyncRunning):
        judge(world, pair, "same")
    assert len(waiting(world)) == 1


def test_each_look_and_judgement_has_its_entry_without_a_value(world: World) -> None:
    sync(world, ANA, AGAIN)
    [pair] = waiting(world)
    judge(world, pair, "same")
    leaves = world.leaves("person_review")
    assert [leaf["operation"] for leaf in leaves] == ["look", "same"]
    assert leaves[1]["rules"] == ["same name and birth date"]
    assert not any(value in str(leaves) for value in ("Ana", "Cruz", "2001"))


def test_a_table_of_test_accounts_makes_no_pairs(world: World) -> None:
    sync(world, *(f"{number},Test,Account,2000-01-01,,t{number}@x.example" for number in range(11)))
    assert waiting(world) == []


def test_the_commands_say_what_they_did(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sync(world, ANA, AGAIN, BO, BOBBY)
    monkeypatch.setenv("GATEWAY_HOME", str(world.folder))
    monkeypatch.setenv("GATEWAY_DATABASE_URL", world.settings.database)
    run = CliRunner()
    listed = run.invoke(app, ["person", "queue", "--as", "lakeside/lee"])
    assert listed.exit_code == 0, listed.output
    assert "2 pairs wait; 2 are listed." in listed.output
    one, other = sorted(pair.id for pair in waiting(world))
    assert "is one person from now on" in run.invoke(app, ["person", "same", one, "--as", "lakeside/lee"]).output
    assert "is two people" in run.invoke(app, ["person", "different", other, "--as", "lakeside/lee"]).output
    assert "0 pairs wait" in run.invoke(app, ["person", "queue", "--as", "lakeside/lee"]).output
