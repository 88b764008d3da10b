"""`GET /v1/{resource}`: a page of the permitted view; `GET /v1/{resource}/changes`: what changed in it;
`GET /v1/{resource}/export`: all of it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

from anyio import CapacityLimiter, WouldBlock, to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from gateway.api.accept import accepted
from gateway.api.bearer import bearer_token
from gateway.api.framing import frame, frame_changes, frame_export
from gateway.api.receipt import receipt
from gateway.disclose import disclose, turn_away
from gateway.domain.access import AccessRequest, Format
from gateway.domain.auditing import AuditEntry
from gateway.domain.identifiers import ResourceName
from gateway.encode import MEDIA_TYPES
from gateway.errors import RequestError, Unavailable
from gateway.export import Export, export
from gateway.feed import feed
from gateway.gate import Disclosure, Gate

REDISCLOSURE = "prohibited; 34 CFR 99.33"
MOST_TAGS = 20
MOST_SPOOLS = 32
TOO_MANY_SPOOLS = f"{MOST_SPOOLS} exports wait for their readers, and there is no room for more. Try again shortly."
PAGE_FORMATS: tuple[Format, ...] = tuple(MEDIA_TYPES)
FEED_FORMATS: tuple[Format, ...] = ("json", "ndjson")
EXPORT_FORMATS: tuple[Format, ...] = ("ndjson", "csv", "parquet", "arrow")
Framing = Callable[[str, Iterable[tuple[str, str]], str], AccessRequest]
"""(resource, query, the request's id) -> what is asked for; raises `RequestError`."""


def records_router(gate: Gate, threads: int) -> APIRouter:
    """The data routes; `threads` requests are served at once, and half as many exports beside them; the rest wait (decision 18)."""
    router = APIRouter(prefix="/v1", tags=["records"])
    limiter = CapacityLimiter(threads)
    long_ones, spools = CapacityLimiter(max(1, threads // 2)), CapacityLimiter(MOST_SPOOLS)

    @router.get("/{resource}/export")
    async def whole(resource: str, request: Request) -> Response:
        """All records of one resource that an agreement lets you see, in one answer."""
        place = object()
        with ExitStack() as place_taken:
            try:
                spools.acquire_on_behalf_of_nowait(place)
            except WouldBlock:
                raise Unavailable(TOO_MANY_SPOOLS) from None
            place_taken.callback(spools.release_on_behalf_of, place)
            exported = await to_thread.run_sync(partial(_serve_export, resource, request, gate), limiter=long_ones)
            return _Spooled(exported, place_taken.pop_all())

    @router.get("/{resource}/changes")
    async def changes(resource: str, request: Request) -> Response:
        """What changed in what an agreement lets you see of one resource, since you asked last."""
        disclosure = await to_thread.run_sync(partial(_serve_changes, resource, request, gate), limiter=limiter)
        return _answer(disclosure)

    @router.head("/{resource}", include_in_schema=False)
    @router.get("/{resource}")
    async def page(resource: str, request: Request) -> Response:
        """A page of the records of one resource that an agreement lets you see, as far as it lets you see them."""
        # An unread body or a dropped connection must not cancel a disclosure between its entry and its answer.
        disclosure = await to_thread.run_sync(partial(_serve, resource, request, gate), limiter=limiter)
        return _answer(disclosure)

    return router


class _Spooled(StreamingResponse):
    """An export on its way; whatever becomes of it, its spool is closed and its place is free."""

    def __init__(self, exported: Export, place_taken: ExitStack) -> None:
        headers = {**_about(exported.entry, exported.salt, exported.bound), **exported.headers}
        headers["Content-Length"] = str(exported.spool.length)
        super().__init__(exported.spool.read(), media_type=exported.media_type, headers=headers)
        self._at_the_end = place_taken
        self._at_the_end.callback(exported.spool.close)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._at_the_end:
            await super().__call__(scope, receive, send)


def _serve(resource: str, request: Request, gate: Gate) -> Disclosure:
    asked, token = _asked(frame, PAGE_FORMATS, resource, request, gate)
    known = _known(request.headers.get("if-none-match", ""))
    return disclose(replace(asked, head=request.method == "HEAD", known=known), token, gate)


def _serve_export(resource: str, request: Request, gate: Gate) -> Export:
    return export(*_asked(frame_export, EXPORT_FORMATS, resource, request, gate), gate)


def _serve_changes(resource: str, request: Request, gate: Gate) -> Disclosure:
    return feed(*_asked(frame_changes, FEED_FORMATS, resource, request, gate), gate)


def _asked(
    framing: Framing, offered: tuple[Format, ...], resource: str, request: Request, gate: Gate
) -> tuple[AccessRequest, str | None]:
    """What a request asks for, and its token. One that cannot be framed is refused with its entry."""
    token, request_id = bearer_token(request), str(request.state.request_id)
    try:
        asked = framing(resource, request.query_params.multi_items(), request_id)
        return replace(asked, format=accepted(request.headers.get("accept"), offered)), token
    except RequestError as why:
        turn_away(why, ResourceName(resource), request_id, token, gate)


def _known(header: str) -> tuple[str, ...]:
    """The tags of `If-None-Match`; a weak one counts as its strong one does."""
    tags = (part.strip().removeprefix("W/").strip('"') for part in header.split(","))
    return tuple(tag for tag in tags if tag)[:MOST_TAGS]


def _about(entry: AuditEntry, salt: bytes, bound: bool) -> dict[str, str]:
    """The headers of every answer: its receipt, and whether it may be passed on."""
    headers = {"Vary": "Accept", **receipt(entry), "Gateway-Body-Salt": base64.b64encode(salt).decode()}
    return {**headers, "Gateway-Redisclosure": REDISCLOSURE} if bound else headers


def _answer(disclosure: Disclosure) -> Response:
    headers = {**_about(disclosure.entry, disclosure.salt, disclosure.bound), **disclosure.body.headers}
    if disclosure.beside:
        headers["Gateway-Expanded-Entries"] = ", ".join(disclosure.beside)
    if disclosure.tag is not None:
        headers["ETag"] = f'"{disclosure.tag}"'
    if disclosure.version is not None:
        headers["Gateway-Version"] = disclosure.version
    if disclosure.operation == "not_modified":
        return Response(status_code=304, headers=headers)
    return Response(disclosure.body.content, media_type=disclosure.body.media_type, headers=headers)
