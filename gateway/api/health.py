"""`/healthz` (the process runs) and `/readyz` (it could answer): for the balancer, without any detail."""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter, Response

from gateway.disclose import Gate
from gateway.errors import Unavailable
from gateway.store.epoch import read_epoch


def health_router(gate: Gate) -> APIRouter:
    """Liveness and readiness."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz")
    async def alive() -> Response:
        """The process runs."""
        return Response("ok\n", media_type="text/plain")

    @router.get("/readyz")
    async def ready() -> Response:
        """Database, log and keys are within reach."""
        return await to_thread.run_sync(_ready, gate)

    return router


def _ready(gate: Gate) -> Response:
    try:
        with gate.database.read() as connection:
            read_epoch(connection)
    except Unavailable:
        return Response(status_code=503)
    return Response("ready\n", media_type="text/plain") if gate.log.ready else Response(status_code=503)
