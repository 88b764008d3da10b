"""A request that two readers could read differently is refused by the server as it is started, and nothing behind it is served."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.journeys.cli import Operator, operator

SMUGGLED = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


@pytest.fixture(scope="module")
def somebody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    someone = operator(tmp_path_factory.mktemp("edge") / "home", "")
    someone.run("db", "upgrade")
    with someone.serving():
        yield someone


def sent(someone: Operator, request: bytes) -> bytes:
    """What comes back until the server ends the connection."""
    with socket.create_connection(("127.0.0.1", someone.port), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65_536):
            answer += part
    return answer


@pytest.mark.parametrize("path", ["/v1/candidates", "/oauth/token", "/healthz"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_smuggled_behind_two_lengths_is_not_served(somebody: Operator, method: str, path: str) -> None:
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\n".encode()
    answer = sent(somebody, head + CHUNKED + b"\r\n0\r\n\r\n" + SMUGGLED)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"Transfer-Encoding" in answer


@pytest.mark.parametrize(
    "lines",
    [
        b"Content-Length: 4\r\nContent-Length: 5\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        CHUNKED + CHUNKED,
        b"Host: elsewhere.example\r\n",
    ],
)
def test_a_length_coding_or_host_that_stands_twice_is_refused(somebody: Operator, lines: bytes) -> None:
    answer = sent(somebody, b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n" + lines + b"\r\n" + SMUGGLED)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"ok\n" not in answer


@pytest.mark.parametrize(
    "path",
    ["/v1%2fcandidates", "/oauth%2Ftoken", "/v1/x%2f..", "/%2e%2e/healthz", "/v1/%5ccandidates", "/v1/candidates%00", "/v1%252fx"],
)
def test_a_path_with_a_second_spelling_is_refused(somebody: Operator, path: str) -> None:
    answer = sent(somebody, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer
    assert b"Write the path without" in answer


def test_an_ordinary_request_is_served(somebody: Operator) -> None:
    assert b"ok\n" in sent(somebody, SMUGGLED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    chunked = b"POST /oauth/token HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" + CHUNKED + b"\r\n0\r\n\r\n"
    assert b"invalid_request" in sent(somebody, chunked)
