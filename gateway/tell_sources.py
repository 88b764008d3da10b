"""PEP: tell an institution's own system how fresh its sources are; nobody else's, and nothing of a record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from gateway.audit import AuditLog
from gateway.authenticate import TokenVerifier, authenticate
from gateway.domain.access import Principal
from gateway.domain.auditing import AuditEntry, AuditEvent
from gateway.domain.refusals import refusal_event
from gateway.errors import AuthenticationError, DisclosureDenied, GatewayError, Reason, RequestError
from gateway.store.engine import Database
from gateway.store.turns import Freshness, freshness

SCOPE = "sources:read"
OPERATION = "sources"
NO_SCOPE = Reason("GW-AUT-01", "RFC 6749, 3.3", "This token was not issued for looking at sources.")
NO_PARAMETERS = "Sources are listed without parameters in the address."


@dataclass(frozen=True)
class SourcesDesk:
    """What telling needs from outside; `clock` gives the UTC time."""

    database: Database
    log: AuditLog
    verifier: TokenVerifier
    clock: Callable[[], datetime]


@dataclass(frozen=True)
class Told:
    """Every resource of every source of one institution, whether each is late, and the entry of the look."""

    sources: tuple[tuple[Freshness, bool], ...]
    entry: AuditEntry


def tell_sources(token: str | None, request_id: str, desk: SourcesDesk, *, parameters: bool) -> Told:
    """How fresh the sources of the client's institution are; the look is on the log first.

    Raises `AuthenticationError`, counted; `DisclosureDenied` without the scope, `RequestError` for `parameters`, on the log.
    """
    now = desk.clock()
    try:
        with desk.database.read() as connection:
            principal = authenticate(token, connection, desk.verifier, now)
    except AuthenticationError:
        desk.log.refuse_anonymous(OPERATION)
        raise
    if SCOPE not in principal.scopes:
        _refuse(DisclosureDenied((NO_SCOPE,)), principal, request_id, desk)
    if parameters:
        _refuse(RequestError(NO_PARAMETERS), principal, request_id, desk)
    with desk.database.read() as connection:
        found = tuple((entry, entry.is_late(now)) for entry in freshness(connection, principal.institution))
    leaf: dict[str, object] = {**principal.on_the_log, "outcome": "told", "resources": str(len(found)), "request": request_id}
    entry = desk.log.append(AuditEvent(kind=OPERATION, leaf=leaf, institutions=(principal.institution,)))
    return Told(found, entry)


def _refuse(why: GatewayError, principal: Principal, request_id: str, desk: SourcesDesk) -> NoReturn:
    desk.log.append(refusal_event(principal, OPERATION, why, request_id))
    raise why
