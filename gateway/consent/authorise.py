"""Authorise (PEP): a provider's own system changes or looks up what its people said; every answer and refusal has its entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, TypeVar

from gateway.authenticate import TokenVerifier, authenticate
from gateway.consent.change import RightsDesk
from gateway.domain.identifiers import InstitutionId
from gateway.domain.refusals import refusal_event
from gateway.errors import AuthenticationError, DisclosureDenied, GatewayError, Reason
from gateway.store.engine import Connection

RightsScope = Literal["rights:read", "rights:write"]
NO_SCOPE = Reason("GW-AUT-01", "RFC 6749, 3.3", "This token was not issued for consents and opt-outs.")
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class RightsGate:
    """What the API's side needs beside the desk."""

    desk: RightsDesk
    verifier: TokenVerifier


@dataclass(frozen=True)
class RightsRequest:
    """One request: what it is called on the log, the scope that it needs, and its id."""

    operation: str
    scope: RightsScope
    request_id: str
    token: str | None


def authorise(request: RightsRequest, gate: RightsGate, act: Callable[[InstitutionId, RightsDesk], _Result]) -> _Result:
    """Run `act` for the client's own institution, which is the provider, and no other. Raises `AuthenticationError`,
    `DisclosureDenied` without the scope, and what `act` raises; a known client's refusal has its entry first."""
    desk = gate.desk
    try:
        with desk.database.read() as connection:
            principal = authenticate(request.token, connection, gate.verifier, desk.clock())
    except AuthenticationError:
        desk.log.refuse_anonymous("rights")
        raise
    try:
        if request.scope not in principal.scopes:
            raise DisclosureDenied((NO_SCOPE,))
        who: dict[str, object] = {**principal.on_the_log, "request": request.request_id}
        # Looked up again once nothing can change any more: the client may have been suspended since.
        stands = partial(_stands, request.token, gate)
        return act(principal.institution, replace(desk, who=who, stands=stands))
    except GatewayError as why:
        desk.log.append(refusal_event(principal, request.operation, why, request.request_id))
        raise


def _stands(token: str | None, gate: RightsGate, connection: Connection) -> None:
    authenticate(token, connection, gate.verifier, gate.desk.clock())
