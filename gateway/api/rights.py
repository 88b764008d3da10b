"""`/consents` and `/opt-outs`: a provider's own system says what its people said.

Everything that names a person is posted, ends of consents and opt-outs too: what stands in an address is written into the
logs of every proxy on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated

import orjson
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from gateway.api.bearer import bearer_token
from gateway.api.json_body import read_body, small_body
from gateway.api.receipt import receipt
from gateway.consent.authorise import RightsGate, RightsRequest, RightsScope, authorise
from gateway.consent.change import (
    Changed,
    RightsDesk,
    count_rights,
    give_consent,
    look_up,
    opt_out,
    rescind_opt_out,
    withdraw_consent,
)
from gateway.domain.auditing import AuditEntry
from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.domain.rights import NamedPerson
from gateway.errors import RequestError
from gateway.gate import Gate

RIGHTS_THREADS = 2
"""Changes take turns at the database anyway, and must not take the threads of disclosures."""
JSON = "application/json"
_Text = Annotated[str, Field(max_length=2_000)]
Act = Callable[[InstitutionId, RightsDesk], Response]


class _Person(BaseModel):
    """Whom it is about: `person` maps the identity of `resource` to texts."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    person: dict[str, _Text] = Field(max_length=20)
    resource: _Text = "candidates"

    @property
    def named(self) -> NamedPerson:
        return NamedPerson(ResourceName(self.resource), self.person)


class _NewPerson(_Person):
    before_record: bool = False


class _NewConsent(_NewPerson):
    form: _Text
    recipient: _Text
    purposes: list[_Text] = Field(max_length=50)
    signed_on: _Text
    until: _Text | None = None
    method: _Text
    signer: _Text | None = None

    @property
    def said(self) -> Mapping[str, str]:
        return {
            "form": self.form,
            "recipient": self.recipient,
            "purpose": " ".join(self.purposes),
            "signed_on": self.signed_on,
            "until": self.until or "",
            "method": self.method,
            "signer": self.signer or "",
        }


class _Withdrawal(_Person):
    form: _Text
    recipient: _Text | None = None
    purposes: list[_Text] | None = Field(default=None, max_length=50)


def rights_router(gate: Gate) -> APIRouter:
    """The routes, for clients of the provider with the scope `rights:write` or `rights:read`."""
    router = APIRouter(tags=["rights"])
    desk = RightsDesk(gate.catalog, gate.database, gate.ring, gate.log, gate.clock, {})
    serve = partial(_serve, RightsGate(desk, gate.verifier), CapacityLimiter(RIGHTS_THREADS))

    @router.post("/consents")
    async def give(request: Request) -> Response:
        """Record a signed form."""
        return await serve(request, "give_consent", "rights:write", _give)

    @router.post("/consents/withdrawals")
    async def withdraw(request: Request) -> Response:
        """End consents of a person on a form."""
        return await serve(request, "withdraw_consent", "rights:write", _withdraw)

    @router.post("/consents/lookups")
    async def consents(request: Request) -> Response:
        """The consents of a person."""
        return await serve(request, "look_up", "rights:read", _consents)

    @router.get("/consents")
    async def count_consents(request: Request) -> Response:
        """How many people consented to what."""
        return await serve(request, "count", "rights:read", _count_consents)

    @router.post("/opt-outs")
    async def refuse(request: Request) -> Response:
        """Opt a person out of directory information."""
        return await serve(request, "opt_out", "rights:write", _opt_out)

    @router.post("/opt-outs/rescissions")
    async def rescind(request: Request) -> Response:
        """End a person's opt-out."""
        return await serve(request, "rescind_opt_out", "rights:write", _rescind)

    @router.post("/opt-outs/lookups")
    async def opted_out(request: Request) -> Response:
        """Whether a person opted out."""
        return await serve(request, "look_up", "rights:read", _opted_out)

    @router.get("/opt-outs")
    async def count_opt_outs(request: Request) -> Response:
        """How many people opted out."""
        return await serve(request, "count", "rights:read", _count_opt_outs)

    return router


async def _serve(
    gate: RightsGate,
    limiter: CapacityLimiter,
    request: Request,
    operation: str,
    scope: RightsScope,
    act: Callable[[bytes | None, InstitutionId, RightsDesk], Response],
) -> Response:
    body = await small_body(request) if request.method == "POST" else b""
    asked = RightsRequest(operation, scope, str(request.state.request_id), bearer_token(request))

    def framed(provider: InstitutionId, desk: RightsDesk) -> Response:
        if request.query_params:
            raise RequestError("This route has no parameters; what it needs stands in the body.")
        return act(body, provider, desk)

    return await to_thread.run_sync(partial(authorise, asked, gate, framed), limiter=limiter)


def _give(body: bytes | None, provider: InstitutionId, desk: RightsDesk) -> Response:
    asked = read_body(body, _NewConsent)
    return _changed(give_consent(asked.named, provider, asked.said, desk, before_record=asked.before_record))


def _withdraw(body: bytes | None, provider: InstitutionId, desk: RightsDesk) -> Response:
    asked = read_body(body, _Withdrawal)
    purposes = None if asked.purposes is None else " ".join(asked.purposes)
    return _changed(withdraw_consent(asked.named, provider, asked.form, asked.recipient, purposes, desk))


def _opt_out(body: bytes | None, provider: InstitutionId, desk: RightsDesk) -> Response:
    asked = read_body(body, _NewPerson)
    return _changed(opt_out(asked.named, provider, desk, before_record=asked.before_record))


def _rescind(body: bytes | None, provider: InstitutionId, desk: RightsDesk) -> Response:
    return _changed(rescind_opt_out(read_body(body, _Person).named, provider, desk))


def _consents(body: bytes | None, provider: InstitutionId, desk: RightsDesk) -> Response:
    standing = look_up(read_body(body, _Person).named, provider, desk)
    return _json(
        {
            "consents": [
                {
                    "form": item.consent.scope.form,
                    "recipient": item.consent.scope.recipient,
                    "purpose": item.consent.scope.purpose,
                    "signed_on": item.consent.signed_on,
                    "until": item.consent.until,
                    "method": item.consent.method,
                    "signer": item.consent.signer,
                    "stated_by": item.origin or None,
                }
                for item in standing.consents
            ]
        }
    )


def _opted_out(body: bytes | None, provider: InstitutionId, desk: RightsDesk) -> Response:
    standing = look_up(read_body(body, _Person).named, provider, desk).opt_outs
    return _json({"opted_out": bool(standing), "stated_by": sorted(item.origin for item in standing if item.origin)})


def _count_consents(_body: bytes | None, provider: InstitutionId, desk: RightsDesk) -> Response:
    counts, _ = count_rights(provider, desk)
    return _json(
        {
            "consents": [
                {
                    "form": count.scope.form,
                    "recipient": count.scope.recipient,
                    "purpose": count.scope.purpose,
                    "live": count.live,
                    "lapsed": count.lapsed,
                }
                for count in counts
            ]
        }
    )


def _count_opt_outs(_body: bytes | None, provider: InstitutionId, desk: RightsDesk) -> Response:
    _, count = count_rights(provider, desk)
    return _json({"opted_out": count})


def _changed(changed: Changed) -> Response:
    answer = {"changed": changed.count, "stated_by": list(changed.stated_by)}
    if changed.entry is None:
        return _json(answer)
    return _json({**answer, "entry": changed.entry.entry}, status=201, entry=changed.entry)


def _json(content: object, *, status: int = 200, entry: AuditEntry | None = None) -> Response:
    headers = {} if entry is None else receipt(entry)
    return Response(orjson.dumps(content), status_code=status, media_type=JSON, headers=headers)
