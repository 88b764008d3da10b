"""An OPA server that fails, lies, drips, hangs up or has another bundle: `Unavailable` in time, and then left alone for a while."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson
import pytest

from gateway.errors import Unavailable
from gateway.pdp.live import EMPTY
from gateway.pdp.opa_server import OpaServerPdp, ServedEngine
from gateway.pdp.read_bundle import read_bundle
from gateway.shipped import shipped


class FakeOpa(ThreadingHTTPServer):
    """Answers every question with `status` and `content`, and counts them."""

    status = 200
    content = b'{"result": {"decision": "deny"}}'
    asked = 0
    body = b""
    path = ""
    daemon_threads = True


class Handler(BaseHTTPRequestHandler):
    server: FakeOpa

    def do_POST(self) -> None:
        self.server.asked += 1
        self.server.path = self.path
        self.server.body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()
        with suppress(ConnectionError):
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


BUNDLE = read_bundle(shipped("policies") / "bundle")
OTHER = "o" * 64


def _says(opa: FakeOpa, revision: str, result: object = None) -> None:
    opa.content = orjson.dumps({"result": result, "provenance": {"bundles": {"b": {"revision": revision}}}})


@pytest.fixture
def served(engine: OpaServerPdp, clock: Clock) -> ServedEngine:
    return ServedEngine(engine, BUNDLE, clock=clock, hurry=lambda _: None)


def test_an_answer_of_the_gateways_own_bundle_counts(served: ServedEngine, opa: FakeOpa) -> None:
    _says(opa, BUNDLE.digest, {"decision": "deny"})
    assert served.ask(EMPTY) == ({"decision": "deny"}, BUNDLE.digest)
    assert b'"input": {}' in opa.body
    assert "provenance=True" in opa.path


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        b'"true"',
        b"true",
        b"null",
        b"[]",
        b'{"result": true}',
        b'{"result": {"decision": "permit"}}',
        b'{"result": {"decision": "perm',
        b'{"result": {}, "provenance": {}}',
        b'{"result": {}, "provenance": {"bundles": []}}',
        b'{"result": {}, "provenance": {"bundles": {"b": "' + BUNDLE.digest.encode() + b'"}}}',
        b'{"result": {}, "provenance": {"bundles": {"b": {"revision": "' + OTHER.encode() + b'"}}}}',
        b"[" * 100_000,
    ],
)
def test_what_does_not_name_the_gateways_own_bundle_is_unavailable(served: ServedEngine, opa: FakeOpa, content: bytes) -> None:
    opa.content = content
    with pytest.raises(Unavailable) as caught:
        served.ask(EMPTY)
    assert "perm" not in str(caught.value)


def test_the_string_true_from_the_right_bundle_is_for_the_gateway_to_refuse(served: ServedEngine, opa: FakeOpa) -> None:
    _says(opa, BUNDLE.digest, "true")
    assert served.ask(EMPTY) == ("true", BUNDLE.digest)


def test_a_server_that_has_a_new_bundle_first_has_the_gateway_look_for_it(engine: OpaServerPdp, opa: FakeOpa, clock: Clock) -> None:
    fresh = replace(BUNDLE, digest=OTHER)
    found = ServedEngine(engine, BUNDLE, clock=clock, hurry=lambda _: found.take(fresh))
    _says(opa, OTHER, 1)
    assert found.ask(EMPTY) == (1, OTHER)
    _says(opa, BUNDLE.digest, 2)
    with pytest.raises(Unavailable):
        found.ask(EMPTY)


def test_an_answer_counts_though_its_bundle_was_taken_and_exchanged_again_since(
    engine: OpaServerPdp, opa: FakeOpa, clock: Clock
) -> None:
    def twice(_: float) -> None:
        found.take(replace(BUNDLE, digest=OTHER))
        found.take(BUNDLE)

    found = ServedEngine(engine, BUNDLE, clock=clock, hurry=twice)
    _says(opa, OTHER, 1)
    assert found.ask(EMPTY) == (1, OTHER)


def test_after_a_new_bundle_the_older_ones_answers_count_for_a_while(served: ServedEngine, opa: FakeOpa, clock: Clock) -> None:
    served.take(replace(BUNDLE, digest=OTHER))
    _says(opa, BUNDLE.digest, 1)
    clock.now += 9.9
    assert served.ask(EMPTY) == (1, BUNDLE.digest)
    clock.now += 0.1
    with pytest.raises(Unavailable):
        served.ask(EMPTY)
    _says(opa, OTHER, 2)
    assert served.ask(EMPTY) == (2, OTHER)


def test_once_the_server_has_the_new_bundle_the_older_ones_answers_do_not_count(served: ServedEngine, opa: FakeOpa) -> None:
    served.take(replace(BUNDLE, digest=OTHER))
    _says(opa, OTHER, 1)
    assert served.ask(EMPTY) == (1, OTHER)
    _says(opa, BUNDLE.digest, 2)
    with pytest.raises(Unavailable):
        served.ask(EMPTY)


class Dripping:
    """A server that sends `first` and then one byte every `every` seconds, for ever."""

    def __init__(self, first: bytes, every: float = 0.05) -> None:
        self._first = first
        self._every = every
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        self._listening.settimeout(0.05)
        while not self._ended.is_set():
            try:
                connection, _ = self._listening.accept()
            except TimeoutError:
                continue
            with connection, suppress(OSError):
                connection.recv(65536)
                connection.sendall(self._first)
                while not self._ended.wait(self._every):
                    connection.sendall(b" ")

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        self._listening.close()


@pytest.mark.parametrize(
    "first",
    [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{", b"HTTP/1.1 200 OK\r\n\r\n{"],
    ids=["nothing", "a header", "a body", "a body without end"],
)
def test_a_server_that_drips_is_unavailable_in_time(first: bytes, clock: Clock) -> None:
    server = Dripping(first)
    engine = OpaServerPdp("127.0.0.1", server.port, clock=clock)
    begun = time.monotonic()
    _fails(engine, 1)
    took = time.monotonic() - begun
    engine.close()
    server.close()
    assert took < 2.0
    assert took > 1.0, "it was given its time"


def test_an_answer_without_end_is_unavailable_after_so_many_bytes(engine: OpaServerPdp, opa: FakeOpa) -> None:
    opa.content = b" " * (5 * 1024 * 1024)
    _fails(engine, 1)


def test_an_answer_that_ends_early_is_unavailable(clock: Clock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_hang_up, args=(listening, b'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"result":'))
        thread.start()
        engine = OpaServerPdp("127.0.0.1", int(listening.getsockname()[1]), clock=clock)
        _fails(engine, 1)
        engine.close()
        thread.join()


def _hang_up(listening: socket.socket, content: bytes) -> None:
    connection, _ = listening.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(content)


def test_a_name_that_takes_long_to_look_up_is_unavailable_in_time(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()

    def look_up(*_: object, **__: object) -> object:
        ended.wait(5)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    engine = OpaServerPdp("opa.example.org", 8181, clock=clock)
    begun = time.monotonic()
    _fails(engine, 1)
    assert time.monotonic() - begun < 2.0
    ended.set()
    engine.close()
