"""An OPA server that fails, lies or hangs up: `Unavailable`, once each, and then left alone for a while."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from gateway.errors import Unavailable
from gateway.pdp.opa_server import OpaServerPdp


class FakeOpa(ThreadingHTTPServer):
    """Answers every question with `status` and `content`, and counts them."""

    status = 200
    content = b'{"result": {"decision": "deny"}}'
    asked = 0
    daemon_threads = True


class Handler(BaseHTTPRequestHandler):
    server: FakeOpa

    def do_POST(self) -> None:
        self.server.asked += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()
        self.wfile.write(self.server.content)

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def opa() -> Iterator[FakeOpa]:
    server = FakeOpa(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(opa: FakeOpa, clock: Clock) -> Iterator[OpaServerPdp]:
    opened = OpaServerPdp("127.0.0.1", opa.server_address[1], clock=clock)
    yield opened
    opened.close()


def _fails(engine: OpaServerPdp, times: int) -> None:
    for _ in range(times):
        with pytest.raises(Unavailable):
            engine.evaluate({})


def test_the_answer_is_the_result(engine: OpaServerPdp) -> None:
    assert engine.evaluate({}) == {"decision": "deny"}


def test_no_result_is_none(engine: OpaServerPdp, opa: FakeOpa) -> None:
    opa.content = b"{}"
    assert engine.evaluate({}) is None


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_an_error_is_unavailable_and_is_not_asked_again(engine: OpaServerPdp, opa: FakeOpa, status: int) -> None:
    opa.status = status
    _fails(engine, 1)
    assert opa.asked == 1


def test_an_answer_that_is_no_json_is_unavailable_and_not_quoted(engine: OpaServerPdp, opa: FakeOpa) -> None:
    opa.content = b"Ada Lovelace"
    with pytest.raises(Unavailable) as caught:
        engine.evaluate({"name": "Ada"})
    assert "Ada" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_proxy_of_the_environment_is_not_used(engine: OpaServerPdp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert engine.evaluate({}) is not None


def test_after_three_failures_nobody_asks(engine: OpaServerPdp, opa: FakeOpa) -> None:
    opa.status = 500
    _fails(engine, 5)
    assert opa.asked == 3


def test_after_a_rest_one_question_tries_again(engine: OpaServerPdp, opa: FakeOpa, clock: Clock) -> None:
    opa.status = 500
    _fails(engine, 4)
    clock.now += 2.0
    _fails(engine, 2)
    assert opa.asked == 4
    opa.status = 200
    clock.now += 1.9
    _fails(engine, 1)
    clock.now += 0.1
    assert engine.evaluate({}) == {"decision": "deny"}
    assert engine.evaluate({}) == {"decision": "deny"}


def test_one_success_forgets_the_failures_before_it(engine: OpaServerPdp, opa: FakeOpa) -> None:
    for status in (500, 500, 200, 500, 500):
        opa.status = status
        if status == 200:
            engine.evaluate({})
        else:
            _fails(engine, 1)
    opa.status = 200
    assert engine.evaluate({}) is not None


def test_no_server_is_unavailable(opa: FakeOpa, clock: Clock) -> None:
    free = FakeOpa(("127.0.0.1", 0), Handler)
    port = free.server_address[1]
    free.server_close()
    engine = OpaServerPdp("127.0.0.1", port, clock=clock)
    _fails(engine, 1)
    engine.close()
