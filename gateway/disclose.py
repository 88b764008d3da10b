"""PEP: serve one request for a page of records or refuse it; either way it is on the log before anybody hears of it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal, NoReturn

import orjson
from pyroaring import BitMap

from gateway.ask import ask
from gateway.audit import AuditLog
from gateway.authenticate import TokenVerifier, authenticate
from gateway.catalog.model import Catalog
from gateway.decide import decide
from gateway.domain.access import AccessRequest, Format, Principal
from gateway.domain.agreement import AgreementFacts
from gateway.domain.auditing import AuditEntry, AuditEvent
from gateway.domain.decision import Decision, Deny, Permit, Question
from gateway.domain.grant_use import grant_use
from gateway.domain.identifiers import ResourceName
from gateway.domain.narrowing import Position
from gateway.domain.query_plan import QueryPlan
from gateway.domain.rosters import RosterKey
from gateway.domain.rows import Body, OwnIds, Rows
from gateway.domain.snapshots import Snapshot
from gateway.domain.times import utc_text
from gateway.domain.treatments import Share, spoken
from gateway.encode import encode
from gateway.errors import AuthenticationError, DisclosureDenied, GatewayError, IntegrityError, Reason, RequestError
from gateway.keys.cursors import Cursors
from gateway.keys.own_ids import OwnIdSealer
from gateway.keys.pseudonym import Pseudonyms
from gateway.keys.seal import Sealer
from gateway.pdp.engine import Pdp
from gateway.plan import compile_plan
from gateway.read import read
from gateway.redact import Opener, OwnIdOpener, Place, redact
from gateway.remember import Memory, Standing
from gateway.store.agreements import agreements_that_matter
from gateway.store.engine import Connection, Database
from gateway.store.epoch import read_epoch
from gateway.store.key_ring import KeyRing
from gateway.store.record_tables import RecordTables
from gateway.tlog.subjects import subject_root

SALT_BYTES = 32
PROMOTION_MARGIN = timedelta(minutes=10)
"""A promotion bears the time at which it began to commit: what was read a moment ago was the newest version this long ago."""
READ_SCOPE = "records:read"
NO_SUCH_VERSION = "`as_of` takes what an answer to you about these records named in `Gateway-Version`, unchanged."
NO_SCOPE = Reason("GW-AUT-01", "RFC 6749, 3.3", "This token was not issued for reading records.")


@dataclass(frozen=True)
class Gate:
    """What a disclosure needs from outside itself; made once by the composition root.

    `modules` are the state-law modules that are switched on; `clock` gives the UTC time, `random_bytes` that many unpredictable
    bytes.
    """

    catalog: Catalog
    tables: Mapping[ResourceName, RecordTables]
    database: Database
    ring: KeyRing
    pdp: Pdp
    modules: tuple[str, ...]
    log: AuditLog
    verifier: TokenVerifier
    memory: Memory
    cursors: Cursors
    clock: Callable[[], datetime]
    random_bytes: Callable[[int], bytes]


Operation = Literal["read", "head", "not_modified"]


@dataclass(frozen=True)
class Disclosure:
    """One answered request: its entry, the exact bytes and the salt of their commitment (decision 19).

    `bound` says that the answer may not be redisclosed (99.33(d)); its body holds the notice. `tag` stands for the bytes; of a
    `head` and of what the client has already (`not_modified`) they are not sent. `version` is what `as_of` takes to read the same
    version of the records again; None for a frozen release.
    """

    entry: AuditEntry
    body: Body
    salt: bytes
    bound: bool
    tag: str
    version: str | None
    operation: Operation


@dataclass
class _Trail:
    """How far a request came before its entry: what was asked of the policy, and what it decided."""

    question: Question | None = None
    decision: Decision | None = None


@dataclass(frozen=True)
class _Found:
    """What one snapshot gave for a permitted request, and how to treat it."""

    facts: AgreementFacts
    permit: Permit
    plan: QueryPlan
    rows: Rows
    pseudonyms: Pseudonyms
    cursor_bound_to: tuple[bytes, ...]
    form: Format
    certain_at: datetime


def disclose(request: AccessRequest, token: str | None, gate: Gate) -> Disclosure:
    """Serve one request. Raises a `GatewayError` for every refusal, after the refusal's own entry is durable."""
    principal: Principal | None = None
    trail = _Trail()
    try:
        # One snapshot for client, agreements and records (decision 9); it is given back before the log is waited for.
        with gate.database.read() as connection:
            standing = gate.memory.find(token, request, read_epoch(connection), gate.clock())
            principal = standing.principal if standing else authenticate(token, connection, gate.verifier, gate.clock())
            bare, request = request, replace(request, purpose=request.purpose or principal.default_purpose)
            if standing is None:
                standing = _stand(principal, request, connection, gate, trail)
                gate.memory.keep(token, bare, standing, gate.clock())
            trail.question, trail.decision = standing.question, standing.permit
            found = _found(standing, request, connection, gate)
        body = _body(found, gate)
        salt = gate.random_bytes(SALT_BYTES)
        tag = gate.cursors.tag(body.content, principal.client.encode(), orjson.dumps(body.headers))
        operation = _operation(request, tag)
        event = _disclosed(principal, request, found, body, salt, operation, trail, gate)
        used = grant_use(
            _entry(found.permit, found.facts), _day(found.permit, found.facts).isoformat(), len(found.rows.records), gate.clock()
        )
        entry = gate.log.append(replace(event, use=used))
    except AuthenticationError:
        gate.log.refuse_anonymous("disclosure")
        raise
    except GatewayError as why:
        if principal is not None:
            gate.log.append(refused(principal, request, why, gate, trail))
        raise
    version = _version(request, standing.principal, found, gate)
    return Disclosure(entry, body, salt, found.permit.redisclosure_notice, tag, version, operation)


def turn_away(why: RequestError, resource: ResourceName, request_id: str, token: str | None, gate: Gate) -> NoReturn:
    """Refuse a request that could not even be framed; a known client's refusal has its entry first. Raises `why`."""
    try:
        with gate.database.read() as connection:
            principal = authenticate(token, connection, gate.verifier, gate.clock())
    except AuthenticationError:
        gate.log.refuse_anonymous("disclosure")
        raise
    request = AccessRequest(resource, principal.default_purpose, request_id=request_id)
    gate.log.append(refused(principal, request, why, gate, _Trail()))
    raise why


def _operation(request: AccessRequest, tag: str) -> Operation:
    """What the client learns: the page, what it is like, or that it is as it was. Each is a disclosure (decision 15)."""
    if tag in request.known or "*" in request.known:
        return "not_modified"
    return "head" if request.head else "read"


def _stand(principal: Principal, request: AccessRequest, connection: Connection, gate: Gate, trail: _Trail) -> Standing:
    """What a request stands on. Raises `DisclosureDenied` when the policy refuses it."""
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


def _found(standing: Standing, request: AccessRequest, connection: Connection, gate: Gate) -> _Found:
    permit, facts = standing.permit, standing.facts
    pseudonyms = Pseudonyms(gate.ring.agreement(permit.agreement, permit.provider).pseudonym.secret)
    bound = _bound_to(standing.principal, permit, request)
    after = _position(request.cursor, gate.cursors, bound)
    pinned = _pinned(request.as_of, gate.cursors, _version_of(standing.principal, permit))
    plan = compile_plan(request, permit, gate.catalog, pseudonyms, after, _day(permit, facts), pinned)
    certain_at = gate.clock() - PROMOTION_MARGIN
    return _Found(facts, permit, plan, read(plan, connection, gate.tables), pseudonyms, bound, request.format, certain_at)


def _body(found: _Found, gate: Gate) -> Body:
    treated = redact(found.rows, found.plan, found.pseudonyms, _opener(gate, found.permit), _own_ids(gate, found.permit))
    return encode(
        treated,
        found.plan,
        notice=_notice(found.permit, found.facts),
        following=_cursor(found.rows.following, found, gate),
        preceding=_cursor(found.rows.preceding, found, gate),
        count=found.rows.count,
        form=found.form,
    )


def _cursor(position: Position | None, found: _Found, gate: Gate) -> str | None:
    return None if position is None else gate.cursors.seal(position.to_bytes(), *found.cursor_bound_to)


def _entry(permit: Permit, facts: AgreementFacts) -> Mapping[str, object]:
    """The entry of the facts that a permit stands on."""
    for entry in facts.entries:
        if (entry["id"], entry["version"], entry["schedule"]) == (permit.agreement, permit.agreement_version, permit.schedule):
            return entry
    raise IntegrityError("The agreement of a permit is not among the facts it was decided from.")


def _day(permit: Permit, facts: AgreementFacts) -> date:
    """The agreement's day: consents and ages are counted on it."""
    return date.fromisoformat(facts.today[str(_entry(permit, facts)["timezone"])])


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


def _version(request: AccessRequest, principal: Principal, found: _Found, gate: Gate) -> str | None:
    """The name of the version that was read, another each time: equal names would tell that nothing moved that nobody may see."""
    if request.as_of is not None or found.permit.release is not None:
        return request.as_of
    snapshot = Snapshot.of(utc_text(found.certain_at), found.rows.versions_of)
    return gate.cursors.seal(gate.random_bytes(SALT_BYTES) + snapshot.to_bytes(), *_version_of(principal, found.permit))


def _opener(gate: Gate, permit: Permit) -> Opener:
    tables = gate.tables[permit.resource]
    key = gate.ring.provider(permit.provider).data

    def opened(collection: str | None, sealed: Sequence[bytes | None], places: Iterable[Place]) -> Iterable[bytes | None]:
        table = tables.rows if collection is None else tables.members[collection]
        return Sealer(key, table.name).unseal_each(sealed, permit.provider, places)

    return opened


def _own_ids(gate: Gate, permit: Permit) -> OwnIdOpener:
    """The recipient's own ids, from the roster that stands under the permit's schedule."""

    def opened(key_space: str, found: OwnIds) -> Sequence[str | None]:
        roster = RosterKey(permit.agreement, permit.schedule, permit.provider, ResourceName(key_space))
        return OwnIdSealer(gate.ring.provider(permit.provider).data, roster).unseal_each(found.sealed, found.records)

    return opened


def _notice(permit: Permit, facts: AgreementFacts) -> str | None:
    """The redisclosure notice of 99.33(d), in the agreement's own words."""
    if not permit.redisclosure_notice:
        return None
    redisclosure = _entry(permit, facts)["redisclosure"]
    if isinstance(redisclosure, Mapping):
        return str(redisclosure["notice"])
    raise IntegrityError("The agreement of a permit has no redisclosure notice.")


def _disclosed(
    principal: Principal,
    request: AccessRequest,
    found: _Found,
    body: Body,
    salt: bytes,
    operation: Operation,
    trail: _Trail,
    gate: Gate,
) -> AuditEvent:
    """The event of a page that is about to leave: names, counts and commitments, no value."""
    permit, plan, rows, epoch = found.permit, found.plan, found.rows, found.facts.epoch
    persons = {role: BitMap(numbers) for role, numbers in rows.persons.items()}
    subject_key = gate.ring.agreement(permit.agreement, permit.provider).subject.secret
    released = [element for element in plan.selected if isinstance(element.treatment, Share)]
    treated = [element for element in plan.selected if not isinstance(element.treatment, Share)]
    leaf: dict[str, object] = {
        **principal.on_the_log,
        "decision": "permit",
        "operation": operation,
        "purpose": permit.purpose,
        "provider": permit.provider,
        "recipient": permit.recipient,
        "resource": permit.resource,
        "agreement": permit.agreement,
        "agreement_version": str(permit.agreement_version),
        "agreement_digest": permit.agreement_digest,
        "schedule": permit.schedule,
        "bases": {role: f"{basis.basis}; {basis.citation}" for role, basis in permit.bases.items()},
        **_decided(trail, gate),
        "rules": list(permit.rules),
        "released": [element.path for element in released],
        "treated": {element.path: spoken(element.treatment) for element in treated},
        "withheld": list(permit.withheld),
        "filtered_by": sorted(request.compared),
        "sorted_by": [key.path for key in plan.sort],
        "rows": str(len(rows.records)),
        **({} if rows.count is None else {"counted": str(rows.count)}),
        "subjects": subject_root(subject_key, BitMap().union(*persons.values())).hex(),
        "body": hashlib.sha256(salt + body.content).hexdigest(),
        "body_length": str(len(body.content)),
        "media_type": body.media_type,
        "request": request.request_id,
        "epoch": str(epoch),
    }
    detail = {"body_salt": _base64(salt), "persons": {role: _base64(numbers.serialize()) for role, numbers in persons.items()}}
    return AuditEvent(
        kind="disclosure",
        leaf=leaf,
        institutions=(permit.provider, permit.recipient),
        detail=orjson.dumps({"version": 1, **detail}),
        detail_owner=permit.provider,
        state_epoch=epoch,
        question=trail.question,
    )


def refused(principal: Principal, request: AccessRequest, why: GatewayError, gate: Gate, trail: _Trail) -> AuditEvent:
    """The event of a request of a known client that got no record. It names only what is ours to name: a path, a purpose or
    an id that the client made up could hold anything."""
    known_resource = gate.catalog.resource(request.resource)
    reasons = why.reasons if isinstance(why, DisclosureDenied) else ()
    leaf: dict[str, object] = {
        **principal.on_the_log,
        "decision": "deny",
        "operation": "read",
        "resource": known_resource.name if known_resource else "unknown",
        "purpose": request.purpose if request.purpose in principal.purposes else "unknown",
        "code": why.code,
        "rules": sorted({reason.rule for reason in reasons}),
        "choices": list(why.choices) if isinstance(why, DisclosureDenied) else [],
        **_decided(trail, gate),
        "request": request.request_id,
    }
    return AuditEvent(kind="refusal", leaf=leaf, institutions=(principal.institution,), question=trail.question)


def _decided(trail: _Trail, gate: Gate) -> dict[str, object]:
    """By what a request was decided and from what, so that it can be decided again."""
    decision = trail.decision
    made: dict[str, object] = {"policy": gate.pdp.digest if decision is None else decision.bundle_digest}
    if trail.question is not None:
        made["input"] = trail.question.digest
    if decision is not None:
        made["answer"] = decision.answer_digest
        if decision.operator_digest is not None:
            made["operator_policy"] = decision.operator_digest
    return made


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
