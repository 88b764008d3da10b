"""A change of an agreement, a client, an opt-out or the day acts on the very next answer, on both databases (decision 9)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, update

import gateway.disclose
import gateway.stand
from gateway.clients import KeyPair, rotate_client, suspend_client
from gateway.domain.access import AccessRequest
from gateway.domain.agreement import AgreementState
from gateway.domain.identifiers import AgreementId, InstitutionId, ResourceName
from gateway.errors import AgreementError
from gateway.prove_client import ASSERTION_TYPE
from gateway.store.agreements import agreements_that_matter
from gateway.store.epoch import advance_epoch
from gateway.store.schema import opt_out
from tests.moving import change_state
from tests.oauth_world import signed
from tests.world import EXAMPLE, ISSUER, World, placement_world

DIRECTORY = Path(__file__).resolve().parents[1] / "campaigns" / "two_worlds.yaml"
CLIENT = "riverton-sis"
FIRST, SECOND = AgreementId("lakeside-riverton"), AgreementId("lakeside-riverton-2")
WHOLE = {"limit": "1000"}


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    with placement_world(tmp_path / "home", database_url) as placed:
        yield placed


def ask(world: World, token: str | None = None, resource: str = "candidates", **parameters: str) -> httpx.Response:
    return world.api.get(f"/v1/{resource}", token or world.token(CLIENT), **parameters)


def records(world: World, token: str | None = None, resource: str = "candidates", **parameters: str) -> list[dict[str, Any]]:
    answer = ask(world, token, resource, **WHOLE | parameters)
    assert answer.status_code == httpx.codes.OK, answer.text
    return list(answer.json()["data"])


def assert_refused(world: World, answer: httpx.Response, *rules: str) -> None:
    """By exactly these rules, with nothing disclosed, and with the refusal on the log."""
    assert answer.status_code == httpx.codes.FORBIDDEN, answer.text
    problem = answer.json()
    assert [reason["rule"] for reason in problem["reasons"]] == list(rules)
    assert "data" not in problem
    assert "gateway-entry" not in answer.headers
    leaf = world.leaves()[-1]
    assert (leaf["kind"], leaf["rules"], leaf["request"]) == ("refusal", list(rules), answer.headers["gateway-request"])


def move(world: World, state: AgreementState, agreement: AgreementId = FIRST) -> None:
    change_state(agreement, state, "test", world.gateway.registry())


def agree_again(world: World, *changes: tuple[str, str]) -> None:
    """Put the example in force with these changes of its text: a new version, or another agreement when the id changes."""
    text = EXAMPLE.read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    file = world.folder / "changed.yaml"
    file.write_text(text, encoding="utf-8")
    world.agree(file)


def agree_second(world: World) -> None:
    agree_again(world, (f"id: {FIRST}\n", f"id: {SECOND}\n"))


def opt_out_of_directory(world: World, person: int) -> None:
    with world.gateway.database.write() as connection:
        row = {"provider_id": "lakeside", "person_id": person, "from_version": advance_epoch(connection), "at": "2026-11-24"}
        connection.execute(insert(opt_out).values(row))


# --- agreements ---------------------------------------------------------------------------------------------------------


def test_a_suspension_refuses_the_next_request_and_its_end_serves_it(world: World) -> None:
    token = world.token(CLIENT)
    served = ask(world, token)
    assert served.status_code == httpx.codes.OK
    move(world, "suspended")
    assert_refused(world, ask(world, token), "GW-AGR-02")
    assert_refused(world, ask(world, token, "fieldworkExperiences"), "GW-AGR-02")
    move(world, "in_force")
    assert ask(world, token).content == served.content


@pytest.mark.parametrize("end", ["terminated", "expired"])
def test_an_ended_agreement_refuses_and_cannot_come_back(world: World, end: AgreementState) -> None:
    token = world.token(CLIENT)
    cursor = ask(world, token, limit="2").json()["next"]
    move(world, end)
    assert_refused(world, ask(world, token), "GW-AGR-02")
    assert_refused(world, ask(world, token, limit="2", cursor=cursor), "GW-AGR-02")
    with pytest.raises(AgreementError):
        move(world, "in_force")
    assert_refused(world, ask(world, token), "GW-AGR-02")


def test_a_suspended_agreement_is_not_resumed_by_a_new_version(world: World) -> None:
    move(world, "suspended")
    with pytest.raises(AgreementError):
        agree_again(world, ("lastSurname: share", "lastSurname: withhold"))
    assert_refused(world, ask(world), "GW-AGR-02")


def test_an_agreement_serves_from_its_first_to_its_last_day_in_its_own_time_zone(world: World) -> None:
    # Chicago: five hours behind UTC in summer; term 2026-07-01 to 2027-06-30, both days included.
    for now, served in (
        (datetime(2026, 7, 1, 4, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 7, 1, 5, tzinfo=UTC), True),
        (datetime(2027, 7, 1, 4, 59, 59, tzinfo=UTC), True),
        (datetime(2027, 7, 1, 5, tzinfo=UTC), False),
    ):
        world.now = now
        answer = ask(world)
        if served:
            assert answer.status_code == httpx.codes.OK, now
        else:
            assert_refused(world, answer, "GW-AGR-03")


def test_a_year_after_its_term_an_agreement_says_why_it_refuses(world: World) -> None:
    world.later(days=400)
    assert_refused(world, ask(world), "GW-AGR-03")
    move(world, "suspended")
    assert_refused(world, ask(world), "GW-AGR-02", "GW-AGR-03")


def test_of_two_agreements_the_client_must_name_one(world: World) -> None:
    token = world.token(CLIENT)
    agree_second(world)
    answer = ask(world, token)
    assert_refused(world, answer, "GW-AGR-04")
    assert answer.json()["choices"] == [FIRST, SECOND]
    assert world.leaves()[-1]["choices"] == [FIRST, SECOND]
    assert_refused(world, ask(world, token, provider="lakeside"), "GW-AGR-04")
    for chosen in (FIRST, SECOND):
        assert records(world, token, agreement=chosen)
        assert world.leaves("disclosure")[-1]["agreement"] == chosen
    move(world, "suspended", SECOND)
    assert records(world, token)
    assert world.leaves("disclosure")[-1]["agreement"] == FIRST
    assert_refused(world, ask(world, token, agreement=SECOND), "GW-AGR-02")


def test_a_person_has_another_pseudonym_in_each_agreement(world: World) -> None:
    token = world.token(CLIENT)
    agree_second(world)
    first, second = (records(world, token, agreement=chosen) for chosen in (FIRST, SECOND))
    pseudonyms = [[record.pop("candidateIdentifier") for record in shown] for shown in (first, second)]
    assert first == second
    assert len({*pseudonyms[0], *pseudonyms[1]}) == 2 * len(first)
    assert len(records(world, token, agreement=FIRST, candidateIdentifier=pseudonyms[0][0])) == 1
    assert records(world, token, agreement=SECOND, candidateIdentifier=pseudonyms[0][0]) == []


def test_a_cursor_of_one_agreement_does_not_open_another(world: World) -> None:
    token = world.token(CLIENT)
    agree_second(world)
    cursor = ask(world, token, agreement=FIRST, limit="2").json()["next"]
    assert ask(world, token, agreement=FIRST, limit="2", cursor=cursor).status_code == httpx.codes.OK
    assert ask(world, token, agreement=SECOND, limit="2", cursor=cursor).status_code == httpx.codes.BAD_REQUEST


def test_a_new_version_that_withholds_an_element_takes_it_away_at_once(world: World) -> None:
    token = world.token(CLIENT)
    cursor = ask(world, token, limit="2").json()["next"]
    assert all("lastSurname" in record for record in records(world, token))
    before = records(world, token, select="candidateIdentifier")
    agree_again(world, ("lastSurname: share", "lastSurname: withhold"))
    assert not any("lastSurname" in record for record in records(world, token))
    assert "lastSurname" in world.leaves("disclosure")[-1]["withheld"]
    assert ask(world, token, select="lastSurname").json()["code"] == "GW-REQ-02"
    assert ask(world, token, limit="2", cursor=cursor).status_code == httpx.codes.BAD_REQUEST
    assert records(world, token, select="candidateIdentifier") == before, "a version keeps the agreement's pseudonyms"


def test_a_decision_is_not_told_of_versions_that_another_came_after(world: World) -> None:
    """Else each decision costs more with every year of an agreement, and one day the policy engine refuses the question."""
    for year in ("2027-28", "2028-29", "2029-30"):
        agree_again(world, ("2026-27", year))
    request = AccessRequest(ResourceName("candidates"), "placement")

    def told() -> list[tuple[object, object]]:
        with world.gateway.database.read() as connection:
            facts = agreements_that_matter(connection, InstitutionId("riverton"), request, world.now)
        return [(entry["version"], entry["state"]) for entry in facts.entries]

    assert told() == [(4, "in_force")]
    change_state(FIRST, "terminated", "test", world.gateway.registry())
    assert told() == [(4, "terminated")], "a party hears why its agreement does not serve"


# --- clients ------------------------------------------------------------------------------------------------------------


def ask_token(world: World, name: str) -> httpx.Response:
    now = int(world.now.timestamp())
    claims = {"iss": name, "sub": name, "aud": ISSUER, "exp": now + 60, "jti": secrets.token_hex(16)}
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": signed(claims, world.keys[name], {}),
    }
    return world.api.post("/oauth/token", form)


def test_a_suspended_client_is_unknown_with_the_token_it_holds_and_gets_no_other(world: World) -> None:
    token = world.token(CLIENT)
    world.client("other-sis", "riverton")
    assert ask(world, token).status_code == httpx.codes.OK
    suspend_client(CLIENT, world.gateway.desk())
    disclosed = len(world.leaves("disclosure"))
    answer = ask(world, token)
    assert answer.status_code == httpx.codes.UNAUTHORIZED
    assert answer.json()["detail"] == ask(world, "x").json()["detail"]
    assert ask_token(world, CLIENT).status_code == httpx.codes.UNAUTHORIZED
    assert len(world.leaves("disclosure")) == disclosed
    assert ask(world, world.token("other-sis")).status_code == httpx.codes.OK


def test_a_retired_credential_ends_the_tokens_that_it_proved(world: World) -> None:
    token = world.token(CLIENT)
    issued = rotate_client(CLIENT, KeyPair(), timedelta(0), world.gateway.desk())
    assert ask(world, token).status_code == httpx.codes.UNAUTHORIZED
    assert ask_token(world, CLIENT).status_code == httpx.codes.UNAUTHORIZED
    world.keys[CLIENT] = issued.private_key or ""
    assert ask(world).status_code == httpx.codes.OK


# --- what is remembered ---------------------------------------------------------------------------------------------------


def test_a_credential_that_is_replaced_ends_in_its_second_however_warm_the_request(world: World) -> None:
    token = world.token(CLIENT)
    rotate_client(CLIENT, KeyPair(), timedelta(seconds=30), world.gateway.desk())
    assert ask(world, token).status_code == httpx.codes.OK
    world.later(seconds=29)
    assert ask(world, token).status_code == httpx.codes.OK
    world.later(seconds=1)
    assert ask(world, token).status_code == httpx.codes.UNAUTHORIZED


def test_the_last_day_of_a_term_ends_at_midnight_however_warm_the_request(world: World) -> None:
    world.now = datetime(2027, 7, 1, 4, 59, 30, tzinfo=UTC)  # half a minute before midnight in Chicago
    token = world.token(CLIENT)
    assert ask(world, token).status_code == httpx.codes.OK
    world.later(seconds=29)
    assert ask(world, token).status_code == httpx.codes.OK
    world.later(seconds=1)
    assert_refused(world, ask(world, token), "GW-AGR-03")


def test_a_warm_request_asks_again_only_what_can_have_moved(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def noted(step: str) -> Callable[..., Any]:
        plain = getattr(gateway.stand, step)

        def noting(*given: Any) -> Any:
            asked.append(step)
            return plain(*given)

        return noting

    for step in ("authenticate", "agreements_that_matter", "decide"):
        monkeypatch.setattr(gateway.stand, step, noted(step))
    token = world.token(CLIENT)
    first = ask(world, token)
    assert ask(world, token, limit="7").status_code == httpx.codes.OK
    assert ask(world, token).content == first.content
    assert asked == ["authenticate", "agreements_that_matter", "decide"]
    assert len({leaf["input"] for leaf in world.leaves("disclosure")}) == 1
    ask(world, token, purpose="hiring")
    ask(world, token, "fieldworkExperiences")
    assert asked == 3 * ["authenticate", "agreements_that_matter", "decide"]
    assert ask(world, world.token(CLIENT)).status_code == httpx.codes.OK
    assert len(asked) == 12, "another token is another client until it has shown itself"


# --- opt-outs -----------------------------------------------------------------------------------------------------------


def test_who_opts_out_of_directory_information_is_absent_from_the_next_page(world: World) -> None:
    world.agree(DIRECTORY)
    world.client("hiring-sis", "riverton", ("early_hire",))
    token = world.token("hiring-sis")
    shown = {"select": "firstName,lastSurname"}
    before = records(world, token, **shown)
    opt_out_of_directory(world, 3)
    after = records(world, token, **shown)
    assert len(after) == len(before) - 1
    assert [record for record in before if record in after] == after
    assert "F-37-B" in world.leaves("disclosure")[-1]["rules"]
    assert len(records(world, agreement=FIRST)) == len(before), "a school official's basis needs no directory"
    with world.gateway.database.write() as connection:
        connection.execute(update(opt_out).values(to_version=advance_epoch(connection)))
    assert records(world, token, **shown) == before


# --- between decision and entry -------------------------------------------------------------------------------------------


CHANGES: Mapping[str, tuple[Callable[[World], object], int]] = {
    "the agreement is suspended": (lambda world: move(world, "suspended"), httpx.codes.FORBIDDEN),
    "the agreement is terminated": (lambda world: move(world, "terminated"), httpx.codes.FORBIDDEN),
    "a second agreement comes into force": (agree_second, httpx.codes.FORBIDDEN),
    "a new version withholds an element": (
        lambda world: agree_again(world, ("lastSurname: share", "lastSurname: withhold")),
        httpx.codes.OK,
    ),
    "the client is suspended": (lambda world: suspend_client(CLIENT, world.gateway.desk()), httpx.codes.UNAUTHORIZED),
    "its credential is retired": (
        lambda world: rotate_client(CLIENT, KeyPair(), timedelta(0), world.gateway.desk()),
        httpx.codes.UNAUTHORIZED,
    ),
    "somebody opts out": (lambda world: opt_out_of_directory(world, 3), httpx.codes.OK),
}
"""Each with the status of the request after the one that it meets."""


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_between_decision_and_entry_refuses_the_answer(
    world: World, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    happen, then = CHANGES[change]
    token = world.token(CLIENT)
    assert ask(world, token).status_code == httpx.codes.OK
    disclosed = len(world.leaves("disclosure"))
    after_step(monkeypatch, "encode", lambda: happen(world))
    assert_refused(world, ask(world, token), "GW-AUD-01")
    assert len(world.leaves("disclosure")) == disclosed
    assert ask(world, token).status_code == then
    world.gateway.verify_log()


@pytest.mark.parametrize("step", ["authenticate", "agreements_that_matter", "decide", "compile_plan", "read", "redact"])
def test_the_step_after_which_a_suspension_commits_does_not_matter(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    token = world.token(CLIENT)
    after_step(monkeypatch, step, lambda: move(world, "suspended"))
    # The request's one snapshot is older than the suspension, so that the entry refuses.
    assert_refused(world, ask(world, token), "GW-AUD-01")
    assert world.leaves("disclosure") == []


def after_step(monkeypatch: pytest.MonkeyPatch, step: str, happen: Callable[[], object]) -> None:
    """Let something happen once, right after a step of the next disclosure."""
    module = gateway.stand if hasattr(gateway.stand, step) else gateway.disclose
    plain = getattr(module, step)
    happened = False

    def stepping(*arguments: Any, **named: Any) -> Any:
        nonlocal happened
        result = plain(*arguments, **named)
        if not happened:
            happened = True
            happen()
        return result

    monkeypatch.setattr(module, step, stepping)
