"""The agreement routes: each party's system sees, proposes, signs and ends its own agreements, and learns nothing of others'."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import event, text

from gateway.agreements.activate import activate_signed
from gateway.agreements.sign import attestation_signature, make_signature
from gateway.agreements.signature_file import write_signature
from gateway.clients import suspend_client
from gateway.domain.identifiers import AgreementId, InstitutionId
from gateway.domain.signing import Statement
from tests.conftest import new_database
from tests.databases import BACKENDS
from tests.signing import LAKESIDE, LESS, MOU, OPERATOR, PEOPLE, RIVERTON, Parties, key_of, small_pdf, text_of
from tests.world import World, open_world

WAITING = AgreementId("lakeside-riverton-2")
YAML, PDF = "application/yaml", "application/pdf"
ALL = ("agreements:read", "agreements:write", "agreements:sign")
MINE, THEIRS, STRANGER = "lakeside-system", "riverton-system", "oakhill-system"
DAYS = {"steward": "lee", "signed_on": "2026-11-20"}


@contextmanager
def with_clients(folder: Path, url: str) -> Iterator[World]:
    with open_world(folder / "home", url) as opened:
        for client, institution in ((MINE, "lakeside"), (THEIRS, "riverton"), (STRANGER, "oakhill")):
            opened.client(client, institution, scopes=ALL)
        parties = Parties(opened)
        parties.register()
        parties.steward("riverton", "lee")
        yield opened
        opened.gateway.verify_log()


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    with with_clients(tmp_path, database_url) as opened:
        yield opened


@pytest.fixture(scope="module", params=BACKENDS)
def settled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One agreement in force and one that waits for signatures; shared by what is refused, so that nothing may change."""
    folder = tmp_path_factory.mktemp("settled")
    with new_database(request.param, request, folder) as url, with_clients(folder, url) as opened:
        in_force(opened)
        assert proposed(opened, text_of((f"id: {MOU}\n", f"id: {WAITING}\n"))).is_success
        before = [get(opened, f"/agreements/{name}/history").content for name in (MOU, WAITING)]
        yield opened
        assert [get(opened, f"/agreements/{name}/history").content for name in (MOU, WAITING)] == before


def get(world: World, path: str, client: str = MINE, **parameters: str) -> httpx.Response:
    return world.api.get(path, world.token(client), **parameters)


def post(world: World, path: str, body: bytes = b"", client: str = MINE, kind: str = "", **parameters: str) -> httpx.Response:
    address = f"{path}?{urlencode(parameters)}" if parameters else path
    return world.api.post_json(address, body, world.token(client), content_type=kind or "application/octet-stream")


def proposed(world: World, text: str = "", client: str = MINE, **parameters: str) -> httpx.Response:
    return post(world, "/agreements", (text or text_of()).encode(), client, YAML, **parameters)


def signature(answer: httpx.Response, institution: InstitutionId) -> bytes:
    """What a signatory makes of an answer of the API, on a machine of its own."""
    [found] = answer.json()["data"]
    statement = Statement(AgreementId(found["agreement"]), found["version"], found["digest"], institution, PEOPLE[institution])
    return write_signature(make_signature(statement, key_of(institution)))


def signed(world: World, answer: httpx.Response, client: str, institution: InstitutionId) -> httpx.Response:
    return post(world, f"/agreements/{MOU}/signatures", signature(answer, institution), client, "application/json")


def in_force(world: World) -> None:
    answer = proposed(world)
    for client, institution in ((MINE, LAKESIDE), (THEIRS, RIVERTON)):
        assert signed(world, answer, client, institution).is_success
    activate_signed(MOU, OPERATOR, world.gateway.registry())


def assert_refused(world: World, answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """With this code, a problem document, and the refusal's own entry."""
    assert answer.status_code == status, answer.text
    document: dict[str, Any] = answer.json()
    assert document["code"] == code
    leaf = world.leaves()[-1]
    assert (leaf["kind"], leaf["code"], leaf["request"]) == ("refusal", code, answer.headers["gateway-request"])
    return document


# --- the whole road --------------------------------------------------------------------------------------------------------


def test_two_systems_take_an_agreement_from_a_file_to_its_end(world: World) -> None:
    answer = proposed(world)
    assert answer.json()["data"] == [
        {
            "agreement": MOU,
            "version": 1,
            "digest": answer.json()["data"][0]["digest"],
            "parties": ["lakeside", "riverton"],
            "amends": None,
            "changed": True,
        }
    ]
    world.later(seconds=1)
    first = signed(world, answer, MINE, LAKESIDE)
    assert (first.json()["state"], first.json()["missing"]) == ("proposed", ["riverton"])
    document = small_pdf(answer.json()["data"][0]["digest"])
    second = post(world, f"/agreements/{MOU}/attestations", document, THEIRS, PDF, **DAYS, board_approved="2026-11-18")
    assert (second.json()["state"], second.json()["digest_found_in_text"]) == ("signed", True)
    assert second.json()["document"] == hashlib.sha256(document).hexdigest()
    activate_signed(MOU, OPERATOR, world.gateway.registry())
    for verb, client, state in (
        ("suspend", THEIRS, "suspended"),
        ("resume", THEIRS, "in_force"),
        ("terminate", MINE, "terminated"),
    ):
        assert post(world, f"/agreements/{MOU}/{verb}", client=client).json()["state"] == state
        leaf = world.leaves("agreement")[-1]
        assert (leaf["verb"], leaf["client"], leaf["after"]) == (verb, client, state)
    told = get(world, f"/agreements/{MOU}/history").json()["data"]
    assert [one["what"] for one in told] == [
        "draft",
        "proposed",
        "signed by lakeside (ed25519)",
        "signed by riverton (attested)",
        "signed",
        "in_force",
        "suspended",
        "in_force",
        "terminated",
    ]
    assert [one["by"] for one in told][-3:] == [f"riverton/{THEIRS}", f"riverton/{THEIRS}", f"lakeside/{MINE}"]


def test_both_parties_see_the_same_agreement(settled: World) -> None:
    mine, theirs = (get(settled, f"/agreements/{MOU}", client) for client in (MINE, THEIRS))
    assert mine.content == theirs.content
    found = mine.json()
    assert (found["state"], found["missing"], found["versions"]) == (
        "in_force",
        [],
        [{"version": 1, "state": "in_force", "digest": found["digest"]}],
    )
    assert [(one["institution"], one["method"], one["valid"]) for one in found["signatures"]] == [
        ("lakeside", "ed25519", True),
        ("riverton", "ed25519", True),
    ]
    assert found["document"]["parties"].keys() == {"lakeside", "riverton"}
    assert get(settled, "/agreements").content == get(settled, "/agreements", THEIRS).content


def test_the_list_is_ones_own_page_by_page(world: World) -> None:
    ids = ["lakeside-riverton-1", "lakeside-riverton-2", "lakeside-riverton-3"]
    for name in ids:
        assert proposed(world, text_of((f"id: {MOU}\n", f"id: {name}\n"))).is_success
    oakhill = text_of(("riverton", "oakhill"))
    assert proposed(world, oakhill, STRANGER).is_success
    first = get(world, "/agreements", THEIRS, limit="2").json()
    assert ([one["agreement"] for one in first["data"]], first["next"]) == (ids[:2], ids[1])
    second = get(world, "/agreements", THEIRS, limit="2", after=first["next"]).json()
    assert ([one["agreement"] for one in second["data"]], second["next"]) == (ids[2:], None)
    assert [one["agreement"] for one in get(world, "/agreements", STRANGER).json()["data"]] == ["lakeside-oakhill"]
    assert len(get(world, "/agreements").json()["data"]) == 4


def test_signatories_are_ones_own(settled: World) -> None:
    found = get(settled, "/signatories", THEIRS).json()["data"]
    assert [(one["id"], one["role"], one["public_jwk"] is None) for one in found] == [
        ("lee", "steward", True),
        ("sam-ortiz", "signatory", False),
    ]
    assert get(settled, "/signatories", STRANGER).json() == {"data": []}


# --- an agreement of others and one that does not exist are one answer --------------------------------------------------------


ROUTES: Mapping[str, tuple[str, str, str, dict[str, str]]] = {
    "show": ("GET", "", "", {}),
    "a version": ("GET", "", "", {"version": "1"}),
    "history": ("GET", "/history", "", {}),
    "sign": ("POST", "/signatures", "application/json", {}),
    "attest": ("POST", "/attestations", PDF, DAYS),
    "withdraw": ("POST", "/withdraw", "", {}),
    "suspend": ("POST", "/suspend", "", {}),
    "resume": ("POST", "/resume", "", {}),
    "terminate": ("POST", "/terminate", "", {}),
}


def ask(world: World, route: str, name: str, client: str, digest: str) -> httpx.Response:
    method, below, kind, parameters = ROUTES[route]
    path = f"/agreements/{name}{below}"
    if method == "GET":
        return get(world, path, client, **parameters)
    body = b""
    if route == "sign":
        statement = Statement(AgreementId(name), 1, digest, InstitutionId("oakhill"), "kim")
        body = write_signature(make_signature(statement, key_of("oakhill")))
    if route == "attest":
        body = small_pdf(digest)
    return post(world, path, body, client, kind, **parameters)


def told(answer: httpx.Response) -> tuple[int, dict[str, Any], dict[str, str]]:
    document = {name: said for name, said in answer.json().items() if name != "request"}
    headers = {name: said for name, said in answer.headers.items() if name != "gateway-request"}
    return answer.status_code, document, headers


@pytest.mark.parametrize("route", ROUTES)
def test_what_others_agreed_does_not_exist(settled: World, route: str) -> None:
    digest = get(settled, f"/agreements/{MOU}").json()["digest"]
    theirs, nobodys = ask(settled, route, MOU, STRANGER, digest), ask(settled, route, "no-such-mou-1234", STRANGER, digest)
    assert told(theirs) == told(nobodys)
    assert theirs.status_code == httpx.codes.NOT_FOUND
    refusals = settled.leaves("refusal")[-2:]
    assert [(leaf["agreement"], leaf["code"]) for leaf in refusals] == [("unknown", "GW-REQ-04")] * 2
    assert refusals[0]["institutions"] == ["oakhill"], "the parties do not hear who guessed, nor the guesser that it was right"


@pytest.mark.parametrize("name", ["A", "-x", "x" * 64, "caf%C3%A9", "x'%20OR%201=1", "signatures"])
def test_an_id_that_cannot_be_one_is_unknown(settled: World, name: str) -> None:
    assert_refused(settled, get(settled, f"/agreements/{name}"), 404, "GW-REQ-04")
    assert settled.leaves()[-1]["agreement"] == "unknown", "what the client made up is not written down"


# --- who may do what ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ROUTES)
def test_each_route_needs_its_scope(settled: World, route: str) -> None:
    needed = (
        "agreements:read" if ROUTES[route][0] == "GET" else "agreements:sign" if route in {"sign", "attest"} else "agreements:write"
    )
    for number, scope in enumerate(("records:read", "rights:write", *ALL)):
        client = f"narrow-{route.replace(' ', '-')}-{number}"
        settled.client(client, "lakeside", scopes=(scope,))
        answer = ask(settled, route, "no-such-mou-1234", client, "a1" * 32)
        if scope == needed:
            assert_refused(settled, answer, 404, "GW-REQ-04")
        else:
            document = assert_refused(settled, answer, 403, "GW-DEN-01")
            assert [reason["rule"] for reason in document["reasons"]] == ["GW-AUT-01"]


@pytest.mark.parametrize("path", ["/agreements", f"/agreements/{MOU}", f"/agreements/{MOU}/history", "/signatories"])
def test_who_is_unknown_is_counted_and_hears_nothing(settled: World, path: str) -> None:
    settled.gateway.log.flush_anonymous()
    entries = len(settled.leaves())
    for token in (None, "x.y.z"):
        assert settled.api.get(path, token).status_code == httpx.codes.UNAUTHORIZED
    assert settled.api.post_json("/agreements", b"x" * 10, None).status_code == httpx.codes.UNAUTHORIZED
    assert len(settled.leaves()) == entries
    settled.gateway.log.flush_anonymous()
    assert settled.leaves()[-1]["refused"] == {"agreements": "3"}


def test_a_suspended_client_changes_nothing_with_the_token_that_it_holds(world: World) -> None:
    in_force(world)
    token = world.token(MINE)
    suspend_client(MINE, world.gateway.desk())
    assert world.api.post_json(f"/agreements/{MOU}/terminate", b"", token).status_code == httpx.codes.UNAUTHORIZED
    assert get(world, f"/agreements/{MOU}", THEIRS).json()["state"] == "in_force"


def test_one_institutions_client_cannot_hand_in_anothers_signature(world: World) -> None:
    answer = proposed(world)
    assert_refused(world, signed(world, answer, THEIRS, LAKESIDE), 400, "GW-REQ-01")
    assert get(world, f"/agreements/{MOU}").json()["missing"] == ["lakeside", "riverton"]


def test_a_signature_is_handed_in_where_it_belongs(world: World) -> None:
    answer = proposed(world)
    other = text_of((f"id: {MOU}\n", "id: lakeside-riverton-2\n"))
    assert proposed(world, other).is_success
    moved = post(world, "/agreements/lakeside-riverton-2/signatures", signature(answer, LAKESIDE), MINE, "application/json")
    assert_refused(world, moved, 400, "GW-REQ-01")


def test_an_attestation_is_by_ones_own_steward(world: World) -> None:
    digest = proposed(world).json()["data"][0]["digest"]
    answer = post(world, f"/agreements/{MOU}/attestations", small_pdf(digest), MINE, PDF, **DAYS)
    assert "no steward lee" in assert_refused(world, answer, 409, "GW-AGR-01")["detail"]


def test_a_stewards_signature_comes_with_the_document(world: World) -> None:
    key = Ed25519PrivateKey.generate()
    Parties(world).steward("lakeside", "kim", key)
    digest = proposed(world).json()["data"][0]["digest"]
    document, statement = small_pdf(), Statement(MOU, 1, digest, LAKESIDE, "kim")
    day = world.now.date()
    made = base64.b64encode(attestation_signature(statement, document, day, None, key)).decode()
    right = {"steward": "kim", "signed_on": day.isoformat(), "digest": digest, "signature": made}
    for wrong in ({"signature": base64.b64encode(bytes(64)).decode()}, {"signed_on": "2026-11-23"}):
        answer = post(world, f"/agreements/{MOU}/attestations", document, MINE, PDF, **right | wrong)
        assert_refused(world, answer, 409, "GW-AGR-01")
    assert post(world, f"/agreements/{MOU}/attestations", document, MINE, PDF, **right).is_success


def test_only_the_party_that_suspended_resumes(world: World) -> None:
    in_force(world)
    assert post(world, f"/agreements/{MOU}/suspend").is_success
    answer = post(world, f"/agreements/{MOU}/resume", client=THEIRS)
    assert "only lakeside may resume" in assert_refused(world, answer, 409, "GW-AGR-01")["detail"]
    assert post(world, f"/agreements/{MOU}/resume").json()["state"] == "in_force"


# --- bad input ------------------------------------------------------------------------------------------------------------------


def test_a_file_with_mistakes_is_told_all_of_them_with_their_places(settled: World) -> None:
    broken = text_of(("lastSurname: share", "lastSurnam: share"), ("birthDate:", "birthDay:"))
    document = assert_refused(settled, proposed(settled, broken), 422, "GW-REQ-05")
    lines = broken.splitlines()
    places = [(found["line"], found["column"]) for found in document["problems"]]
    assert [lines[line - 1][column - 1 :].split(":")[0] for line, column in places] == ["lastSurnam", "birthDay", "birthDay"]
    assert all(found["message"] and found["fix"] for found in document["problems"])
    assert "birthDay" not in json.dumps(settled.leaves())


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", YAML, 422),
        (b"\xff\xfe", YAML, 400),
        (b"a: [", YAML, 422),
        (b"a: &a [*a]", YAML, 422),
        (b"x" * (200 * 1024), YAML, 400),
        (text_of().encode(), "application/json", 400),
        (text_of().encode(), "", 400),
    ],
)
def test_what_is_no_agreement_file_is_refused(settled: World, body: bytes, kind: str, status: int) -> None:
    answer = post(settled, "/agreements", body, MINE, kind)
    assert_refused(settled, answer, status, "GW-REQ-05" if status == 422 else "GW-REQ-01")


def test_a_file_that_the_law_refuses_is_told_by_which_rule(settled: World) -> None:
    lawless = text_of((f"id: {MOU}\n", "id: lakeside-riverton-3\n"), ("module: personnel-default", "module: elsewhere"))
    document = assert_refused(settled, proposed(settled, lawless), 422, "GW-REQ-05")
    assert {found["rule"] for found in document["problems"]} == {"GW-STA-01", "GW-STA-02"}
    assert all(found["citation"] and found["line"] > 1 for found in document["problems"])


def test_an_institution_proposes_no_agreement_of_others(settled: World) -> None:
    assert "oakhill is no party" in assert_refused(settled, proposed(settled, client=STRANGER), 400, "GW-REQ-01")["detail"]


def test_another_text_while_one_waits_is_refused_with_both_digests(world: World) -> None:
    first = proposed(world).json()["data"][0]["digest"]
    assert first in assert_refused(world, proposed(world, text_of(LESS), THEIRS), 409, "GW-AGR-01")["detail"]


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("/agreements", {"limit": "0"}),
        ("/agreements", {"limit": "1001"}),
        ("/agreements", {"limit": "-1"}),
        ("/agreements", {"limit": "²"}),
        ("/agreements", {"Limit": "1"}),
        ("/agreements", {"after": "x\x00"}),
        ("/agreements", {"after": "x" * 2001}),
        (f"/agreements/{MOU}", {"version": "one"}),
        (f"/agreements/{MOU}", {"select": "title"}),
        (f"/agreements/{MOU}/history", {"version": "1"}),
        ("/signatories", {"institution": "riverton"}),
    ],
)
def test_a_parameter_that_does_not_fit_is_refused(settled: World, path: str, parameters: dict[str, str]) -> None:
    assert_refused(settled, get(settled, path, **parameters), 400, "GW-REQ-01")


def test_a_parameter_that_stands_twice_is_refused(settled: World) -> None:
    assert_refused(settled, get(settled, f"/agreements/{MOU}?version=1&version=2"), 400, "GW-REQ-01")


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"steward": "lee"},
        {"signed_on": "2026-11-20"},
        DAYS | {"signed_on": "20 November"},
        DAYS | {"signed_on": "2026-11-31"},
        DAYS | {"board_approved": "soon"},
        DAYS | {"signed_on": "2026-11-25"},
        DAYS | {"version": "0"},
        DAYS | {"digest": "short"},
        DAYS | {"signature": "?"},
        DAYS | {"more": "1"},
    ],
)
def test_an_attestation_that_lacks_or_garbles_something_is_refused(settled: World, parameters: dict[str, str]) -> None:
    digest = get(settled, f"/agreements/{WAITING}").json()["digest"]
    answer = post(settled, f"/agreements/{WAITING}/attestations", small_pdf(digest), THEIRS, PDF, **parameters)
    assert_refused(settled, answer, 400, "GW-REQ-01")


def test_a_document_is_read_no_further_than_it_may_be_long(settled: World) -> None:
    answer = post(settled, f"/agreements/{WAITING}/attestations", b"%PDF-" + bytes(20 * 1024 * 1024), THEIRS, PDF, **DAYS)
    assert "20,971,520 bytes" in assert_refused(settled, answer, 400, "GW-REQ-01")["detail"]
    assert_refused(
        settled, post(settled, f"/agreements/{WAITING}/attestations", small_pdf(), THEIRS, "text/plain", **DAYS), 400, "GW-REQ-01"
    )


def test_a_change_that_takes_no_body_takes_none(settled: World) -> None:
    assert_refused(settled, post(settled, f"/agreements/{MOU}/suspend", b"x"), 400, "GW-REQ-01")
    assert get(settled, f"/agreements/{MOU}").json()["state"] == "in_force"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
def test_no_other_method_is_served(settled: World, method: str) -> None:
    for path in ("/agreements", f"/agreements/{MOU}", f"/agreements/{MOU}/suspend", "/signatories"):
        answer = settled.api.request(method, path, settled.token(MINE))
        assert answer.status_code == httpx.codes.METHOD_NOT_ALLOWED, path


# --- the log ----------------------------------------------------------------------------------------------------------------------


def test_each_look_has_its_entry(settled: World) -> None:
    for path, operation, about in (
        ("/agreements", "list", "own"),
        (f"/agreements/{MOU}", "show", MOU),
        (f"/agreements/{MOU}/history", "history", MOU),
        ("/signatories", "signatories", "own"),
    ):
        answer = get(settled, path)
        leaf = settled.leaves()[-1]
        assert (leaf["kind"], leaf["operation"], leaf["agreement"]) == ("agreement_read", operation, about)
        assert (leaf["client"], leaf["request"]) == (MINE, answer.headers["gateway-request"])


def no_log(world: World) -> None:
    """From here on the database takes no entry."""
    if world.gateway.database.dialect == "sqlite":
        event.listen(world.gateway.database.engine, "checkout", lambda c, _r, _p: c.execute("PRAGMA query_only = ON").close())
        return
    body = "BEGIN RAISE EXCEPTION 'out of reach' USING ERRCODE = '25006'; END"
    with world.gateway.database.engine.begin() as connection:
        connection.execute(text(f"CREATE FUNCTION no_entry() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$"))
        connection.execute(text("CREATE TRIGGER no_entry BEFORE INSERT ON audit_entry EXECUTE FUNCTION no_entry()"))


def test_without_the_log_nothing_is_told_and_nothing_changes(world: World) -> None:
    in_force(world)
    token = world.token(MINE)
    no_log(world)
    for path in ("/agreements", f"/agreements/{MOU}", f"/agreements/{MOU}/history", "/agreements/no-such"):
        answer = world.api.get(path, token)
        assert (answer.status_code, answer.content) == (503, b""), path
    for path, body, kind in (
        (f"/agreements/{MOU}/suspend", b"", ""),
        (f"/agreements/{MOU}/terminate", b"", ""),
        ("/agreements", text_of(LESS).encode(), YAML),
    ):
        answer = world.api.post_json(path, body, token, content_type=kind)
        assert (answer.status_code, answer.content) == (503, b""), path
    with world.gateway.database.read() as connection:
        states = connection.execute(text("SELECT state FROM agreement_state WHERE to_version IS NULL")).scalars().all()
    assert states == ["in_force"]
