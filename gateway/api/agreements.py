"""`/agreements` and `/signatories`: a party's own system reads, proposes, signs, suspends and ends its institution's agreements.

An agreement of others and one that does not exist are the same answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import orjson
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request, Response

from gateway.agreements.desk import READ_SCOPE, SIGN_SCOPE, WRITE_SCOPE, AgreementDesk, Asked, OpenLaw, act, admit, look, turn_away
from gateway.agreements.lifecycle import Change, Registry
from gateway.agreements.pdf_text import LARGEST_DOCUMENT, PDF
from gateway.agreements.signature_file import LARGEST as LARGEST_SIGNATURE
from gateway.api.agreement_acts import (
    Call,
    attestation,
    happened,
    listed,
    moved,
    parameters_of,
    proposed,
    shown,
    signatories,
    signature,
)
from gateway.api.bearer import bearer_token
from gateway.api.whole_body import whole_body
from gateway.domain.access import Principal
from gateway.domain.compose_yaml import LARGEST_FILE
from gateway.errors import RequestError
from gateway.gate import Gate

THREADS = 4
CHANGES, UPLOADS = 64, 2
"""Bodies held at once: an upload has up to 20 MB, and a process that reads it."""
JSON = "application/json"
YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml")
_Result = TypeVar("_Result")
Looking = Callable[[Call, Principal], object]
Acting = Callable[[Call, Principal, Change], object]


@dataclass(frozen=True)
class _Kind:
    """One kind of request: its name on the log, its scope, the parameters that it takes, and its body if it has one."""

    operation: str
    scope: str
    parameters: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    largest: int = 0


LIST = _Kind("list", READ_SCOPE, ("after", "limit"))
SHOW = _Kind("show", READ_SCOPE, ("version",))
HISTORY = _Kind("history", READ_SCOPE)
SIGNATORIES = _Kind("signatories", READ_SCOPE)
PROPOSE = _Kind("propose", WRITE_SCOPE, ("only",), YAML_TYPES, LARGEST_FILE)
SIGN = _Kind("sign", SIGN_SCOPE, (), (JSON,), LARGEST_SIGNATURE)
ATTEST = _Kind(
    "attest",
    SIGN_SCOPE,
    ("steward", "signed_on", "board_approved", "digest", "version", "signature"),
    (PDF,),
    LARGEST_DOCUMENT,
)
WITHDRAW = _Kind("withdraw", WRITE_SCOPE, ("version",))
SUSPEND = _Kind("suspend", WRITE_SCOPE)
RESUME = _Kind("resume", WRITE_SCOPE)
TERMINATE = _Kind("terminate", WRITE_SCOPE)


@dataclass(frozen=True)
class _Counter:
    """Where requests are served: the desk, and how many at once."""

    desk: AgreementDesk
    limiter: CapacityLimiter
    changes: CapacityLimiter
    uploads: CapacityLimiter

    async def look(self, request: Request, kind: _Kind, work: Looking, agreement: str | None = None) -> Response:
        """Answer a question, whose body is not read."""
        asked = _asked(request, kind, agreement)
        pairs = request.query_params.multi_items()

        def answer(principal: Principal) -> object:
            return work(Call(parameters_of(pairs, kind.parameters), b"", agreement or "", self.desk), principal)

        return _answer(await _run(partial(look, bearer_token(request), asked, answer, self.desk), self.limiter))

    async def act(self, request: Request, kind: _Kind, work: Acting, agreement: str | None = None) -> Response:
        """Make a change. Who asks is known before the body is read, and is looked up again after: an upload takes its time."""
        asked, token = _asked(request, kind, agreement), bearer_token(request)
        pairs = request.query_params.multi_items()
        await _run(partial(admit, token, asked, self.desk), self.limiter)
        async with self.uploads if kind is ATTEST else self.changes:
            try:
                body = await whole_body(request, kind.types, kind.largest)
            except RequestError as why:
                return await _run(partial(turn_away, why, token, asked, self.desk), self.limiter)

            def answer(principal: Principal, change: Change) -> object:
                return work(Call(parameters_of(pairs, kind.parameters), body, agreement or "", self.desk), principal, change)

            return _answer(await _run(partial(act, token, asked, answer, self.desk), self.limiter))


def agreements_router(gate: Gate, law: OpenLaw) -> APIRouter:
    """The routes, for clients with `agreements:read`, `agreements:write` or `agreements:sign`."""
    router = APIRouter(tags=["agreements"])
    registry = Registry(gate.database, gate.ring, gate.log, gate.clock)
    desk = AgreementDesk(registry, gate.catalog, law, gate.verifier)
    counter = _Counter(desk, CapacityLimiter(THREADS), CapacityLimiter(CHANGES), CapacityLimiter(UPLOADS))

    @router.get("/agreements")
    async def own(request: Request) -> Response:
        """Your institution's agreements with their versions and states, by id."""
        return await counter.look(request, LIST, listed)

    @router.get("/agreements/{agreement}")
    async def one(agreement: str, request: Request) -> Response:
        """One version: the resolved text, its state, and signatures that were verified for this answer."""
        return await counter.look(request, SHOW, shown, agreement)

    @router.get("/agreements/{agreement}/history")
    async def history(agreement: str, request: Request) -> Response:
        """Every state of every version and every signature, oldest first."""
        return await counter.look(request, HISTORY, happened, agreement)

    @router.get("/signatories")
    async def people(request: Request) -> Response:
        """Who may sign for your institution, or could once."""
        return await counter.look(request, SIGNATORIES, signatories)

    @router.post("/agreements")
    async def propose(request: Request) -> Response:
        """Propose the agreements of a file; `only` names some of a template's, separated by commas."""
        return await counter.act(request, PROPOSE, proposed)

    @router.post("/agreements/{agreement}/signatures")
    async def sign(agreement: str, request: Request) -> Response:
        """Hand in a signature file that a signatory of yours made."""
        return await counter.act(request, SIGN, signature, agreement)

    @router.post("/agreements/{agreement}/attestations")
    async def attest(agreement: str, request: Request) -> Response:
        """Hand in an executed PDF that a steward of yours attests."""
        return await counter.act(request, ATTEST, attestation, agreement)

    @router.post("/agreements/{agreement}/withdraw")
    async def withdraw(agreement: str, request: Request) -> Response:
        """Take a proposal back."""
        return await counter.act(request, WITHDRAW, partial(moved, "withdraw"), agreement)

    @router.post("/agreements/{agreement}/suspend")
    async def suspend(agreement: str, request: Request) -> Response:
        """Stop an agreement at once."""
        return await counter.act(request, SUSPEND, partial(moved, "suspend"), agreement)

    @router.post("/agreements/{agreement}/resume")
    async def resume(agreement: str, request: Request) -> Response:
        """End a suspension of your own."""
        return await counter.act(request, RESUME, partial(moved, "resume"), agreement)

    @router.post("/agreements/{agreement}/terminate")
    async def terminate(agreement: str, request: Request) -> Response:
        """End an agreement for good."""
        return await counter.act(request, TERMINATE, partial(moved, "terminate"), agreement)

    return router


async def _run(work: Callable[[], _Result], limiter: CapacityLimiter) -> _Result:
    # A thread is not cancelled when the client goes away, so that an entry and its change stay together.
    return await to_thread.run_sync(work, limiter=limiter)


def _asked(request: Request, kind: _Kind, agreement: str | None) -> Asked:
    return Asked(kind.operation, kind.scope, str(request.state.request_id), agreement)


def _answer(content: object) -> Response:
    return Response(orjson.dumps(content), media_type=JSON)
