"""Alerts that are posted: signed so that others can check it, over TLS, to where the file says and nowhere else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import stamina

from connectors.secrets import SecretRef
from gateway.alerts.message import NotSent
from gateway.alerts.rules import Webhook
from gateway.alerts.send_webhook import TRIES, is_allowed, secret_bytes, send_webhook, signature
from tests.fault_proxy import fault_proxy, self_signed
from tests.json_server import Asked, JsonServer, Reply, json_server

NOW = datetime(2026, 11, 24, 13, tzinfo=UTC)
KEY = bytes(range(32))
TEXT = base64.b64encode(KEY).decode()
SECRET = SecretRef("env", "HOOK")
BODY = b'{"type":"gateway.alert"}'


@pytest.fixture(autouse=True)
def no_waits() -> Iterator[None]:
    with stamina.set_testing(True, attempts=TRIES):
        yield


def answer(asked: Asked) -> Reply:
    match asked.path:
        case "/moved":
            return Reply({}, 307, {"Location": "/in"})
        case "/status":
            return Reply({}, int(asked.query["is"]))
        case "/busy":
            return Reply({}, 503)
    return Reply({"secret": "of the receiver"})


@pytest.fixture
def server() -> Iterator[JsonServer]:
    with json_server(answer) as running:
        yield running


def post(base: str, path: str = "/in", *, loopback: bool = True, ca_file: Path | None = None, text: str = TEXT) -> None:
    channel = Webhook(f"{base}{path}", SECRET, loopback=loopback, ca_file=ca_file)
    send_webhook("0193-alert", BODY, channel, lambda _: text, NOW)


def test_the_body_arrives_with_a_signature_that_holds(server: JsonServer) -> None:
    post(server.base)
    [asked] = server.asked
    assert (asked.method, asked.body) == ("POST", BODY)
    assert asked.headers["webhook-id"] == "0193-alert"
    assert asked.headers["webhook-timestamp"] == "1795525200"
    expected = hmac.new(KEY, b"0193-alert.1795525200." + BODY, hashlib.sha256).digest()
    assert asked.headers["webhook-signature"] == "v1," + base64.b64encode(expected).decode()


def test_the_signature_is_the_one_of_the_specification() -> None:
    # The example of the Standard Webhooks' own libraries.
    secret = secret_bytes("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    made = signature("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', secret, datetime.fromtimestamp(1614265330, UTC))
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("text", ["hunter2", "!!!", base64.b64encode(bytes(23)).decode(), base64.b64encode(bytes(65)).decode()])
def test_a_secret_that_is_too_weak_or_no_secret_is_refused_and_not_repeated(server: JsonServer, text: str) -> None:
    with pytest.raises(NotSent, match="openssl rand") as caught:
        post(server.base, text=text)
    assert text not in str(caught.value)
    assert server.asked == []


def test_a_redirect_is_not_followed(server: JsonServer) -> None:
    with pytest.raises(NotSent, match="status 307; it leads elsewhere"):
        post(server.base, "/moved")
    assert [asked.path for asked in server.asked] == ["/moved"]


def test_a_busy_server_is_asked_again_and_then_given_up(server: JsonServer) -> None:
    with pytest.raises(NotSent, match="in 3 tries"):
        post(server.base, "/busy")
    assert len(server.asked) == TRIES
    assert len({asked.headers["webhook-id"] for asked in server.asked}) == 1


@pytest.mark.parametrize("status", [400, 401, 404, 410])
def test_what_does_not_take_it_is_not_asked_again(server: JsonServer, status: int) -> None:
    with pytest.raises(NotSent, match=f"status {status}"):
        post(server.base, f"/status?is={status}&token=hunter2")
    assert len(server.asked) == 1


def test_no_message_holds_path_query_or_answer(server: JsonServer) -> None:
    for path in ("/moved?token=hunter2", "/busy?token=hunter2", "/status?is=404&token=hunter2"):
        with pytest.raises(NotSent) as caught:
            post(server.base, path)
        assert "hunter2" not in str(caught.value)
        assert "receiver" not in str(caught.value)


def test_this_machine_is_refused_unless_the_file_allows_it(server: JsonServer) -> None:
    for base in (server.base, server.base.replace("127.0.0.1", "localhost")):
        with pytest.raises(NotSent, match="refused"):
            post(base, loopback=False)
    assert server.asked == []


@pytest.mark.parametrize(
    ("address", "loopback", "private"),
    [
        ("127.0.0.1", True, False),
        ("::1", True, False),
        ("::ffff:127.0.0.1", True, False),
        ("10.1.2.3", False, True),
        ("192.168.0.1", False, True),
        ("172.16.9.9", False, True),
        ("::ffff:10.1.2.3", False, True),
        ("100.64.0.1", False, True),
        ("fd00::1", False, True),
    ],
)
def test_each_kind_of_address_needs_its_own_word(address: str, loopback: bool, private: bool) -> None:
    assert is_allowed(address, loopback=loopback, private=private)
    assert not is_allowed(address, loopback=not loopback, private=not private)


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1%eth0", "::", "224.0.0.1", "::ffff:169.254.169.254"])
def test_where_a_cloud_gives_away_its_keys_nothing_is_ever_posted(address: str) -> None:
    assert not is_allowed(address, loopback=True, private=True)


def test_a_public_address_needs_no_word() -> None:
    assert is_allowed("93.184.216.34", loopback=False, private=False)
    assert is_allowed("2606:4700::1111", loopback=False, private=False)


def test_tls_is_checked(server: JsonServer, tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    with fault_proxy(server.base, certificate) as proxy:
        with pytest.raises(NotSent, match="certificate does not hold"):
            post(proxy.base)
        assert server.asked == []
        post(proxy.base, ca_file=certificate)
    assert len(server.asked) == 1


def test_a_server_that_is_not_there_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(NotSent, match="in 3 tries"):
            post(f"http://127.0.0.1:{taken.getsockname()[1]}")
