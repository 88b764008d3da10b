"""The care of keys: rotations while partners read, blind indexes, re-identification, destruction; on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import NullPool, create_engine, delete, select, text, update

import gateway.custody.data_keys
from gateway.custody import CustodyDesk, destroy_data_key, reidentify, rotate_data_key, rotate_pseudonyms, wrap_again
from gateway.domain.identifiers import AgreementId, ElementPath, InstitutionId, ResourceName
from gateway.errors import ConfigurationError, GatewayError, IntegrityError, RequestError, Unavailable
from gateway.keys.wrap import LocalFile
from gateway.prepare import prepare
from gateway.steward import Steward
from gateway.store.exclusive import exclusive
from gateway.store.key_ring import KEPT_SECONDS, KeyRing
from gateway.store.schema import signatory, wrapped_key
from gateway.store.sealed_rows import seal_again
from tests.conftest import new_database
from tests.databases import BACKENDS
from tests.kms import ALIAS, Kms, environment, open_kms
from tests.world import EXAMPLE, World, placement_world

LAKESIDE, AGREEMENT = InstitutionId("lakeside"), AgreementId("lakeside-riverton")
CANDIDATES = ResourceName("candidates")
NAME = ElementPath("candidateIdentifier")
MAIL = "electronicMails.electronicMailAddress"
LEE = Steward(LAKESIDE, "lee", "test")
OFFERED = "        change_feed: true\n"


@pytest.fixture(params=BACKENDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("custody")
    with new_database(request.param, request, folder) as url, placement_world(folder / "home", url) as placed:
        amended = EXAMPLE.read_text(encoding="utf-8").replace("      candidates:\n", "      candidates:\n" + OFFERED)
        file = placed.folder / "amended.yaml"
        file.write_text(amended, encoding="utf-8")
        placed.agree(file)
        with placed.gateway.database.write() as connection:
            connection.execute(
                signatory.insert().values(
                    institution_id=LAKESIDE, signatory_id="lee", name="Lee", role="steward", created_at="2026-11-01", **_rest()
                )
            )
        yield placed


def _rest() -> dict[str, Any]:
    given = {"institution_id", "signatory_id", "name", "role", "created_at"}
    return {column.name: "" for column in signatory.c if not column.nullable and column.name not in given}


def desk(world: World) -> CustodyDesk:
    return world.gateway.custody_desk("test")


def ask(world: World, path: str = "candidates", **parameters: str) -> httpx.Response:
    return world.api.get(f"/v1/{path}", world.token("riverton-sis"), **parameters)


def records(world: World, **parameters: str) -> list[dict[str, Any]]:
    answer = ask(world, limit="1000", **parameters)
    assert answer.status_code == httpx.codes.OK, answer.text
    return list(answer.json()["data"])


def data_keys(world: World) -> list[str]:
    with world.gateway.database.read() as connection:
        return [key.key_id for key in world.gateway.ring.stored(connection, "provider", LAKESIDE, "data")]


def rotate(world: World) -> str:
    return rotate_data_key(LAKESIDE, desk(world), lambda _: None).key_id


def test_a_rotation_of_the_data_key_changes_no_answer(world: World) -> None:
    before = ask(world, limit="1000").content
    [first] = data_keys(world)
    told: list[int] = []
    done = rotate_data_key(LAKESIDE, desk(world), told.append)
    assert done.rows == told[-1] > 0
    assert data_keys(world) == [done.key_id, first]
    assert ask(world, limit="1000").content == before
    assert [leaf["operation"] for leaf in world.leaves("key")] == ["begun", "finished"]


def test_what_comes_after_is_sealed_under_the_new_key_alone(world: World) -> None:
    [first] = data_keys(world)
    rotate(world)
    world.sync(world.source("lakeside", world.folder / "extracts"))
    destroy_data_key(first, desk(world))
    world.gateway.ring.provider(LAKESIDE, fresh=True)
    assert records(world)
    assert data_keys(world) != [first]


def test_another_process_opens_what_is_sealed_under_a_key_that_it_has_not_heard_of(world: World) -> None:
    mails = [record["electronicMails"] for record in records(world)]
    elsewhere = KeyRing(world.gateway.database, world.gateway.ring._wrapper)
    rotate_data_key(LAKESIDE, replace(desk(world), ring=elsewhere), lambda _: None)
    assert [record["electronicMails"] for record in records(world)] == mails


def test_a_rotation_that_was_cut_short_goes_on_where_it_was(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    before = ask(world, limit="1000").content
    parts: list[int] = []

    def cut(*arguments: Any) -> None:
        if len(parts) == 2:
            raise OSError("cut")
        parts.append(len(arguments[-1]))
        seal_again(*arguments)

    monkeypatch.setattr(gateway.custody.data_keys, "seal_again", cut)
    with pytest.raises(OSError, match="cut"):
        rotate(world)
    assert ask(world, limit="1000").content == before
    begun = data_keys(world)
    monkeypatch.undo()
    done = rotate_data_key(LAKESIDE, desk(world), lambda _: None)
    assert data_keys(world) == begun
    assert done.key_id == begun[0]
    assert done.rows > 0
    assert ask(world, limit="1000").content == before


@pytest.mark.parametrize("world", ["postgresql"], indirect=True)
def test_a_database_that_goes_away_in_the_middle_is_told_as_that(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    before = ask(world, limit="1000").content
    every_other = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    others = text(f"SELECT pg_terminate_backend(pid) {every_other}")

    def cut(connection: Any, *arguments: Any) -> None:
        another = create_engine(world.gateway.database.engine.url, poolclass=NullPool)
        with another.connect() as killing:
            killing.execute(others)
        seal_again(connection, *arguments)

    monkeypatch.setattr(gateway.custody.data_keys, "seal_again", cut)
    with pytest.raises(Unavailable):
        rotate(world)
    monkeypatch.undo()
    assert ask(world, limit="1000").content == before
    assert rotate(world) == data_keys(world)[0]


def test_a_key_in_use_is_not_destroyed(world: World) -> None:
    [first] = data_keys(world)
    with pytest.raises(RequestError, match="in use"):
        destroy_data_key(first, desk(world))
    rotate(world)
    with world.gateway.database.write() as connection:  # as if a copy of the rows from before had been put back
        newest = data_keys(world)[0]
        connection.execute(update(wrapped_key).where(wrapped_key.c.key_id == newest).values(retired_at="2026-11-24"))
        connection.execute(update(wrapped_key).where(wrapped_key.c.key_id == first).values(generation=3, retired_at=None))
    with pytest.raises(RequestError, match="does not open without this key"):
        destroy_data_key(newest, desk(world))
    with pytest.raises(RequestError, match="no data key"):
        destroy_data_key("unknown", desk(world))


def test_a_destroyed_key_opens_nothing_any_more(world: World) -> None:
    rows = world.gateway.tables[CANDIDATES].rows
    with world.gateway.database.read() as connection:
        stale = connection.execute(select(rows.c.record_id, rows.c.sealed).where(rows.c.provider_id == LAKESIDE).limit(1)).one()
    [first] = data_keys(world)
    rotate(world)
    destroy_data_key(first, desk(world))
    with world.gateway.database.write() as connection:
        connection.execute(update(rows).where(rows.c.record_id == stale.record_id).values(sealed=stale.sealed))
    world.gateway.ring.provider(LAKESIDE, fresh=True)
    assert ask(world, limit="1000").status_code == httpx.codes.INTERNAL_SERVER_ERROR
    with pytest.raises(IntegrityError):
        rotate(world)


def test_no_rotation_while_a_sync_runs(world: World) -> None:
    with exclusive(world.gateway.database, f"sync/{LAKESIDE}"), pytest.raises(GatewayError, match="running"):
        rotate(world)
    with pytest.raises(ConfigurationError, match="nobody"):
        rotate_data_key(InstitutionId("nobody"), desk(world), lambda _: None)


# --- blind indexes ---------------------------------------------------------------------------------------------------


def test_a_shared_identifier_is_found_by_its_value(world: World) -> None:
    everyone = {record["candidateIdentifier"]: record for record in records(world)}
    mail = next(mails[0] for record in everyone.values() if (mails := record["electronicMails"]))["electronicMailAddress"]
    wanted = {who for who, record in everyone.items() if any(m["electronicMailAddress"] == mail for m in record["electronicMails"])}
    found = records(world, filter=f"{MAIL} eq '{mail}'")
    assert {record["candidateIdentifier"] for record in found} == wanted
    assert {r["candidateIdentifier"] for r in records(world, filter=f"{MAIL} ne '{mail}'")} == everyone.keys() - wanted
    assert {r["candidateIdentifier"] for r in records(world, filter=f"{MAIL} in ('{mail}', 'x@example.org')")} == wanted
    assert records(world, filter=f"{MAIL} eq '{mail.upper()}'") == []


def test_a_shared_identifier_has_no_order_and_no_parts_and_names_are_not_compared(world: World) -> None:
    for asked in (f"startswith({MAIL}, 'a')", f"{MAIL} gt 'a'", f"contains({MAIL}, 'a')"):
        answer = ask(world, filter=asked)
        assert (answer.status_code, answer.json()["code"]) == (400, "GW-REQ-01"), asked
    for asked in ("lastSurname eq 'King'", "telephones.telephoneNumber eq '5551234'"):
        assert "it is a name, an address, free text or masked" in ask(world, filter=asked).json()["detail"], asked


def test_identifiers_from_before_the_indexes_are_found_after_an_upgrade(world: World) -> None:
    members = world.gateway.tables[CANDIDATES].members["electronicMails"]
    mail = next(mails[0] for record in records(world) if (mails := record["electronicMails"]))["electronicMailAddress"]
    with world.gateway.database.write() as connection:
        before = connection.execute(select(members.c.electronic_mail_address_index)).scalars().all()
        connection.execute(update(members).values(electronic_mail_address_index=None))
        connection.execute(delete(wrapped_key).where(wrapped_key.c.purpose == "index"))
    assert any(before)
    prepare(world.settings, world.clock)
    world.gateway.ring.provider(LAKESIDE, fresh=True)
    assert len(records(world, filter=f"{MAIL} eq '{mail}'")) >= 1


# --- pseudonyms ------------------------------------------------------------------------------------------------------


def test_a_rotation_of_pseudonyms_is_seen_by_the_next_answer_and_the_old_ones_are_known_for_a_while(world: World) -> None:
    before = records(world)
    renamed = rotate_pseudonyms(AGREEMENT, LAKESIDE, timedelta(days=30), desk(world))
    assert renamed.until == world.now + timedelta(days=30)
    after = records(world)
    old, new = ([record.pop("candidateIdentifier") for record in found] for found in (before, after))
    assert before == after
    assert set(old).isdisjoint(new)
    for known, current in zip(old, new, strict=True):
        [found] = records(world, filter=f"candidateIdentifier eq '{known}'")
        assert found["candidateIdentifier"] == current
    world.later(days=31)
    assert records(world, filter=f"candidateIdentifier eq '{old[0]}'") == []
    assert len(records(world, filter=f"candidateIdentifier eq '{new[0]}'")) == 1


def test_rotations_may_overlap(world: World) -> None:
    first = records(world)[0]["candidateIdentifier"]
    rotate_pseudonyms(AGREEMENT, LAKESIDE, timedelta(days=10), desk(world))
    second = records(world)[0]["candidateIdentifier"]
    world.later(days=1)
    rotate_pseudonyms(AGREEMENT, LAKESIDE, timedelta(days=2), desk(world))
    assert len(records(world, filter=f"candidateIdentifier in ('{first}', '{second}')")) == 1
    world.later(days=5)
    assert records(world, filter=f"candidateIdentifier eq '{second}'") == []
    assert len(records(world, filter=f"candidateIdentifier eq '{first}'")) == 1


def test_a_feed_begins_anew_after_a_rotation(world: World) -> None:
    following = ask(world, "candidates/changes", limit="1000").json()["next"]
    assert ask(world, "candidates/changes", since=following).status_code == httpx.codes.OK
    rotate_pseudonyms(AGREEMENT, LAKESIDE, timedelta(days=10), desk(world))
    refused = ask(world, "candidates/changes", since=following)
    assert refused.status_code == httpx.codes.BAD_REQUEST
    assert "To begin anew, leave it out" in refused.json()["detail"]


def test_pseudonyms_of_another_agreement_cannot_be_rotated_into_being(world: World) -> None:
    with pytest.raises(RequestError, match="never in force there"):
        rotate_pseudonyms(AgreementId("another"), LAKESIDE, timedelta(0), desk(world))


def test_the_provider_learns_whose_a_pseudonym_is_after_its_entry(world: World) -> None:
    pseudonym = records(world)[0]["candidateIdentifier"]
    rotate_pseudonyms(AGREEMENT, LAKESIDE, timedelta(0), desk(world))
    found = reidentify(pseudonym, AGREEMENT, LEE, "ticket 118", desk(world))
    assert found.resource == CANDIDATES
    assert list(found.named) == ["candidateIdentifier"]
    assert found.named[NAME].startswith("LU")
    [leaf] = world.leaves("reidentification")
    assert (leaf["steward"], leaf["outcome"], leaf["resource"]) == ("lakeside/lee", "told", "candidates")
    assert pseudonym not in str(leaf)
    assert found.named[NAME] not in str(leaf)


def test_an_event_of_a_feed_is_told_too(world: World) -> None:
    event = ask(world, "candidates/changes", limit="1").json()["data"][0]
    found = reidentify(event["id"], AGREEMENT, LEE, "ticket 118", desk(world))
    assert found.named[NAME].startswith("LU")


def test_nobody_else_learns_it_and_nobody_without_a_reason(world: World) -> None:
    pseudonym = records(world)[0]["candidateIdentifier"]
    sam, other = Steward(LAKESIDE, "sam", "test"), Steward(InstitutionId("riverton"), "lee", "test")
    for steward, reason in ((sam, "ticket 118"), (other, "ticket 118"), (LEE, " ")):
        with pytest.raises(RequestError):
            reidentify(pseudonym, AGREEMENT, steward, reason, desk(world))


def test_what_is_no_pseudonym_is_on_the_log_too(world: World) -> None:
    with pytest.raises(RequestError, match="no pseudonym"):
        reidentify("0" * 32, AGREEMENT, LEE, "ticket 118", desk(world))
    assert [leaf["outcome"] for leaf in world.leaves("reidentification")] == ["no pseudonym"]


# --- the key-encryption key ------------------------------------------------------------------------------------------


def test_keys_move_to_another_key_encryption_key_all_at_once(world: World) -> None:
    before = ask(world, limit="1000").content
    other = LocalFile(bytes(range(32)), "another")
    count, entry = wrap_again(other, desk(world))
    assert count > 0
    assert entry.index > 0
    moved = KeyRing(world.gateway.database, other)
    assert moved.provider(LAKESIDE) == world.gateway.ring.provider(LAKESIDE)
    assert moved.agreement(AGREEMENT, LAKESIDE) == world.gateway.ring.agreement(AGREEMENT, LAKESIDE)
    with pytest.raises(ConfigurationError, match="wrapped by another"):
        world.gateway.ring.provider(LAKESIDE, fresh=True)
    assert before


def test_opened_keys_are_kept_for_five_minutes(world: World) -> None:
    seconds = 1000.0

    class Counting(LocalFile):
        asked = 0

        def unwrap(self, wrapped: bytes, key_id: str) -> bytes:
            self.asked += 1
            return world.gateway.ring._wrapper.unwrap(wrapped, key_id)

    wrapper = Counting(bytes(32))
    ring = KeyRing(world.gateway.database, wrapper, lambda: seconds)
    ring.provider(LAKESIDE)
    once = wrapper.asked
    seconds += KEPT_SECONDS - 1
    ring.provider(LAKESIDE)
    assert wrapper.asked == once
    seconds += 1
    ring.provider(LAKESIDE)
    assert wrapper.asked == 2 * once


def test_the_log_holds_after_all_of_it(world: World) -> None:
    rotate(world)
    rotate_pseudonyms(AGREEMENT, LAKESIDE, timedelta(days=1), desk(world))
    assert world.gateway.verify_log().checkpoint.size > 0


@pytest.fixture(params=BACKENDS)
def kms_world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[World, Kms]]:
    folder = tmp_path_factory.mktemp("kms")
    with open_kms() as kms, new_database(request.param, request, folder) as url:
        for name, value in environment(kms).items():
            monkeypatch.setenv(name, value)
        with placement_world(folder / "home", url, kms="aws-kms", kms_key=ALIAS) as placed:
            yield placed, kms


def test_a_service_that_is_down_is_missed_after_five_minutes_and_nothing_is_lost(
    kms_world: tuple[World, Kms], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, kms = kms_world
    seconds = [0.0]
    monkeypatch.setattr(world.gateway.ring, "_seconds", lambda: seconds[0])
    monkeypatch.setattr(world.gateway.ring, "_open", {})
    before = ask(world, limit="1000").content
    asked = kms.asked
    kms.disabled.add(ALIAS)
    seconds[0] += KEPT_SECONDS - 1
    assert ask(world, limit="1000").content == before
    assert kms.asked == asked
    seconds[0] += 2
    refused = ask(world, limit="1000")
    assert (refused.status_code, refused.content) == (503, b"")
    kms.disabled.clear()
    assert ask(world, limit="1000").content == before
