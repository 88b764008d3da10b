"""`/consents` and `/opt-outs` serve the provider's own system only, read strictly, and leave an entry of every answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

import gateway.consent.authorise
from gateway.api.json_body import LARGEST_BODY
from gateway.authenticate import authenticate
from gateway.clients import suspend_client
from tests.conftest import new_database
from tests.world import World, placement_world

CONSENT = {
    "person": {"candidateIdentifier": "C-00001"},
    "form": "release-2026",
    "recipient": "riverton",
    "purposes": ["placement", "hiring"],
    "signed_on": "2026-10-01",
    "method": "paper",
}


@pytest.fixture(scope="module", params=("sqlite", "postgresql"))
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("rights-api")
    with new_database(request.param, request, folder) as url, placement_world(folder / "home", url) as placed:
        placed.client("registrar", "lakeside", ("pipeline",), ("rights:read", "rights:write"))
        placed.client("reader", "lakeside", ("pipeline",), ("rights:read",))
        placed.client("stranger", "riverton", ("placement",), ("rights:read", "rights:write"))
        yield placed


def person(world: World, number: int = 0) -> dict[str, str]:
    """The identity of one of Lakeside's candidates, from its extract."""
    lines = (world.folder / "extracts" / "lakeside" / "candidates.csv").read_text(encoding="utf-8-sig").splitlines()
    return {"candidateIdentifier": lines[1 + number].split(",")[lines[0].split(",").index("Id")].strip()}


def post(world: World, path: str, content: object, client: str = "registrar", **headers: str) -> httpx.Response:
    return world.api.post_json(path, content, world.token(client), **headers)


def assert_refused(world: World, answer: httpx.Response, status: int, told: str) -> None:
    """By a problem document, with its entry, without any value that was sent."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert told in answer.json()["detail"], answer.text
    leaf = world.leaves()[-1]
    assert (leaf["kind"], leaf["decision"], leaf["request"]) == ("refusal", "deny", answer.headers["gateway-request"])
    assert "C-00001" not in json.dumps(leaf) + answer.text


def test_a_consent_is_given_looked_up_counted_and_withdrawn(world: World) -> None:
    them = {"person": person(world)}
    given = post(world, "/consents", CONSENT | them)
    assert given.status_code == httpx.codes.CREATED, given.text
    leaf = world.leaves()[-1]
    assert (leaf["action"], leaf["client"], leaf["provider"], leaf["id"]) == (
        "give_consent",
        "registrar",
        "lakeside",
        given.headers["gateway-entry"],
    )
    assert post(world, "/consents", CONSENT | them).json() == {"changed": 0, "stated_by": []}
    found = post(world, "/consents/lookups", them, "reader").json()["consents"]
    assert sorted((item["purpose"], item["signed_on"], item["until"]) for item in found) == [
        ("hiring", "2026-10-01", None),
        ("placement", "2026-10-01", None),
    ]
    assert world.leaves()[-1]["action"] == "look_up"
    counted = world.api.get("/consents", world.token("reader")).json()["consents"]
    assert [(item["purpose"], item["live"]) for item in counted] == [("hiring", 1), ("placement", 1)]
    ended = post(world, "/consents/withdrawals", them | {"form": "release-2026", "purposes": ["hiring"]})
    assert (ended.status_code, ended.json()["changed"]) == (httpx.codes.CREATED, 1)
    assert post(world, "/consents/withdrawals", them | {"form": "release-2026"}).json()["changed"] == 1
    assert post(world, "/consents/lookups", them).json() == {"consents": []}


def test_an_opt_out_is_set_and_rescinded(world: World) -> None:
    them = {"person": person(world, 1)}
    assert post(world, "/opt-outs", them).status_code == httpx.codes.CREATED
    assert post(world, "/opt-outs/lookups", them).json() == {"opted_out": True, "stated_by": []}
    assert world.api.get("/opt-outs", world.token("reader")).json() == {"opted_out": 1}
    assert post(world, "/opt-outs/rescissions", them).status_code == httpx.codes.CREATED
    assert post(world, "/opt-outs/lookups", them).json() == {"opted_out": False, "stated_by": []}


def test_a_person_whose_record_is_to_come_is_named_on_purpose(world: World) -> None:
    nobody = {"person": {"candidateIdentifier": "C-to-come"}}
    assert_refused(world, post(world, "/opt-outs", nobody), 400, "before_record")
    assert post(world, "/opt-outs", nobody | {"before_record": True}).status_code == httpx.codes.CREATED
    assert post(world, "/opt-outs/rescissions", nobody).status_code == httpx.codes.CREATED


def test_another_institution_only_ever_speaks_of_its_own_people(world: World) -> None:
    assert_refused(world, post(world, "/opt-outs", {"person": person(world)}, "stranger"), 400, "riverton has no record")
    assert world.api.get("/opt-outs", world.token("stranger")).json() == {"opted_out": 0}


@pytest.mark.parametrize("path", ["/consents", "/consents/withdrawals", "/opt-outs", "/opt-outs/rescissions"])
def test_without_the_scope_nothing_is_changed(world: World, path: str) -> None:
    for client in ("reader", "riverton-sis"):
        answer = post(world, path, CONSENT, client)
        assert_refused(world, answer, 403, "not issued for consents")
        assert answer.json()["reasons"][0]["rule"] == "GW-AUT-01"


def test_reading_needs_its_scope_too(world: World) -> None:
    assert_refused(world, world.api.get("/consents", world.token("riverton-sis")), 403, "not issued for consents")


def test_without_a_token_nobody_is_told_anything(world: World) -> None:
    for path in ("/consents", "/opt-outs/lookups"):
        assert world.api.post_json(path, b"{").status_code == httpx.codes.UNAUTHORIZED
    assert world.api.get("/consents").status_code == httpx.codes.UNAUTHORIZED


WRONG: Mapping[str, tuple[bytes, str]] = {
    "not JSON": (b"{", "not JSON"),
    "a list": (b"[]", "the body"),
    "nothing": (b"", "not JSON"),
    "a member twice": (b'{"person": {"candidateIdentifier": "C-00001", "candidateIdentifier": "C-00002"}}', "stands twice"),
    "an unknown member": (b'{"person": {}, "C-00001": 1}', "Its members are: person, resource"),
    "a number for a text": (b'{"person": {"candidateIdentifier": 1}}', "person"),
    "not a boolean": (b'{"person": {}, "before_record": "yes"}', "before_record"),
    "NaN": (b'{"person": NaN}', "not JSON"),
    "UTF-16": ('{"person": {}}'.encode("utf-16"), "not JSON"),
    "deep": (b"[" * 8_000, "not JSON"),
    "large": (b'{"person": {"candidateIdentifier": "' + b"x" * LARGEST_BODY + b'"}}', "at most 16384 bytes"),
    "nobody": (b'{"person": {}}', "candidateIdentifier is part of the key"),
    "another element": (b'{"person": {"lastSurname": "C-00001"}}', "named by candidateIdentifier"),
    "no such resource": (b'{"person": {}, "resource": "C-00001"}', "A person is named in one of"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_body_is_read_strictly(world: World, what: str) -> None:
    body, told = WRONG[what]
    assert_refused(world, post(world, "/opt-outs", body), 400, told)


def test_another_media_type_and_parameters_are_refused(world: World) -> None:
    assert_refused(world, post(world, "/opt-outs", {"person": {}}, content_type="text/plain"), 400, "application/json")
    assert_refused(world, post(world, "/opt-outs?person=C-00001", {"person": {}}), 400, "no parameters")


@pytest.mark.parametrize("member", ["form", "recipient", "purposes", "signed_on", "method"])
def test_a_consent_without_a_member_is_refused(world: World, member: str) -> None:
    asked = {name: content for name, content in CONSENT.items() if name != member} | {"person": person(world)}
    assert_refused(world, post(world, "/consents", asked), 400, member)


def test_an_electronic_signature_names_its_signer(world: World) -> None:
    asked = CONSENT | {"person": person(world), "method": "electronic"}
    assert_refused(world, post(world, "/consents", asked), 400, "signer names who was authenticated")


def test_there_is_no_other_method(world: World) -> None:
    assert world.api.get("/opt-outs/lookups", world.token("reader")).status_code == httpx.codes.METHOD_NOT_ALLOWED


def test_a_suspended_client_changes_nothing(world: World) -> None:
    world.client("leaver", "lakeside", ("pipeline",), ("rights:write",))
    token = world.token("leaver")
    suspend_client("leaver", world.gateway.desk())
    assert world.api.post_json("/opt-outs", {"person": person(world, 2)}, token).status_code == httpx.codes.UNAUTHORIZED
    assert post(world, "/opt-outs/lookups", {"person": person(world, 2)}).json()["opted_out"] is False


def test_a_client_that_is_suspended_while_it_writes_changes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.client("slow-leaver", "lakeside", ("pipeline",), ("rights:write",))
    token = world.token("slow-leaver")
    before = world.api.get("/opt-outs", world.token("reader")).json()
    plain = authenticate

    def then_suspended(*given: Any) -> Any:
        principal = plain(*given)
        monkeypatch.setattr(gateway.consent.authorise, "authenticate", plain)
        suspend_client("slow-leaver", world.gateway.desk())
        return principal

    monkeypatch.setattr(gateway.consent.authorise, "authenticate", then_suspended)
    refused = world.api.post_json("/opt-outs", {"person": person(world, 3)}, token)
    assert refused.status_code == httpx.codes.UNAUTHORIZED, refused.text
    assert world.leaves()[-1]["kind"] == "refusal"
    assert world.api.get("/opt-outs", world.token("reader")).json() == before


def test_the_log_verifies_with_all_this_on_it(world: World) -> None:
    world.gateway.verify_log()
    assert "C-0" not in json.dumps([leaf for leaf in world.leaves() if leaf["kind"] == "rights"])
