"""Rules of asking over HTTP: whatever the network or the source does, an answer is whole or the source is not read."""

from __future__ import annotations

import ssl
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from connectors.deadline import Deadline, deadline_transport, is_forbidden
from connectors.http import Answer, Http, HttpLimits, HttpPlace
from connectors.http_request import Request
from gateway.errors import IngestError
from tests.fault_proxy import Fault, FaultProxy, fault_proxy, nth, path_has, self_signed
from tests.json_server import Asked, JsonServer, Reply, json_server

SECRET = "hunter2"
QUICK = HttpLimits(response_bytes=200_000, seconds=0.8, tries=2, longest_wait=0.01)


def answer(asked: Asked) -> Reply:
    """What was asked, back; some paths do something of their own."""
    match asked.path:
        case "/moved":
            return Reply({}, 302, {"Location": "/here?a=1"})
        case "/moved-for-good":
            return Reply({}, 308, {"Location": "/here"})
        case "/elsewhere":
            return Reply({}, int(asked.query["status"]), {"Location": f"http://localhost:{asked.host.partition(':')[2]}/here"})
        case "/status":
            return Reply({}, int(asked.query["is"]))
    return Reply({"path": asked.path, "query": dict(asked.query), "body": asked.body.decode(), "words": "Zoë" * 20})


@pytest.fixture
def server() -> Iterator[JsonServer]:
    with json_server(answer) as running:
        yield running


@pytest.fixture
def proxy(server: JsonServer) -> Iterator[FaultProxy]:
    with fault_proxy(server.base) as running:
        yield running


def get(proxy: FaultProxy, limits: HttpLimits = QUICK) -> Answer:
    with Http(HttpPlace(proxy.base, limits=limits)) as http:
        return http.get("people", {"key": SECRET})


def refusal(proxy: FaultProxy, limits: HttpLimits = QUICK) -> str:
    """The message of the error; its whole trace, which a log may show, holds neither the query nor what was answered."""
    with pytest.raises(IngestError) as caught:
        get(proxy, limits).json("people")
    said = "".join(traceback.format_exception(caught.value)) + str(caught.value)
    assert SECRET not in said
    assert "Zo" not in said
    return str(caught.value)


@pytest.mark.parametrize(
    "fault",
    [Fault.BUSY, Fault.DOWN, Fault.CUT, Fault.DRIP, Fault.DRIP_HEAD, Fault.CUT_GZIP],
)
def test_what_may_pass_is_asked_again_and_the_answer_is_whole(proxy: FaultProxy, fault: Fault) -> None:
    proxy.put(fault, nth(1))
    found = get(proxy).json("people")
    assert isinstance(found, dict)
    assert found["path"] == "/people"
    assert found["query"] == {"key": SECRET}
    assert len(proxy.seen) == 2


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Fault.BUSY, "answered with status 429 (it stayed busy; try again later)"),
        (Fault.DOWN, "answered with status 503 (it stayed busy; try again later)"),
        (Fault.CUT, "could not be read in 2 tries (RemoteProtocolError); try again later"),
        (Fault.DRIP, "could not be read in 2 tries (no whole answer within 0.8 seconds); try again later"),
        (Fault.DRIP_HEAD, "could not be read in 2 tries (no whole answer within 0.8 seconds); try again later"),
        (Fault.CUT_GZIP, "could not be read in 2 tries (the answer cannot be unpacked); try again later"),
    ],
)
def test_what_does_not_pass_stops_the_source(proxy: FaultProxy, fault: Fault, message: str) -> None:
    proxy.put(fault, path_has("people"), times=9)
    assert refusal(proxy).endswith(f"{message}.")
    assert len(proxy.seen) == QUICK.tries


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Fault.HTML, "the answer is not JSON (text/html, wrong at byte 0); the source is not read"),
        (Fault.BAD_UTF8, "the answer is not JSON (application/json, wrong at byte"),
        (Fault.NAN, "the answer is not JSON (application/json, wrong at byte 8)"),
        (Fault.CUT_JSON, "the answer is not JSON (application/json, wrong at byte"),
        (Fault.ENDLESS, "the answer is longer than 200000 bytes; refused. Ask for smaller pages, or raise limits.response_bytes"),
        (Fault.BOMB, "the answer is longer than 200000 bytes; refused"),
        (Fault.NESTED_BOMB, "the answer is packed in another way than gzip; refused"),
        (Fault.TO_LOOPBACK, "leads to 127.0.0.1:9, which is another machine. If that is right, name it under allow_hosts"),
        (Fault.TO_METADATA, "leads to 169.254.169.254:80, which is another machine"),
        (Fault.IN_A_CIRCLE, "leads in a circle"),
        (Fault.EXPIRED, "answered with status 401 (it does not know these credentials: check key and secret)"),
        (Fault.PARTIAL, "answered with status 206 (it did not take the request)"),
    ],
)
def test_what_another_try_cannot_help_stops_the_source_at_once(proxy: FaultProxy, fault: Fault, message: str) -> None:
    proxy.put(fault, path_has("people"), times=9)
    assert message in refusal(proxy, replace(QUICK, seconds=5))


def test_a_token_that_expired_is_asked_for_once_more(proxy: FaultProxy) -> None:
    fresh: list[bool] = []

    def authorise(http: Http, again: bool, _: Request) -> Mapping[str, str]:
        fresh.append(again)
        return {"Authorization": f"Bearer {len(fresh)}"}

    proxy.put(Fault.EXPIRED, nth(1))
    proxy.put(Fault.BUSY, nth(2))
    with Http(HttpPlace(proxy.base, limits=QUICK), authorise) as http:
        http.get("people")
    assert fresh == [False, True, False]
    assert [seen.headers["authorization"] for seen in proxy.seen] == ["Bearer 1", "Bearer 2", "Bearer 3"]


def test_credentials_that_stay_wrong_are_not_tried_for_ever(proxy: FaultProxy) -> None:
    proxy.put(Fault.EXPIRED, path_has("people"), times=9)
    with (
        Http(HttpPlace(proxy.base, limits=QUICK), lambda http, again, __: {"Authorization": SECRET}) as http,
        pytest.raises(IngestError, match="check key and secret") as caught,
    ):
        http.get("people")
    assert SECRET not in str(caught.value)
    assert len(proxy.seen) == 2


def test_a_certificate_that_nobody_vouches_for_is_refused_until_the_source_file_names_it(
    server: JsonServer, tmp_path: Path
) -> None:
    certificate = self_signed(tmp_path)
    with fault_proxy(server.base, certificate) as proxy:
        assert refusal(proxy).endswith("the certificate does not hold. Have it renewed, or name the file of its issuer as ca_file.")
        assert proxy.seen == []
        with Http(HttpPlace(proxy.base, ca_file=certificate, limits=QUICK)) as http:
            assert http.get("people").status == 200


def test_https_to_a_server_that_does_not_speak_it_is_told(proxy: FaultProxy) -> None:
    with Http(HttpPlace(proxy.base.replace("http:", "https:"), limits=QUICK)) as http, pytest.raises(IngestError) as caught:
        http.get("people")
    assert "could not be read in 2 tries" in str(caught.value) or "does not speak TLS as it should" in str(caught.value)


def test_a_file_without_certificates_is_told(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing", encoding="ascii")
    with pytest.raises(IngestError, match=r"ca\.pem holds no certificates"):
        Http(HttpPlace("https://127.0.0.1", ca_file=tmp_path / "ca.pem"))


def test_a_connection_that_nobody_takes_is_tried_again_and_then_told() -> None:
    with Http(HttpPlace("http://127.0.0.1:9", limits=QUICK)) as http, pytest.raises(IngestError, match=r"2 tries \(ConnectError\)"):
        http.get("people")


def test_a_machine_that_is_not_there_is_told() -> None:
    with Http(HttpPlace("http://nowhere.invalid", limits=QUICK)) as http, pytest.raises(IngestError, match="There is no machine"):
        http.get("people")


@pytest.mark.parametrize("secret", ["two\r\nX-Lines: 1", "two\n", "pässword"])
def test_a_secret_that_no_header_can_hold_is_told_without_it(proxy: FaultProxy, secret: str) -> None:
    with (
        Http(HttpPlace(proxy.base, limits=QUICK), lambda http, again, __: {"Authorization": secret}) as http,
        pytest.raises(IngestError, match="holds a character that HTTP does not allow") as caught,
    ):
        http.get("people")
    said = "".join(traceback.format_exception(caught.value))
    assert secret not in said
    assert repr(secret)[1:-1] not in said
    assert proxy.seen == []


@pytest.mark.parametrize(
    "link",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:9/people",
        "//elsewhere.example/people",
        "https://127.0.0.1/people",
        "http://user@127.0.0.1:80/people",
        "file:///etc/passwd",
        "http://127.0.0.1:99999/people",
        "http://[::1/people",
        "http://127.0.0.1\\@elsewhere.example/people",
    ],
)
def test_a_link_to_another_machine_is_not_followed(server: JsonServer, link: str) -> None:
    with Http(HttpPlace(server.base, limits=QUICK)) as http, pytest.raises(IngestError):
        http.get(link)
    assert server.asked == []


def test_a_link_with_a_character_that_no_address_has_is_told(server: JsonServer) -> None:
    with Http(HttpPlace(server.base, limits=QUICK)) as http, pytest.raises(IngestError, match="that HTTP does not allow"):
        http.get(f"{server.base}/pe\x01ple")


def test_a_link_local_base_is_refused_unless_the_file_names_it_twice() -> None:
    place = HttpPlace("http://169.254.169.254", limits=QUICK)
    with Http(place) as http, pytest.raises(IngestError, match="link-local address; refused"):
        http.absolute("latest")
    with Http(replace(place, allow_hosts=frozenset({"169.254.169.254"}))) as http:
        assert http.absolute("latest") == "http://169.254.169.254/latest"


def test_the_address_that_was_reached_is_judged_before_anything_is_sent(server: JsonServer) -> None:
    """A name may lead to another address than the one that it led to when it was looked up."""
    reached = []

    def refuse(host: str, port: int, address: str) -> None:
        reached.append((host, port, address))
        raise IngestError("refused")

    transport = deadline_transport(ssl.create_default_context(), Deadline(), refuse)
    with httpx.Client(transport=transport) as client, pytest.raises(IngestError, match="refused"):
        client.get(server.base)
    assert reached == [("127.0.0.1", int(server.base.rpartition(":")[2]), "127.0.0.1")]
    assert server.asked == []


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1%eth0", "::ffff:169.254.169.254", "224.0.0.1", "0.0.0.0", "::"])  # noqa: S104
def test_addresses_that_no_source_has(address: str) -> None:
    assert is_forbidden(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "::1", "2001:db8::1"])
def test_addresses_that_a_source_may_have(address: str) -> None:
    assert not is_forbidden(address)


def test_a_redirect_on_the_same_machine_is_followed_with_the_credentials(server: JsonServer) -> None:
    with Http(HttpPlace(server.base, limits=QUICK), lambda http, again, __: {"Authorization": SECRET}) as http:
        found = http.get("moved", {"key": "1"}).json("it")
    assert isinstance(found, dict)
    assert found["query"] == {"a": "1"}
    assert server.asked[-1].headers["authorization"] == SECRET


def test_credentials_are_not_taken_along_to_another_machine_even_one_that_is_allowed(server: JsonServer) -> None:
    place = HttpPlace(server.base, frozenset({"localhost"}), limits=QUICK)
    with Http(place, lambda http, again, __: {"Authorization": SECRET}) as http:
        http.send("GET", "elsewhere", params={"status": "302"}, headers={"X-Key": SECRET})
    assert "authorization" not in server.asked[-1].headers
    assert "x-key" not in server.asked[-1].headers


def test_what_was_posted_is_not_sent_on_to_another_machine(server: JsonServer) -> None:
    with (
        Http(HttpPlace(server.base, frozenset({"localhost"}), limits=QUICK)) as http,
        pytest.raises(IngestError, match="sends what was written to it on to another machine; refused"),
    ):
        http.send("POST", "elsewhere?status=307", form={"client_secret": SECRET})
    assert len(server.asked) == 1


def test_a_post_is_a_get_after_a_redirect_unless_the_server_says_otherwise(server: JsonServer) -> None:
    with Http(HttpPlace(server.base, limits=QUICK)) as http:
        http.send("POST", "moved", json={"a": 1})
        http.send("POST", "moved-for-good", json={"a": 1})
    assert [(asked.method, asked.path, asked.body) for asked in server.asked] == [
        ("POST", "/moved", b'{"a":1}'),
        ("GET", "/here", b""),
        ("POST", "/moved-for-good", b'{"a":1}'),
        ("POST", "/here", b'{"a":1}'),
    ]


def test_parameters_are_added_to_the_query_of_a_link(server: JsonServer) -> None:
    with Http(HttpPlace(f"{server.base}/api/v1", limits=QUICK)) as http:
        http.get("people?cursor=a%2Bb", {"limit": "2 3"})
        http.get("people?cursor=1", {})
    assert [dict(asked.query) for asked in server.asked] == [{"cursor": "a+b", "limit": "2 3"}, {"cursor": "1"}]
    assert server.asked[0].path == "/api/v1/people"


def test_another_status_is_an_answer_only_where_the_caller_expects_it(server: JsonServer) -> None:
    with Http(HttpPlace(server.base, limits=QUICK)) as http:
        assert http.send("GET", "status?is=404", accept=frozenset({404})).status == 404
        for status, advice in ((403, "may not read this"), (404, "check it in the source file"), (400, "did not take the request")):
            with pytest.raises(IngestError, match=advice):
                http.get(f"status?is={status}")


@pytest.mark.parametrize(
    "said",
    [
        "0",
        "",
        "soon",
        "²",
        "9" * 400,
        "-1",
        "Thu, 31 Dec 2099 00:00:00 -0000",
        "Thu, 01 Jan 1970 00:00:00 -0000",
    ],
)
def test_any_retry_after_is_understood_or_passed_over(said: str) -> None:
    statuses = iter([429, 200])
    with (
        json_server(lambda asked: Reply({}, next(statuses), {"Retry-After": said.encode().decode("latin-1")})) as server,
        Http(HttpPlace(server.base, limits=QUICK)) as http,
    ):
        assert http.get("people").status == 200


def test_the_type_that_a_server_names_is_not_repeated_when_it_is_none() -> None:
    with (
        json_server(lambda asked: Reply({}, 200, {"Content-Type": "Ann Lee 1999-01-01"})) as server,
        Http(HttpPlace(server.base, limits=QUICK)) as http,
    ):
        found = http.get("people")
    with pytest.raises(IngestError, match=r"not JSON \(no type"):
        replace(found, body=b"{").json("people")
