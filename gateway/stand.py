"""Stand: who asks, and what its request stands on; remembered where nothing of it can have moved. A refusal is on the log before
anybody hears of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from gateway.ask import ask
from gateway.authenticate import authenticate
from gateway.decide import decide
from gateway.domain.access import Principal
from gateway.domain.decision import Deny, Permit
from gateway.enter import refused
from gateway.errors import AuthenticationError, DisclosureDenied, GatewayError, Reason
from gateway.gate import Gate, Trail
from gateway.remember import Standing
from gateway.store.agreements import agreements_that_matter
from gateway.store.engine import Connection
from gateway.store.epoch import read_epoch

READ_SCOPE = "records:read"
NO_SCOPE = Reason("GW-AUT-01", "RFC 6749, 3.3", "This token was not issued for reading records.")


@contextmanager
def on_the_log(trail: Trail, gate: Gate) -> Iterator[None]:
    """What is refused inside has its own durable entry before it is raised: one of a client that is known, or one more of those
    that are only counted."""
    try:
        yield
    except AuthenticationError:
        gate.log.refuse_anonymous("disclosure")
        raise
    except GatewayError as why:
        if trail.principal is not None:
            gate.log.append(refused(trail.principal, why, trail, gate))
        raise


def stand(token: str | None, connection: Connection, gate: Gate, trail: Trail) -> Standing:
    """What the trail's request stands on; the trail goes along. Raises `AuthenticationError` for a token that is not good,
    `DisclosureDenied` when the policy refuses."""
    bare = trail.request
    standing = gate.memory.find(token, bare, read_epoch(connection), gate.clock())
    principal = standing.principal if standing else authenticate(token, connection, gate.verifier, gate.clock())
    trail.principal, trail.request = principal, replace(bare, purpose=bare.purpose or principal.default_purpose)
    if standing is None:
        standing = stand_as(principal, connection, gate, trail)
        gate.memory.keep(token, bare, standing, gate.clock())
    trail.question, trail.decision = standing.question, standing.permit
    return standing


def stand_as(principal: Principal, connection: Connection, gate: Gate, trail: Trail) -> Standing:
    """What the trail's request stands on when a principal who is known makes it; what was decided goes on the trail.
    Raises `DisclosureDenied` when the policy refuses."""
    request = trail.request
    if READ_SCOPE not in principal.scopes:
        raise DisclosureDenied((NO_SCOPE,))
    facts = agreements_that_matter(connection, principal.institution, request, gate.clock())
    trail.question = ask(principal, request, facts, gate.catalog, gate.modules)
    trail.decision = decide(trail.question, gate.pdp)
    match trail.decision:
        case Deny(reasons, choices):
            raise DisclosureDenied(reasons, choices)
        case Permit() as permit:
            return Standing(principal, facts, trail.question, permit)
