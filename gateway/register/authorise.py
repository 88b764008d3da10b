"""PEP: a provider's own system looks into the register of its own people, nobody else's; every answer and refusal has its entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import orjson

from gateway.authenticate import TokenVerifier, authenticate
from gateway.domain.refusals import refusal_event
from gateway.errors import AuthenticationError, DisclosureDenied, GatewayError, Reason
from gateway.keys.cursors import Cursors
from gateway.register.desk import RegisterDesk
from gateway.register.find_subject import Meant
from gateway.register.look import Looked, Looker, Position, look

SCOPE = "disclosures:read"
OPERATION = "disclosures"
NO_SCOPE = Reason("GW-AUT-01", "RFC 6749, 3.3", "This token was not issued for the register of disclosures.")


@dataclass(frozen=True)
class RegisterGate:
    """What the API's side needs beside the desk."""

    desk: RegisterDesk
    verifier: TokenVerifier
    cursors: Cursors


@dataclass(frozen=True)
class Page:
    """Whom a request means, how many entries it wants at most, and where it goes on."""

    meant: Meant
    limit: int
    before: Position | None = None


@dataclass(frozen=True)
class PageTold:
    """What a page tells, and the cursor of the next, None at the end."""

    looked: Looked
    cursor: str | None


def look_as_client(
    frame: Callable[[Callable[[str], Page]], Page], token: str | None, request_id: str, gate: RegisterGate
) -> PageTold:
    """One page for a client of the provider. `frame` gives what the request means, and is handed what opens a cursor.

    Raises `AuthenticationError`, counted; `DisclosureDenied` without the scope, and `RequestError`, on the log.
    """
    desk = gate.desk
    try:
        with desk.database.read() as connection:
            principal = authenticate(token, connection, gate.verifier, desk.clock())
    except AuthenticationError:
        desk.log.refuse_anonymous(OPERATION)
        raise
    bound = (OPERATION.encode(), principal.client.encode())
    try:
        if SCOPE not in principal.scopes:
            raise DisclosureDenied((NO_SCOPE,))
        page = frame(lambda cursor: _opened(gate.cursors.unseal(cursor, *bound)))
    except GatewayError as why:
        desk.log.append(refusal_event(principal, OPERATION, why, request_id))
        raise
    who: dict[str, object] = {**principal.on_the_log, "request": request_id}
    # Asked again in the snapshot that is read: the client may have been suspended since.
    looker = Looker(principal.institution, who, lambda again: authenticate(token, again, gate.verifier, desk.clock()))
    looked = look(page.meant, looker, desk, before=page.before, limit=page.limit)
    if looked.following is None:
        return PageTold(looked, None)
    following = [dict(page.meant.said), page.meant.resource, page.limit, *looked.following]
    return PageTold(looked, gate.cursors.seal(orjson.dumps(following), *bound))


def _opened(position: bytes) -> Page:
    said, resource, limit, log_id, index = orjson.loads(position)
    return Page(Meant(said, resource), limit, (log_id, index))
