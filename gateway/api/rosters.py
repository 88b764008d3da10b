"""`PUT` and `POST /v1/{resource}/roster`: a recipient says whom it asks about, or has it made from its own records here."""

from __future__ import annotations

from functools import partial

import orjson
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request, Response

from gateway.api.bearer import bearer_token
from gateway.api.framing import frame
from gateway.api.receipt import receipt
from gateway.api.whole_body import media_type, whole_body
from gateway.domain.access import AccessRequest
from gateway.domain.identifiers import ResourceName
from gateway.errors import RequestError
from gateway.finder import fill_roster
from gateway.gate import Gate
from gateway.read_roster import CSV, JSON, LARGEST_ROSTER
from gateway.submit_roster import RosterDesk, Submission, Submitted, admit_sender, submit_roster, turn_away

THREADS, UPLOADS = 2, 2
"""A roster has up to 8 MB, and is put in its place by one writer at a time anyway."""
NARROWS = frozenset({"purpose", "provider", "agreement"})


def rosters_router(gate: Gate) -> APIRouter:
    """The route, for clients with the scope `rosters:write`."""
    router = APIRouter(prefix="/v1", tags=["rosters"])
    desk = roster_desk(gate)
    limiter, uploads = CapacityLimiter(THREADS), CapacityLimiter(UPLOADS)

    @router.put("/{resource}/roster")
    async def submit(resource: str, request: Request) -> Response:
        """Say whose records you ask about; the roster stands in the place of the one before."""
        token, request_id = bearer_token(request), str(request.state.request_id)
        bare = AccessRequest(ResourceName(resource), "", request_id=request_id)
        # Who asks is known before the body is read, and is looked up again after: an upload takes its time.
        await to_thread.run_sync(partial(admit_sender, bare, token, desk), limiter=limiter)
        async with uploads:
            try:
                asked = _framed(resource, request, request_id)
                content = await whole_body(request, (CSV, JSON), LARGEST_ROSTER)
            except RequestError as why:
                await to_thread.run_sync(partial(turn_away, why, bare, token, desk), limiter=limiter)
                raise
            submission = Submission(asked, content, media_type(request))
            # A thread is not cancelled when the client goes away, so that a roster and its entry stay together.
            done = await to_thread.run_sync(partial(submit_roster, submission, token, desk), limiter=limiter)
        return _answer(done)

    @router.post("/{resource}/roster")
    async def fill(resource: str, request: Request) -> Response:
        """Have the roster made from your own institution's records here; it stands in the place of the one before."""
        token, request_id = bearer_token(request), str(request.state.request_id)
        bare = AccessRequest(ResourceName(resource), "", request_id=request_id)
        await to_thread.run_sync(partial(admit_sender, bare, token, desk), limiter=limiter)
        try:
            asked = _framed(resource, request, request_id)
            # Who sends a roster here meant to PUT it.
            await whole_body(request, (), 0)
        except RequestError as why:
            await to_thread.run_sync(partial(turn_away, why, bare, token, desk), limiter=limiter)
            raise
        done = await to_thread.run_sync(partial(fill_roster, asked, token, gate, desk), limiter=limiter)
        return _answer(done.submitted, without_number=done.without_number, doubled=done.doubled)

    return router


def roster_desk(gate: Gate) -> RosterDesk:
    """What taking a roster in needs of a gate."""
    return RosterDesk(
        gate.catalog, gate.database, gate.ring, gate.pdp, gate.modules, gate.log, gate.verifier, gate.clock, gate.random_bytes
    )


def _framed(resource: str, request: Request, request_id: str) -> AccessRequest:
    parameters = request.query_params.multi_items()
    if any(name not in NARROWS for name, _ in parameters):
        raise RequestError(f"A roster is sent with no other parameters than {', '.join(sorted(NARROWS))}.")
    return frame(resource, parameters, request_id)


def _answer(done: Submitted, **more: int) -> Response:
    answer = {
        "lines": done.lines,
        **more,
        "agreement": done.roster.agreement,
        "schedule": done.roster.schedule,
        "sent_under": done.sent_under,
        "entry": done.entry.entry,
    }
    return Response(orjson.dumps(answer), media_type=JSON, headers=receipt(done.entry))
