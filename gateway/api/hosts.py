"""Refuse a request for another host: behind it could be a page that speaks for somebody's browser (DNS rebinding).

Starlette's own middleware does the same but answers in plain text, which no client of this API expects.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.api.problems import problem
from gateway.errors import RequestError

WRONG_HOST = "This gateway is not known by that name. Use the address that its operator gave you (GATEWAY_ALLOWED_HOSTS)."


class KnownHosts:
    """`hosts` are names, `*.example.org` for all below one, `*` for any."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self._app = app
        self._hosts = tuple(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._known(Headers(scope=scope).get("host", "")):
            await self._app(scope, receive, send)
            return
        await problem(RequestError(WRONG_HOST), scope["state"]["request_id"])(scope, receive, send)

    def _known(self, host: str) -> bool:
        # An address of IPv6 stands in brackets and has colons of its own.
        name = host.rpartition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
        return any(known in {"*", name} or (known.startswith("*.") and name.endswith(known[1:])) for known in self._hosts)
