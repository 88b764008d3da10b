"""Put the routers together behind one edge: host check, request ids, headers, and one answer for every error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.accountability.evidence import EvidenceDesk
from gateway.agreements.desk import OpenLaw
from gateway.api.agreements import agreements_router
from gateway.api.ambiguity import RefuseAmbiguous
from gateway.api.clocked import Answered, Clocked
from gateway.api.disclosures import disclosures_router
from gateway.api.evidence import evidence_router
from gateway.api.health import health_router
from gateway.api.hosts import KnownHosts
from gateway.api.oauth import oauth_router
from gateway.api.problems import failure, problem, protocol_problem
from gateway.api.pushes import pushes_router
from gateway.api.records import records_router
from gateway.api.rights import rights_router
from gateway.api.rosters import rosters_router
from gateway.api.sources import sources_router
from gateway.errors import GatewayError
from gateway.gate import Gate
from gateway.issue_token import TokenIssuer
from gateway.receive import PushDesk
from gateway.register.authorise import RegisterGate
from gateway.register.desk import RegisterDesk
from gateway.telemetry import logger, place_of
from gateway.tell_sources import SourcesDesk

HEADERS = ((b"cache-control", b"no-store, private"), (b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))


@dataclass(frozen=True)
class Edge:
    """What the edge needs from the settings; `answered` hears of every answer, where somebody counts them."""

    allowed_hosts: tuple[str, ...]
    data_threads: int
    new_request_id: Callable[[], str]
    answered: Answered | None = None


def build_api(gate: Gate, law: OpenLaw, issuer: TokenIssuer, pushes: PushDesk, edge: Edge) -> FastAPI:
    """The application over these use cases."""
    app = FastAPI(
        title="Educator Data Gateway",
        version=version("educator-data-gateway"),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    # Before the records, whose path would be that of a resource named so.
    app.include_router(sources_router(SourcesDesk(gate.database, gate.log, gate.verifier, gate.clock)))
    app.include_router(disclosures_router(_register(gate)))
    app.include_router(records_router(gate, edge.data_threads))
    app.include_router(rosters_router(gate))
    app.include_router(pushes_router(pushes))
    app.include_router(rights_router(gate))
    app.include_router(agreements_router(gate, law))
    app.include_router(evidence_router(EvidenceDesk(gate.database, gate.log, gate.verifier, gate.clock)))
    app.include_router(oauth_router(issuer, gate.verifier))
    app.include_router(health_router(gate))
    app.add_exception_handler(GatewayError, _known)
    app.add_exception_handler(HTTPException, _protocol)
    app.add_middleware(KnownHosts, hosts=edge.allowed_hosts)
    app.add_middleware(RefuseAmbiguous)
    app.add_middleware(_Outermost, new_request_id=edge.new_request_id)
    if edge.answered is not None:
        app.add_middleware(Clocked, answered=edge.answered)
    return app


def _register(gate: Gate) -> RegisterGate:
    desk = RegisterDesk(gate.catalog, gate.tables, gate.database, gate.ring, gate.log, gate.clock)
    return RegisterGate(desk, gate.verifier, gate.cursors)


def _known(request: Request, why: Exception) -> Response:
    if not isinstance(why, GatewayError):
        raise why
    if why.status >= GatewayError.status:
        logger().warning("request failed", code=why.code, request=request.state.request_id)
    return problem(why, request.state.request_id)


def _protocol(request: Request, why: Exception) -> Response:
    if not isinstance(why, HTTPException):
        raise why
    return protocol_problem(why, request.state.request_id)


class _Outermost:
    """Gives every request an id, every answer its headers, and lets no exception out: its text could hold a value."""

    def __init__(self, app: ASGIApp, new_request_id: Callable[[], str]) -> None:
        self._app = app
        self._new_request_id = new_request_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = self._new_request_id()
        scope.setdefault("state", {})["request_id"] = request_id
        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                named = {name for name, _ in message["headers"]}
                extra = [*HEADERS, (b"gateway-request", request_id.encode())]
                message["headers"] = [*message["headers"], *((name, text) for name, text in extra if name not in named)]
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except Exception as why:  # noqa: BLE001 - the last resort; whatever it is, its text must not leave the process
            logger().error("request failed", kind=type(why).__name__, where=place_of(why), request=request_id)
            if not begun:
                await failure(request_id)(scope, receive, answer)
