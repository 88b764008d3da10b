"""PEP: take in the roster of those whom a recipient asks about. Sending it is itself a disclosure, by the recipient to the
provider, under a schedule of its own; it is on the log with the roster, in one transaction.

Nobody hears which lines name a record: a name that is unknown, one that is hidden and one that is there are the same answer.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NoReturn

import orjson
from pyroaring import BitMap

from gateway.ask import ask
from gateway.audit import AuditLog
from gateway.authenticate import TokenVerifier, authenticate
from gateway.catalog.model import Catalog, Element, Resource
from gateway.decide import decide
from gateway.domain.access import AccessRequest, Principal
from gateway.domain.agreement import AgreementFacts
from gateway.domain.auditing import AuditEntry, AuditEvent
from gateway.domain.decision import Deny, Permit, RelatedPredicate, RosterPredicate
from gateway.domain.identifiers import ElementPath, ResourceName
from gateway.domain.refusals import refusal_event
from gateway.domain.rosters import RosterKey, RosterLine
from gateway.domain.times import utc_text
from gateway.errors import AuthenticationError, DisclosureDenied, GatewayError, Reason, RequestError, Unavailable
from gateway.keys.own_ids import OwnIdSealer
from gateway.pdp.engine import Pdp
from gateway.read_roster import NamedLine, read_roster
from gateway.stage import people_key_spaces
from gateway.store.agreements import agreements_that_matter, facts_of_version
from gateway.store.engine import Connection, Database
from gateway.store.epoch import lock_epoch
from gateway.store.key_ring import KeyRing
from gateway.store.registry import Registered, register
from gateway.store.rosters import replace_roster
from gateway.tlog.subjects import subject_commitment

ROSTER_SCOPE = "rosters:write"
OPERATION = "submit_roster"
SALT_BYTES = 32
NO_SCOPE = Reason("GW-AUT-01", "RFC 6749, 3.3", "This token was not issued for submitting rosters.")
NO_SCHEDULE = Reason("GW-ROW-04", "34 CFR 99.30(a), 99.31(a)", "No schedule lets you disclose these names to the provider")


@dataclass(frozen=True)
class RosterDesk:
    """What taking a roster in needs from outside; `clock` gives the UTC time, `random_bytes` that many unpredictable bytes."""

    catalog: Catalog
    database: Database
    ring: KeyRing
    pdp: Pdp
    modules: tuple[str, ...]
    log: AuditLog
    verifier: TokenVerifier
    clock: Callable[[], datetime]
    random_bytes: Callable[[int], bytes]


@dataclass(frozen=True)
class Submission:
    """A roster as it was sent, and the request whose rows it chooses; `media_type` is `text/csv` or `application/json`."""

    request: AccessRequest
    content: bytes = field(repr=False)
    media_type: str


@dataclass(frozen=True)
class Submitted:
    """A roster that stands now: how many lines it has, under which agreement, for which schedule and by which it was sent."""

    entry: AuditEntry
    lines: int
    roster: RosterKey
    sent_under: str


@dataclass(frozen=True)
class SentUnder:
    """The schedule under which the recipient may name people to the provider, and which of its resources shares their names by
    which element."""

    schedule: str
    resource: Resource
    element: Element


@dataclass(frozen=True)
class Admitted:
    """A roster that may be sent: the permit whose rows it chooses and the state of the agreements that it is from, the resource
    whose records its lines name, and under what it is sent."""

    permit: Permit
    facts: AgreementFacts
    resource: Resource
    sent_under: SentUnder


def admit_sender(request: AccessRequest, token: str | None, desk: RosterDesk) -> Principal:
    """The principal of a token that has the scope. Raises `AuthenticationError`, counted, or `DisclosureDenied`, on the log."""
    try:
        with desk.database.read() as connection:
            principal = authenticate(token, connection, desk.verifier, desk.clock())
    except AuthenticationError:
        desk.log.refuse_anonymous(OPERATION)
        raise
    if ROSTER_SCOPE not in principal.scopes:
        refuse(DisclosureDenied((NO_SCOPE,)), principal, request, desk)
    return principal


def turn_away(why: RequestError, request: AccessRequest, token: str | None, desk: RosterDesk) -> NoReturn:
    """Refuse a roster that could not even be received; a known client's refusal has its entry first. Raises `why`."""
    refuse(why, admit_sender(request, token, desk), request, desk)


def submit_roster(submission: Submission, who: str | Principal | None, desk: RosterDesk) -> Submitted:
    """Put a roster in the place of the one before; one without lines takes it back. `who` is a client's token, or a principal whom
    the operator vouches for.

    Raises `RequestError` for a resource whose rows no roster chooses and for a roster that cannot be read, `DisclosureDenied` where
    the client could not read those rows either, or no schedule lets it send the names. A known client's refusal has its entry.
    """
    principal = who if isinstance(who, Principal) else admit_sender(submission.request, who, desk)
    request = replace(submission.request, purpose=submission.request.purpose or principal.default_purpose)
    try:
        with desk.database.read() as connection:
            admitted = admit_roster(principal, request, connection, desk)
        secret = desk.ring.provider(admitted.permit.provider).source.secret
        lines = read_roster(submission.content, submission.media_type, admitted.resource, secret)
        return put_roster(lines, replace(submission, request=request), principal, admitted, desk)
    except GatewayError as why:
        refuse(why, principal, request, desk)


def admit_roster(principal: Principal, request: AccessRequest, connection: Connection, desk: RosterDesk) -> Admitted:
    """Who may read the rows that a roster chooses may say which they are. Raises `DisclosureDenied` for who may not, and where no
    schedule lets it send the names; `RequestError` where no roster chooses these rows."""
    facts = agreements_that_matter(connection, principal.institution, request, desk.clock())
    match decide(ask(principal, request, facts, desk.catalog, desk.modules), desk.pdp):
        case Deny(reasons, choices):
            raise DisclosureDenied(reasons, choices)
        case Permit() as permit:
            resource = _listed(permit, desk.catalog)
            return Admitted(permit, facts, resource, _sent_under(connection, permit, resource, desk.catalog))


def _listed(permit: Permit, catalog: Catalog) -> Resource:
    """The resource whose identity a line of the permit's roster has."""
    chosen_by = [(catalog.resources[name], path) for name, path in _chosen_by(permit)]
    listed = [catalog.named_by(resource, resource.elements[path]) for resource, path in chosen_by]
    if not listed or listed[0] is None or any(other is not listed[0] for other in listed):
        raise RequestError(f"Your agreement does not choose rows of {permit.resource} by a roster of yours.")
    return listed[0]


def _chosen_by(permit: Permit) -> list[tuple[ResourceName, ElementPath]]:
    own = [(permit.resource, row.element) for row in permit.rows if isinstance(row, RosterPredicate)]
    related = [(row.resource, inner) for row in permit.rows if isinstance(row, RelatedPredicate) for inner in row.where]
    return own + [(resource, inner.element) for resource, inner in related if isinstance(inner, RosterPredicate)]


def _sent_under(connection: Connection, permit: Permit, resource: Resource, catalog: Catalog) -> SentUnder:
    """The schedule of the same agreement that lets the recipient disclose these names to the provider (GW-ROW-04)."""
    people = catalog.person_resources()
    every = facts_of_version(connection, permit.agreement, permit.agreement_version)
    # A schedule that shares the people themselves comes before one that names them beside something else.
    for facts in sorted(every, key=lambda one: one["resource"] not in people):
        other_way = (facts["provider"], facts["recipient"]) == (permit.recipient, permit.provider)
        if other_way and permit.purpose in facts["purposes"]:
            shared, elements = catalog.resources[ResourceName(str(facts["resource"]))], facts["elements"]
            named = _naming(elements, shared, resource, catalog) if isinstance(elements, Mapping) else None
            if named is not None:
                return SentUnder(str(facts["schedule"]), shared, named)
    raise DisclosureDenied((NO_SCHEDULE,))


def _naming(elements: Mapping[str, object], shared: Resource, resource: Resource, catalog: Catalog) -> Element | None:
    """The shared element that names records of a resource; None where none does."""
    for path, treatment in elements.items():
        element = shared.element(path)
        if treatment == {"treatment": "share"} and element is not None and catalog.named_by(shared, element) is resource:
            return element
    return None


def put_roster(
    lines: Sequence[NamedLine], submission: Submission, principal: Principal, admitted: Admitted, desk: RosterDesk
) -> Submitted:
    """Put lines in the place of those before, with their entry, in one transaction. Raises `Unavailable` where an agreement moved
    since it was admitted."""
    permit, resource = admitted.permit, admitted.resource
    roster = RosterKey(permit.agreement, permit.schedule, permit.provider, resource.key_space)
    sealer = OwnIdSealer(desk.ring.provider(permit.provider, fresh=True).data, roster)
    people = resource.key_space in people_key_spaces(desk.catalog.resources)
    with desk.database.write() as connection:
        if lock_epoch(connection) != admitted.facts.epoch:
            raise Unavailable("An agreement changed while the roster was read; send it again.")
        known = register(connection, permit.provider, resource.key_space, [line.key for line in lines], people=people)
        stored = [RosterLine(known[line.key].record, sealer.seal(line.own_id, known[line.key].record)) for line in lines]
        event = _submitted(submission, principal, admitted, known, desk)
        entry = replace_roster(connection, roster, stored, utc_text(desk.clock()), event, desk.log.append_in)
    return Submitted(entry, len(lines), roster, admitted.sent_under.schedule)


def _submitted(
    submission: Submission, principal: Principal, admitted: Admitted, known: Mapping[bytes, Registered], desk: RosterDesk
) -> AuditEvent:
    """The event of a roster: names, counts and commitments; whom it names is sealed beside it."""
    permit, resource = admitted.permit, admitted.resource
    salt = desk.random_bytes(SALT_BYTES)
    persons = BitMap([found.person for found in known.values() if found.person is not None])
    subject_key = desk.ring.agreement(permit.agreement, permit.provider).subject.secret
    leaf: dict[str, object] = {
        **principal.on_the_log,
        "decision": "permit",
        "operation": OPERATION,
        "purpose": permit.purpose,
        "provider": permit.recipient,
        "recipient": permit.provider,
        "resource": resource.name,
        "agreement": permit.agreement,
        "agreement_version": str(permit.agreement_version),
        "agreement_digest": permit.agreement_digest,
        "schedule": admitted.sent_under.schedule,
        "asks_under": permit.schedule,
        "released": [str(path) for path in resource.identity],
        "rows": str(len(known)),
        "subjects": subject_commitment(subject_key, salt, resource.name, persons).hex(),
        "body": hashlib.sha256(salt + submission.content).hexdigest(),
        "body_length": str(len(submission.content)),
        "media_type": submission.media_type,
        "policy": permit.bundle_digest,
        "request": submission.request.request_id,
    }
    detail = {"body_salt": _base64(salt), "persons": {"listed": _base64(persons.serialize())}}
    return AuditEvent(
        kind="roster",
        leaf=leaf,
        institutions=(permit.recipient, permit.provider),
        detail=orjson.dumps({"version": 1, **detail}),
        detail_owner=permit.provider,
    )


def refuse(why: GatewayError, principal: Principal, request: AccessRequest, desk: RosterDesk) -> NoReturn:
    """Put a refusal on the log and raise it. It names only what is ours to name."""
    known = desk.catalog.resource(request.resource)
    named = {
        "resource": known.name if known else "unknown",
        "purpose": request.purpose if request.purpose in principal.purposes else "unknown",
    }
    desk.log.append(refusal_event(principal, OPERATION, why, request.request_id, named))
    raise why


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
