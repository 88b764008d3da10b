"""`/healthz` (the process runs) and `/readyz` (it could answer, else the names of the checks that fail): for the balancer."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
from anyio import to_thread
from fastapi import APIRouter, Response

from gateway.errors import Unavailable
from gateway.gate import Gate
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
        """Database, log, policy engine and policies are as they must be; 503 names those that are not."""
        return await to_thread.run_sync(_ready, gate)

    return router


def _ready(gate: Gate) -> Response:
    failing = [*_storage_problems(gate), *gate.pdp.problems()]
    if failing:
        return Response(orjson.dumps({"failing": failing}), status_code=503, media_type="application/json")
    return Response("ready\n", media_type="text/plain")


def _storage_problems(gate: Gate) -> Iterator[str]:
    try:
        with gate.database.read() as connection:
            read_epoch(connection)
    except Unavailable:
        yield "database"
    if not gate.log.ready:
        yield "log"
