"""`GET /v1/sources`: how fresh an institution's own sources are."""

from __future__ import annotations

from functools import partial

import orjson
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request, Response

from gateway.api.bearer import bearer_token
from gateway.api.receipt import receipt
from gateway.tell_sources import SourcesDesk, Told, tell_sources

THREADS = 1


def sources_router(desk: SourcesDesk) -> APIRouter:
    """The route, for clients with the scope `sources:read`."""
    router = APIRouter(tags=["sources"])
    limiter = CapacityLimiter(THREADS)

    @router.get("/v1/sources")
    async def sources(request: Request) -> Response:
        """When each resource of each source of your institution was last synced well, and whether it is late."""
        tell = partial(
            tell_sources, bearer_token(request), str(request.state.request_id), desk, parameters=bool(request.query_params)
        )
        return _answer(await to_thread.run_sync(tell, limiter=limiter))

    return router


def _answer(told: Told) -> Response:
    rows = [
        {
            "source": entry.source,
            "resource": entry.resource,
            "synced_at": entry.synced_at,
            "late_after_seconds": None if entry.late_after is None else int(entry.late_after.total_seconds()),
            "late": late,
        }
        for entry, late in told.sources
    ]
    return Response(orjson.dumps({"data": rows}), media_type="application/json", headers=receipt(told.entry))
