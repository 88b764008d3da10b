"""Who was told what about one person: found by the index, as the log says, on both databases; the look has its own entry first."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update

import gateway.register.index
import gateway.register.look
from gateway.accountability.named_people import people_of
from gateway.agreements.move import move
from gateway.custody import destroy_agreement_keys
from gateway.domain.identifiers import AgreementId, InstitutionId, PersonId
from gateway.errors import AgreementError, GatewayError, IntegrityError, RequestError, Unavailable
from gateway.register.desk import RegisterDesk, RegisterKeys
from gateway.register.find_subject import Meant
from gateway.register.index import catch_up, entries_about, rebuild
from gateway.register.look import Looked, look, steward_looks
from gateway.register.mentions import unpacked
from gateway.resolution.likely import everybody
from gateway.steward import Steward
from gateway.store.audit_log import read_head
from gateway.store.consents import note_former_numbers
from gateway.store.engine import Connection
from gateway.store.epoch import advance_epoch
from gateway.store.schema import audit_detail, key_registry, signatory, subject_bucket, subject_segment
from gateway.store.subjects import forget_index, named_entries, read_progress, write_step
from tests.conftest import new_database
from tests.databases import BACKENDS
from tests.signing import OPERATOR
from tests.world import EXAMPLE, World, placement_world

LAKESIDE, AGREEMENT = InstitutionId("lakeside"), AgreementId("lakeside-riverton")
LEE = Steward(LAKESIDE, "lee", "test")
FINDER = Path(__file__).with_name("finder.yaml")


@pytest.fixture(scope="module", params=BACKENDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Shared: a test asks how much more there is than before."""
    with opened(request, tmp_path_factory) as placed:
        yield placed


@pytest.fixture(params=BACKENDS)
def own_world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """For what cannot be taken back."""
    with opened(request, tmp_path_factory) as placed:
        yield placed


@contextmanager
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("register")
    with new_database(request.param, request, folder) as url, placement_world(folder / "home", url) as placed:
        given = {"institution_id", "signatory_id", "name", "role", "created_at"}
        rest = {column.name: "" for column in signatory.c if not column.nullable and column.name not in given}
        with placed.gateway.database.write() as connection:
            connection.execute(
                signatory.insert().values(
                    institution_id=LAKESIDE, signatory_id="lee", name="Lee", role="steward", created_at="2026-11-01", **rest
                )
            )
        yield placed


def desk(world: World) -> RegisterDesk:
    return world.gateway.register_desk()


def people(world: World) -> list[dict[str, str]]:
    """Lakeside's candidates as its own extract has them."""
    extract = (world.folder / "extracts" / "lakeside" / "candidates.csv").read_text(encoding="utf-8-sig")
    return [{name: cell.strip() for name, cell in row.items()} for row in csv.DictReader(io.StringIO(extract))]


def read_page(world: World, resource: str = "candidates", **parameters: str) -> list[dict[str, Any]]:
    answer = world.api.get(f"/v1/{resource}", world.token("riverton-sis"), **{"limit": "1000", **parameters})
    assert answer.status_code == 200, answer.text
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


def ask(world: World, **said: str) -> Looked:
    return look(Meant(said), steward_looks(LEE), desk(world))


def by_brute_force(world: World, provider: InstitutionId = LAKESIDE) -> dict[int, list[tuple[int, int]]]:
    """Person -> log and index of every entry that names it, from every sealed detail."""
    keys, found = RegisterKeys(world.gateway.ring), dict[int, list[tuple[int, int]]]()
    whose = {"disclosure": "provider", "roster": "recipient"}
    with world.gateway.database.read() as connection:
        for named in named_entries(connection, world.gateway.log_id, 0, 1_000_000):
            leaf = json.loads(named.leaf)
            if leaf["kind"] in whose and leaf[whose[leaf["kind"]]] == provider:
                detail = keys.detail(named.entry, named.key_id, named.sealed)
                assert detail is not None
                for person in set().union(*people_of(detail).values()):
                    found.setdefault(person, []).append((world.gateway.log_id, named.index))
    return found


def by_index(world: World, person: int, provider: InstitutionId = LAKESIDE) -> list[tuple[int, int]]:
    with world.gateway.database.read() as connection:
        return entries_about(connection, provider, PersonId(person), RegisterKeys(world.gateway.ring))


def assert_index_is_the_log(world: World) -> None:
    expected = by_brute_force(world)
    assert expected
    for person, entries in expected.items():
        assert by_index(world, person) == entries
    assert by_index(world, 1_000_000) == []


def test_a_person_is_told_every_disclosure_and_what_it_was(world: World) -> None:
    first, second = people(world)[:2]
    before = {person["Id"]: ask(world, candidateIdentifier=person["Id"]).total for person in (first, second)}
    names = (first["First"], first["Last"])
    [pseudonym] = [
        record["candidateIdentifier"] for record in read_page(world) if (record["firstName"], record["lastSurname"]) == names
    ]
    assert len(read_page(world, candidateIdentifier=pseudonym)) == 1
    looked = ask(world, candidateIdentifier=first["Id"])
    assert looked.total == before[first["Id"]] + 2
    assert ask(world, candidateIdentifier=second["Id"]).total == before[second["Id"]] + 1
    assert [told.index for told in looked.told] == sorted((told.index for told in looked.told), reverse=True)
    told = looked.told[0]
    assert (told.recipient_name, told.recipient_contact) == ("Riverton Unified School District", "hr@riverton.example")
    assert (told.provider_name, told.client) == ("Lakeside University", "riverton-sis")
    assert (told.purpose, told.legitimate_interest) == ("placement", "To place candidates with a school and a mentor")
    assert (told.agreement, told.agreement_version, told.schedule) == (AGREEMENT, 1, "candidates-to-district")
    assert told.timezone == "America/Chicago"
    assert f"{told.at:%z}" == "-0600"
    assert [basis.citation for basis in told.bases] == ["34 CFR 99.31(a)(1)(i)(B)"]
    assert told.exempt is not None
    assert told.exempt.citation == "34 CFR 99.32(d)(2)"
    shown = {element.element: element.how for element in told.elements}
    assert shown["candidateIdentifier"] == "as a pseudonym that only this agreement uses"
    assert shown["firstName"] == "as it is"
    assert "birthDate" not in shown
    assert not told.may_pass_on


def test_the_answer_is_never_older_than_the_question(world: World) -> None:
    someone = people(world)[0]["Id"]
    before = ask(world, candidateIdentifier=someone).total
    read_page(world)
    assert ask(world, candidateIdentifier=someone).total == before + 1


def test_the_look_is_on_the_log_with_the_person_sealed_and_not_in_the_leaf(world: World) -> None:
    read_page(world)
    someone = people(world)[0]["Id"]
    looked = ask(world, candidateIdentifier=someone)
    leaf = world.leaves("register_read")[-1]
    assert (leaf["id"], leaf["by"], leaf["outcome"]) == (looked.entry.entry, "own id", "told")
    assert leaf["entries"] == str(looked.total)
    assert leaf["steward"] == "lakeside/lee"
    assert someone not in json.dumps(leaf)
    assert leaf["institutions"] == ["lakeside"]
    assert leaf["detail"]


def test_a_look_at_nobody_is_on_the_log_and_tells_nothing(world: World) -> None:
    with pytest.raises(RequestError) as why:
        ask(world, candidateIdentifier="nobody-has-this")
    assert "nobody-has-this" not in why.value.detail
    assert world.leaves("register_read")[-1]["outcome"] == "nobody is meant"


def test_who_is_no_steward_of_the_provider_sees_nothing(world: World) -> None:
    someone, before = people(world)[0]["Id"], world.leaves("register_read")
    for stranger in (replace(LEE, name="kim"), replace(LEE, provider=InstitutionId("riverton"))):
        with pytest.raises(RequestError, match="steward"):
            look(Meant({"candidateIdentifier": someone}), steward_looks(stranger), desk(world))
    assert world.leaves("register_read") == before


def test_a_log_that_cannot_be_written_shows_nothing(world: World) -> None:
    read_page(world)
    world.gateway.log.ready = False
    with pytest.raises(GatewayError):
        ask(world, candidateIdentifier=people(world)[0]["Id"])
    world.gateway.log.ready = True


def test_a_person_is_found_by_a_partners_pseudonym(world: World) -> None:
    pseudonym = str(read_page(world)[0]["candidateIdentifier"])
    looked = ask(world, pseudonym=pseudonym, agreement=AGREEMENT)
    assert looked.subject.called.startswith("candidateIdentifier ")
    assert looked.total >= 1
    own_id = looked.subject.called.split(" ")[1]
    assert ask(world, candidateIdentifier=own_id).subject.person == looked.subject.person
    with pytest.raises(RequestError, match="no pseudonym"):
        ask(world, pseudonym="0" * 32, agreement=AGREEMENT)
    with pytest.raises(RequestError, match="was never in force"):
        ask(world, pseudonym=pseudonym, agreement="another")
    assert {"pseudonym", "own id"} <= {leaf["by"] for leaf in world.leaves("register_read")}


def test_a_person_is_found_by_name_and_birth_date_where_the_gateway_keeps_them(own_world: World) -> None:
    own_id = people(own_world)[0]["Id"]
    first, last, _ = name_of(own_world, own_id)
    read_page(own_world)
    with pytest.raises(RequestError, match="Nobody has this name and birth date"):
        ask(own_world, firstName=first, lastSurname=last, birthDate="2001-01-01")
    amended = EXAMPLE.read_text(encoding="utf-8").replace("birthDate: withhold", "birthDate: {generalise: year}", 1)
    file = own_world.folder / "amended.yaml"
    file.write_text(amended, encoding="utf-8")
    own_world.agree(file)
    own_world.sync(own_world.source("lakeside", own_world.folder / "extracts"))
    first, last, born = name_of(own_world, own_id)
    assert born
    looked = ask(own_world, firstName=first.upper(), lastSurname=last, birthDate=born)
    assert looked.subject == replace(ask(own_world, candidateIdentifier=own_id).subject, called=looked.subject.called)
    assert looked.total == 1


def name_of(world: World, own_id: str) -> tuple[str, str, str]:
    with world.gateway.database.read() as connection:
        everyone = everybody(connection, LEE, world.gateway.resolution_desk())
        [one] = [one for one in everyone if one.resource == "candidates" and one.named == own_id]
    first, _, last = one.name.partition(" ")
    return first, last, one.born


def test_a_pseudonym_of_something_else_is_no_person(world: World) -> None:
    [record, *_] = read_page(world, "fieldworkExperiences")
    with pytest.raises(RequestError, match="stands for no person"):
        ask(world, pseudonym=str(record["fieldworkIdentifier"]), agreement=AGREEMENT)


def test_elements_about_somebody_else_in_the_record_are_not_told(world: World) -> None:
    [pair, *_] = read_page(world, "candidateRelationshipToStaffAssociations")
    looked = ask(world, pseudonym=str(pair["candidateReference"]["candidateIdentifier"]), agreement=AGREEMENT)
    told = next(told for told in looked.told if told.resource == "candidateRelationshipToStaffAssociations")
    shown = {element.element for element in told.elements}
    assert "candidateReference.candidateIdentifier" in shown
    assert "staffReference.staffUniqueId" not in shown
    assert [basis.role for basis in told.bases] == ["candidate"]


def test_a_refused_request_is_on_nobodys_register(world: World) -> None:
    read_page(world)
    before = by_brute_force(world)
    refused = world.api.get("/v1/candidates", world.token("lakeside-sis"))
    assert refused.status_code == 403
    catch_up(desk(world))
    assert by_brute_force(world) == before
    for person, entries in before.items():
        assert by_index(world, person) == entries


def test_pages_go_on_where_the_one_before_ended(world: World) -> None:
    for _ in range(5):
        read_page(world)
    meant, who = Meant({"candidateIdentifier": people(world)[0]["Id"]}), steward_looks(LEE)
    whole = [told.index for told in look(meant, who, desk(world)).told]
    assert whole == sorted(whole, reverse=True)
    seen: list[int] = []
    before = None
    for _ in whole:
        page = look(meant, who, desk(world), before=before, limit=2)
        seen += [told.index for told in page.told]
        before = page.following
        read_page(world)
        if before is None:
            break
    assert seen == whole


def test_whoever_had_another_number_is_told_what_was_disclosed_under_it(own_world: World) -> None:
    read_page(own_world)
    catch_up(desk(own_world))
    with own_world.gateway.database.write() as connection:
        old, new = connection.execute(
            select(key_registry.c.person_id)
            .where(key_registry.c.provider_id == LAKESIDE, key_registry.c.key_space == "candidates")
            .limit(2)
        ).scalars()
        before = (by_brute_force(own_world)[old], by_brute_force(own_world)[new])
        advance_epoch(connection)
        note_former_numbers(connection, LAKESIDE, {PersonId(old): PersonId(new)})
    assert by_index(own_world, new) == sorted({*before[0], *before[1]})


def test_the_index_is_the_log_whatever_steps_it_was_made_in(own_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway.register.index, "LARGEST_SEGMENT", 150)
    monkeypatch.setattr(gateway.register.index, "STEP", 40)
    monkeypatch.setattr(gateway.register.index, "AT_ONCE", 3)
    for limit in ("1", "30", "7", "1000", "2", "1", "60", "3"):
        read_page(own_world, limit=limit)
        catch_up(desk(own_world))
        for resource in ("fieldworkExperiences", "candidateRelationshipToStaffAssociations"):
            read_page(own_world, resource, limit=limit)
    catch_up(desk(own_world))
    assert_index_is_the_log(own_world)
    with own_world.gateway.database.read() as connection:
        sizes = (
            connection.execute(
                select(subject_segment.c.mentions)
                .where(subject_segment.c.provider_id == LAKESIDE)
                .order_by(subject_segment.c.first_seq)
            )
            .scalars()
            .all()
        )
    assert max(sizes) > 40
    assert len(sizes) < 12
    rebuild(desk(own_world))
    assert_index_is_the_log(own_world)


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("at", ["before the write", "in the write"])
def test_a_process_that_ends_in_the_middle_of_indexing_loses_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    for _ in range(3):
        read_page(world)
    catch_up(desk(world))
    for _ in range(3):
        read_page(world)
    true_step = write_step

    def killed(connection: Connection, *arguments: Any) -> bool:
        if at == "in the write":
            true_step(connection, *arguments)
        raise Killed

    monkeypatch.setattr(gateway.register.index, "write_step", killed)
    with world.gateway.database.read() as connection:
        before = read_progress(connection, world.gateway.log_id)
    with pytest.raises(Killed):
        catch_up(desk(world))
    with world.gateway.database.read() as connection:
        assert read_progress(connection, world.gateway.log_id) == before
    monkeypatch.setattr(gateway.register.index, "write_step", true_step)
    catch_up(desk(world))
    assert_index_is_the_log(world)


INDEXER = """
import sys
import gateway.register.index as index
from gateway.app import open_gateway
from gateway.settings import read_settings

index.AT_ONCE, index.STEP = 1, 1
step = index._step

def told(*arguments):
    went = step(*arguments)
    print("step", flush=True)
    return went

index._step = told
with open_gateway(read_settings()) as gateway:
    index.catch_up(gateway.register_desk())
"""


def test_processes_that_are_killed_while_they_index_lose_nothing(world: World) -> None:
    for _ in range(20):
        read_page(world)
    rebuilt = rebuild(desk(world))
    with world.gateway.database.write() as connection:
        forget_index(connection, world.gateway.log_id)
    environment = {
        **os.environ,
        "GATEWAY_HOME": str(world.settings.home),
        "GATEWAY_DATABASE_URL": world.settings.database,
        "GATEWAY_STATE_MODULES": "personnel-default",
    }
    chance = random.Random(6)
    for _ in range(4):
        with subprocess.Popen([sys.executable, "-c", INDEXER], env=environment, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            for _ in range(chance.randint(1, 4)):
                assert process.stdout.readline() == b"step\n"
            process.kill()
    with world.gateway.database.read() as connection:
        cut = read_progress(connection, world.gateway.log_id).next_seq
    assert 0 < cut < rebuilt[world.gateway.log_id]
    catch_up(desk(world))
    assert_index_is_the_log(world)


def test_of_two_that_index_at_once_one_gives_way(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    read_page(world)
    true_step, outcomes = write_step, list[bool]()

    def late(connection: Connection, *arguments: Any) -> bool:
        monkeypatch.setattr(gateway.register.index, "write_step", true_step)
        outcomes.append(true_step(connection, *arguments))
        outcomes.append(true_step(connection, *arguments))
        return outcomes[-1]

    monkeypatch.setattr(gateway.register.index, "write_step", late)
    catch_up(desk(world))
    assert outcomes == [True, False]
    assert_index_is_the_log(world)
    with world.gateway.database.read() as connection:
        assert read_progress(connection, world.gateway.log_id).next_seq == read_head(connection, world.gateway.log_id).size


def test_a_bucket_that_was_moved_elsewhere_is_refused(own_world: World) -> None:
    read_page(own_world, limit="1")
    catch_up(desk(own_world))
    [person] = by_brute_force(own_world)
    with own_world.gateway.database.write() as connection:
        for table in (subject_bucket, subject_segment):
            connection.execute(update(table).where(table.c.provider_id == LAKESIDE).values(first_seq=table.c.first_seq + 1))
    with pytest.raises(IntegrityError, match="does not open"):
        by_index(own_world, person)


def test_an_index_that_names_entries_without_the_person_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    read_page(world)
    read_page(world, "educatorPreparationPrograms")
    someone = people(world)[0]["Id"]
    last = ask(world, candidateIdentifier=someone).entry.index
    monkeypatch.setattr(gateway.register.look, "entries_about", lambda *_: [(world.gateway.log_id, last - 1)])
    with pytest.raises(IntegrityError, match="--rebuild"):
        ask(world, candidateIdentifier=someone)


def test_a_stolen_index_tells_nobodys_number(world: World) -> None:
    read_page(world)
    catch_up(desk(world))
    assert set(subject_bucket.c.keys()) == {"log_id", "provider_id", "first_seq", "bucket", "sealed"}
    with world.gateway.database.read() as connection:
        rows = connection.execute(select(subject_bucket.c.sealed, subject_bucket.c.first_seq)).all()
    assert rows
    for sealed, first in rows:
        with pytest.raises(IntegrityError):
            unpacked(bytes(sealed), first)


def test_entries_that_were_moved_to_an_archive_are_counted_and_not_forgotten(own_world: World) -> None:
    someone = people(own_world)[0]["Id"]
    read_page(own_world)
    read_page(own_world)
    before = ask(own_world, candidateIdentifier=someone)
    assert before.out_of_reach == []
    gone, kept = before.told
    with own_world.gateway.database.write() as connection:
        connection.execute(delete(audit_detail).where(audit_detail.c.entry_id == gone.entry))
    after = ask(own_world, candidateIdentifier=someone)
    assert after.out_of_reach == [(gone.log_id, gone.index)]
    assert (after.total, [told.entry for told in after.told]) == (2, [kept.entry])


def test_a_look_while_the_index_is_made_anew_tells_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    read_page(world)
    monkeypatch.setattr(gateway.register.look, "catch_up", lambda _: {world.gateway.log_id: 1_000_000})
    with pytest.raises(Unavailable, match="made anew"):
        ask(world, candidateIdentifier=people(world)[0]["Id"])


def test_the_end_of_an_agreements_keys_ends_no_record_of_disclosures(own_world: World) -> None:
    pseudonym = str(read_page(own_world)[0]["candidateIdentifier"])
    custody = own_world.gateway.custody_desk("test")
    with pytest.raises(AgreementError, match="is not over"):
        destroy_agreement_keys(AGREEMENT, custody)
    move(AGREEMENT, "terminate", OPERATOR, own_world.gateway.registry())
    entries = destroy_agreement_keys(AGREEMENT, custody)
    assert len(entries) == 2
    assert [leaf["purpose"] for leaf in own_world.leaves("key")] == ["subject", "subject"]
    with own_world.gateway.database.read() as connection:
        left = {(key.owner_kind, key.purpose) for key in own_world.gateway.ring.stored(connection)}
    assert ("agreement", "subject") not in left
    assert {("provider", "register"), ("agreement", "pseudonym")} <= left
    looked = ask(own_world, pseudonym=pseudonym, agreement=AGREEMENT)
    assert [told.resource for told in looked.told] == ["candidates"]
    with pytest.raises(RequestError, match="has no keys"):
        destroy_agreement_keys(AGREEMENT, custody)
