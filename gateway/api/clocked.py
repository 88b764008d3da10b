"""Time answers: which route, which method, which status and how long, for whoever counts them. No address is told, only the
route that it matched: an address holds what a partner asks."""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Answered = Callable[[str, str, int, float], None]
"""(route's template, method, status, seconds until the answer began)"""
NO_ROUTE = "none"
OTHER = "other"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
"""A client may write any word for a method."""


class Clocked:
    """Outside of everything else, so that it sees every answer. An answer is whole before it begins, so what comes after is the
    time of the client's line."""

    def __init__(self, app: ASGIApp, answered: Answered) -> None:
        self._app = app
        self._answered = answered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                method = scope["method"] if scope["method"] in METHODS else OTHER
                self._answered(_route(scope), method, message["status"], time.perf_counter() - begun)
            await send(message)

        await self._app(scope, receive, answer)


def _route(scope: Scope) -> str:
    """The template as the routers write it, as in `/v1/{resource}`."""
    return str(getattr(scope.get("route"), "path", NO_ROUTE))
