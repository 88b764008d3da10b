"""A request is answered under the gateway's own names only, and told so in a problem document."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from starlette.responses import Response
from starlette.types import Message

from gateway.api.hosts import KnownHosts

NAMES = ("127.0.0.1", "gateway.example.org", "*.partners.example.org", "[::1]")


async def asked(hosts: tuple[str, ...], *headers: tuple[bytes, bytes]) -> list[Any]:
    told: list[Any] = []

    async def send(message: Message) -> None:
        told.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": "GET", "path": "/", "headers": list(headers), "state": {"request_id": "r-1"}}
    await KnownHosts(Response(b"served"), hosts)(scope, receive, send)
    return told


@pytest.mark.parametrize(
    ("host", "served"),
    [
        (b"127.0.0.1", True),
        (b"127.0.0.1:8080", True),
        (b"gateway.example.org", True),
        (b"a.partners.example.org", True),
        (b"partners.example.org", False),
        (b"evilpartners.example.org", False),
        (b"evil.example.org", False),
        (b"127.0.0.1.evil.example.org", False),
        (b"[::1]:8080", True),
        (b"[::2]", False),
        (b"", False),
    ],
)
def test_names(host: bytes, served: bool) -> None:
    start, body = anyio.run(asked, NAMES, (b"host", host))
    assert (start["status"], body["body"] == b"served") == ((200, True) if served else (400, False))
    if not served:
        assert (b"content-type", b"application/problem+json") in start["headers"]
        assert b"not known by that name" in body["body"]
        assert host == b"" or host not in body["body"]


def test_without_a_host_nothing_is_served_but_where_any_is_good() -> None:
    assert anyio.run(asked, NAMES)[0]["status"] == 400
    assert anyio.run(asked, ("*",))[0]["status"] == 200
