"""PEP: one request for a page, from its token to the bytes that may leave. No answer exists before its entry is durable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NoReturn

import orjson

from gateway.authenticate import authenticate
from gateway.domain.access import AccessRequest, Principal
from gateway.domain.decision import Permit
from gateway.domain.identifiers import ResourceName
from gateway.domain.narrowing import Position
from gateway.domain.query_plan import QueryPlan
from gateway.domain.rows import Body, Rows
from gateway.domain.snapshots import Snapshot
from gateway.encode import encode
from gateway.enter import SALT_BYTES, Content, Leaving, disclosed
from gateway.errors import RequestError
from gateway.expand import Beside, Expansion, expand, in_columns, permitted_expansions
from gateway.gate import Disclosure, Gate, Operation, Trail
from gateway.keys.cursors import Cursors
from gateway.keys.pseudonym import Pseudonyms
from gateway.plan import compile_plan
from gateway.read import read
from gateway.redact import redact
from gateway.redact.text import TextRedactor
from gateway.remember import Standing
from gateway.stand import on_the_log, stand
from gateway.store.engine import Connection

NO_SUCH_VERSION = "`as_of` takes what an answer to you about these records named in `Gateway-Version`, unchanged."


@dataclass(frozen=True)
class _Found:
    """What one snapshot gave for a permitted request, and how to treat it."""

    standing: Standing
    plan: QueryPlan
    rows: Rows
    besides: Sequence[Beside]
    texts: TextRedactor
    pseudonyms: Pseudonyms
    cursor_bound_to: tuple[bytes, ...]
    read_at: datetime


def disclose(request: AccessRequest, token: str | None, gate: Gate) -> Disclosure:
    """Serve one request. Raises a `GatewayError` for every refusal, after the refusal's own entry is durable."""
    trail = Trail(request)
    with on_the_log(trail, gate):
        # One snapshot for client, agreements and records (decision 9); it is given back before the log is waited for.
        with gate.database.read() as connection:
            standing = stand(token, connection, gate, trail)
            asked = trail.request
            expansions = permitted_expansions(asked, standing.permit, token, connection, gate, trail)
            trail.request, trail.question, trail.decision = asked, standing.question, standing.permit
            found = _found(standing, asked, expansions, connection, gate)
        body = _body(found, asked, gate)
        salt = gate.random_bytes(SALT_BYTES)
        tag = gate.cursors.tag(body.content, standing.principal.client.encode(), orjson.dumps(body.headers))
        operation = _operation(request, tag)
        counts = {} if found.rows.count is None else {"counted": found.rows.count}
        leaving = Leaving(found.plan, operation, len(found.rows.records), found.rows.persons, Content.of(body, salt), counts)
        events = [disclosed(leaving, standing, asked, gate, gate.clock())]
        for beside in found.besides:
            more = replace(leaving, plan=beside.plan, rows=len(beside.rows.records), persons=beside.rows.persons, counts={})
            events.append(disclosed(more, beside.standing, replace(beside.asked, request_id=asked.request_id), gate, gate.clock()))
        entry, *others = gate.log.append_all(events)
    bound, version = standing.permit.redisclosure_notice, _version(request, found, gate)
    return Disclosure(entry, body, salt, bound, operation, tag, version, tuple(other.entry for other in others))


def turn_away(why: RequestError, resource: ResourceName, request_id: str, token: str | None, gate: Gate) -> NoReturn:
    """Refuse a request that could not even be framed; a known client's refusal has its entry first. Raises `why`."""
    trail = Trail(AccessRequest(resource, "", request_id=request_id))
    with on_the_log(trail, gate):
        with gate.database.read() as connection:
            trail.principal = authenticate(token, connection, gate.verifier, gate.clock())
        trail.request = replace(trail.request, purpose=trail.principal.default_purpose)
        raise why


def _operation(request: AccessRequest, tag: str) -> Operation:
    """What the client learns: the page, what it is like, or that it is as it was. Each is a disclosure (decision 15)."""
    if tag in request.known or "*" in request.known:
        return "not_modified"
    return "head" if request.head else "read"


def _found(
    standing: Standing, request: AccessRequest, expansions: Sequence[Expansion], connection: Connection, gate: Gate
) -> _Found:
    principal, permit = standing.principal, standing.permit
    keyed = gate.keyed(standing)
    bound = _bound_to(principal, permit, request)
    after = _position(request.cursor, gate.cursors, bound)
    pinned = _pinned(request.as_of, gate.cursors, _version_of(principal, permit))
    links = tuple(dict.fromkeys(expansion.link.own for expansion in expansions))
    plan = compile_plan(request, permit, gate.catalog, keyed, after, standing.day, pinned, links)
    rows = read(plan, connection, gate.tables)
    besides = [expand(expansion, plan, rows, connection, gate) for expansion in expansions]
    texts = gate.texts(permit, plan, rows, connection)
    return _Found(standing, plan, rows, besides, texts, keyed.pseudonyms, bound, gate.clock())


def _body(found: _Found, request: AccessRequest, gate: Gate) -> Body:
    permit = found.standing.permit
    treated = redact(found.rows, found.plan, found.pseudonyms, gate.opener(permit), gate.own_ids(permit), found.texts)
    return encode(
        treated,
        found.plan,
        notice=found.standing.notice,
        following=_cursor(found.rows.following, found, gate),
        preceding=_cursor(found.rows.preceding, found, gate),
        count=found.rows.count,
        form=request.format,
        beside=in_columns(found.besides),
    )


def _cursor(position: Position | None, found: _Found, gate: Gate) -> str | None:
    return None if position is None else gate.cursors.seal(position.to_bytes(), *found.cursor_bound_to)


def _bound_to(principal: Principal, permit: Permit, request: AccessRequest) -> tuple[bytes, ...]:
    """What a cursor is good for: this client, this agreement's version, this query."""
    query = [
        request.resource,
        permit.purpose,
        permit.provider,
        permit.schedule,
        sorted(request.select),
        sorted(request.filters),
        request.as_of,
        request.expand,
        repr((request.filter, request.sort)),
    ]
    agreement = f"{permit.agreement}|{permit.agreement_version}"
    return (principal.client.encode(), agreement.encode(), orjson.dumps(query))


def _position(cursor: str | None, cursors: Cursors, bound: tuple[bytes, ...]) -> Position | None:
    return None if cursor is None else Position.from_bytes(cursors.unseal(cursor, *bound))


def _version_of(principal: Principal, permit: Permit) -> tuple[bytes, ...]:
    """What the name of a version is good for: this client, these records."""
    return (principal.client.encode(), b"version", permit.provider.encode(), permit.resource.encode())


def _pinned(as_of: str | None, cursors: Cursors, bound: tuple[bytes, ...]) -> Snapshot | None:
    return None if as_of is None else Snapshot.from_bytes(cursors.unseal(as_of, *bound, refused=NO_SUCH_VERSION)[SALT_BYTES:])


def _version(request: AccessRequest, found: _Found, gate: Gate) -> str | None:
    """The name of the version that was read, another each time: equal names would tell that nothing moved that nobody may see."""
    permit = found.standing.permit
    if request.as_of is not None or permit.release is not None:
        return request.as_of
    versions = dict(found.rows.versions_of)
    for beside in found.besides:
        versions |= beside.rows.versions_of
    snapshot = Snapshot.taken(found.read_at, versions)
    return gate.cursors.seal(gate.random_bytes(SALT_BYTES) + snapshot.to_bytes(), *_version_of(found.standing.principal, permit))
