"""`/v1/push/{source}/{resource}/{batch}`: an institution sends its own records, in parts, as CSV or JSON Lines."""

from __future__ import annotations

from functools import partial

import orjson
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from gateway.api.bearer import bearer_token
from gateway.api.json_body import read_body, small_body
from gateway.api.receipt import receipt
from gateway.api.whole_body import media_type, whole_body
from gateway.errors import RequestError
from gateway.receive import (
    LARGEST_PART,
    MOST_PARTS,
    PART_TYPES,
    Completion,
    PushDesk,
    Received,
    Sent,
    admit_pusher,
    complete,
    receive_part,
    standing,
    turn_away,
)

THREADS, UPLOADS = 2, 4
ACCEPTED, OK = 202, 200


class CompletionBody(BaseModel):
    """What is said of a batch when all its parts were sent."""

    model_config = ConfigDict(extra="forbid")
    parts: int = Field(ge=1, le=MOST_PARTS)
    mode: str
    allow_shrink: bool = False


def pushes_router(desk: PushDesk) -> APIRouter:
    """The routes, for clients with the scope `sources:push`."""
    router = APIRouter(prefix="/v1/push", tags=["push"])
    limiter, uploads = CapacityLimiter(THREADS), CapacityLimiter(UPLOADS)

    @router.put("/{source}/{resource}/{batch}/{part}")
    async def send(source: str, resource: str, batch: str, part: str, request: Request) -> Response:
        """Send one part; sent again, it changes nothing."""
        token, sent = bearer_token(request), _sent(source, resource, batch, request)
        # Who sends is known before the body is read, and is looked up again after: an upload takes its time.
        await to_thread.run_sync(partial(admit_pusher, sent, token, desk), limiter=limiter)
        async with uploads:
            try:
                _no_parameters(request)
                number = _number(part)
                content = await whole_body(request, PART_TYPES, LARGEST_PART)
            except RequestError as why:
                await to_thread.run_sync(partial(turn_away, why, sent, token, desk), limiter=limiter)
                raise
            take = partial(receive_part, sent, number, media_type(request), content, token, desk)
            return _answer(sent, await to_thread.run_sync(take, limiter=limiter))

    @router.post("/{source}/{resource}/{batch}")
    async def complete_it(source: str, resource: str, batch: str, request: Request) -> Response:
        """Say that every part was sent."""
        token, sent = bearer_token(request), _sent(source, resource, batch, request)
        try:
            _no_parameters(request)
            said = read_body(await small_body(request), CompletionBody)
        except RequestError as why:
            await to_thread.run_sync(partial(turn_away, why, sent, token, desk), limiter=limiter)
            raise
        done = await to_thread.run_sync(
            partial(complete, sent, Completion(said.parts, said.mode, said.allow_shrink), token, desk), limiter=limiter
        )
        return _answer(sent, done)

    @router.get("/{source}/{resource}/{batch}")
    async def look(source: str, resource: str, batch: str, request: Request) -> Response:
        """Which parts are there, and what became of the batch."""
        token, sent = bearer_token(request), _sent(source, resource, batch, request)
        return _answer(sent, await to_thread.run_sync(partial(standing, sent, token, desk), limiter=limiter))

    return router


def _sent(source: str, resource: str, batch: str, request: Request) -> Sent:
    return Sent(source, resource, batch, str(request.state.request_id))


def _no_parameters(request: Request) -> None:
    if request.query_params:
        raise RequestError("A batch is sent without parameters in the address.")


def _number(part: str) -> int:
    if not (part.isascii() and part.isdigit() and len(part) <= len(str(MOST_PARTS))):
        raise RequestError(f"Parts are numbered from 1 to {MOST_PARTS:,}.")
    return int(part)


def _answer(sent: Sent, received: Received) -> Response:
    batch = received.batch
    answer: dict[str, object] = {"batch": sent.batch, "state": batch.state, "parts": list(received.parts)}
    answer |= {name: value for name, value in (("mode", batch.mode), ("failure", batch.failure), ("counts", batch.counts)) if value}
    headers = {} if received.entry is None else receipt(received.entry)
    status = ACCEPTED if batch.state in ("receiving", "complete") else OK
    return Response(orjson.dumps(answer), status_code=status, media_type="application/json", headers=headers)
