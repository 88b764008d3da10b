"""PEP of the agreement routes: who asks, whether its scope allows it, and the entry of every answer and refusal."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NoReturn, TypeVar

from gateway.agreements.check import Law
from gateway.agreements.lifecycle import Change, Registry
from gateway.agreements.view import UNKNOWN, visible_versions
from gateway.authenticate import TokenVerifier, authenticate
from gateway.catalog.model import Catalog
from gateway.domain.access import Principal
from gateway.domain.agreement import SLUG
from gateway.domain.auditing import AuditEvent
from gateway.domain.identifiers import AgreementId
from gateway.domain.refusals import refusal_event
from gateway.domain.signing import Actor
from gateway.errors import AuthenticationError, DisclosureDenied, GatewayError, Reason, UnknownAgreement

READ_SCOPE = "agreements:read"
WRITE_SCOPE = "agreements:write"
SIGN_SCOPE = "agreements:sign"
NO_SCOPE = Reason("GW-AUT-01", "RFC 6749, 3.3", "This token was not issued for this.")
Answer = TypeVar("Answer")
OpenLaw = Callable[[], AbstractContextManager[Law]]
"""Opens the rules that a file is checked by, for the length of one check."""


@dataclass(frozen=True)
class AgreementDesk:
    """What serving agreements needs from outside itself; made once by the composition root."""

    registry: Registry
    catalog: Catalog
    law: OpenLaw
    verifier: TokenVerifier


@dataclass(frozen=True)
class Asked:
    """One request: `operation` as the log names it (`sign`, `show`), the scope it needs, and the agreement's id as it was written,
    None where the request is about none."""

    operation: str
    scope: str
    request_id: str
    agreement: str | None = None


def admit(token: str | None, asked: Asked, desk: AgreementDesk) -> Principal:
    """The principal of a token that has the scope. Raises `AuthenticationError`, counted, or `DisclosureDenied`, on the log."""
    try:
        with desk.registry.database.read() as connection:
            principal = authenticate(token, connection, desk.verifier, desk.registry.clock())
    except AuthenticationError:
        desk.registry.log.refuse_anonymous("agreements")
        raise
    if asked.scope not in principal.scopes:
        _refuse(DisclosureDenied((NO_SCOPE,)), principal, asked, desk)
    return principal


def turn_away(why: GatewayError, token: str | None, asked: Asked, desk: AgreementDesk) -> NoReturn:
    """Refuse a request that could not even be read; a known client's refusal has its entry first. Raises `why`."""
    _refuse(why, admit(token, asked, desk), asked, desk)


def look(token: str | None, asked: Asked, work: Callable[[Principal], Answer], desk: AgreementDesk) -> Answer:
    """Answer a question about agreements; its entry is durable before anybody hears the answer."""
    principal = admit(token, asked, desk)
    try:
        found = work(principal)
        leaf = {
            **principal.on_the_log,
            "operation": asked.operation,
            "agreement": asked.agreement or "own",
            "request": asked.request_id,
        }
        desk.registry.log.append(AuditEvent(kind="agreement_read", leaf=leaf, institutions=(principal.institution,)))
    except GatewayError as why:
        _refuse(why, principal, asked, desk)
    return found


def act(token: str | None, asked: Asked, work: Callable[[Principal, Change], Answer], desk: AgreementDesk) -> Answer:
    """Change an agreement for the client's institution; the change's own entries, in its transaction, name client and request."""
    principal = admit(token, asked, desk)
    change = Change(Actor(principal.client, principal.institution), {**principal.on_the_log, "request": asked.request_id})
    try:
        if asked.agreement is not None:
            assert_visible(AgreementId(asked.agreement), principal, desk)
        return work(principal, change)
    except GatewayError as why:
        _refuse(why, principal, asked, desk)


def assert_visible(agreement: AgreementId, principal: Principal, desk: AgreementDesk) -> None:
    """Raises `UnknownAgreement` when the principal's institution is no party; one that does not exist is the same answer."""
    if not re.fullmatch(SLUG, agreement):
        raise UnknownAgreement(UNKNOWN)
    with desk.registry.database.read() as connection:
        visible_versions(connection, agreement, principal.institution)


def _refuse(why: GatewayError, principal: Principal, asked: Asked, desk: AgreementDesk) -> NoReturn:
    """Put a refusal on the log and raise it. It names an agreement that the client may know of, nothing that it made up."""
    named = {"agreement": _nameable(principal, asked, desk)}
    desk.registry.log.append(refusal_event(principal, asked.operation, why, asked.request_id, named))
    raise why


def _nameable(principal: Principal, asked: Asked, desk: AgreementDesk) -> str:
    if asked.agreement is None:
        return "none"
    try:
        assert_visible(AgreementId(asked.agreement), principal, desk)
    except UnknownAgreement:
        return "unknown"
    return asked.agreement
