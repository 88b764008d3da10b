"""Refuse a request that two readers could read differently: what a proxy let through must be what the routes answer.

The server underneath takes Content-Length beside Transfer-Encoding and serves what is smuggled behind it, and routes match the
decoded path, so that `/v1%2fcandidates` would reach `/v1/candidates` past a proxy's rule for `/v1/`.
"""

from __future__ import annotations

import re

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.api.problems import problem
from gateway.errors import RequestError

_ONCE = (b"content-length", b"transfer-encoding", b"host")
_HIDDEN = re.compile(rb"%(2[ef5]|5c|[01][0-9a-f]|7f)|[\\\x00-\x20\x7f]", re.IGNORECASE)
LENGTHS = "Send Content-Length or Transfer-Encoding: chunked, once."
HEADERS = "Send `Content-Length`, `Transfer-Encoding` and `Host` once each."
PATH = "Write the path without encoded slashes, dots, percent signs or control characters."


class RefuseAmbiguous:
    """Answers such a request with 400 and ends its connection, so that nothing behind it is read as another request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wrong = _wrong(scope) if scope["type"] == "http" else None
        if wrong is None:
            await self._app(scope, receive, send)
            return
        answer = problem(RequestError(wrong), scope["state"]["request_id"])
        answer.headers["Connection"] = "close"
        await answer(scope, receive, send)


def _wrong(scope: Scope) -> str | None:
    names = [name for name, _ in scope["headers"]]
    if any(names.count(name) > 1 for name in _ONCE):
        return HEADERS
    codings = [value.strip().lower() for name, value in scope["headers"] if name == b"transfer-encoding"]
    if codings and (b"content-length" in names or codings != [b"chunked"]):
        return LENGTHS
    return PATH if _HIDDEN.search(scope["raw_path"]) else None
