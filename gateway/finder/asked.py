"""Who is asked about: the records that the schedule towards the provider lets the asking institution name, and no others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import orjson

from gateway.catalog.model import Resource
from gateway.domain.access import FINDER, AccessRequest, Principal
from gateway.domain.auditing import AuditEvent
from gateway.domain.identifiers import ElementPath, InstitutionId, RecordId
from gateway.domain.query_plan import QueryPlan
from gateway.domain.rows import Body
from gateway.domain.treatments import Share
from gateway.enter import SALT_BYTES, Content, Leaving, disclosed
from gateway.errors import DisclosureDenied, IntegrityError, RequestError
from gateway.gate import Gate, Trail
from gateway.plan import compile_plan
from gateway.read import read
from gateway.read_roster import MOST_LINES
from gateway.redact import redact
from gateway.remember import Standing
from gateway.stand import READ_SCOPE, stand_as
from gateway.store.engine import Connection
from gateway.store.sealed import promoted, sealed_blobs
from gateway.store.usage import ROWS_PER_DAY
from gateway.submit_roster import Admitted

AT_ONCE = 5_000
NAMES = (ElementPath("firstName"), ElementPath("lastSurname"), ElementPath("birthDate"))


@dataclass(frozen=True, repr=False)
class Asked:
    """One record that is asked about: what its institution calls it, and what is shared of it, by path."""

    record: RecordId
    own_id: str
    shared: Mapping[ElementPath, object]


@dataclass(frozen=True, repr=False)
class AskedAbout:
    """Everybody who is asked about, from one snapshot, and what that stands on. `number` are the paths that name a person to the
    provider, in the order of its identity."""

    institution: InstitutionId
    resource: Resource
    number: tuple[ElementPath, ...]
    standing: Standing
    plan: QueryPlan
    request: AccessRequest
    persons: Mapping[str, list[int]]
    asked: list[Asked]


def read_asked(
    admitted: Admitted, principal: Principal, more: tuple[ElementPath, ...], connection: Connection, gate: Gate
) -> AskedAbout:
    """Read who is asked about, and what else of `more` is shared of them, as the provider may see it.

    Raises `RequestError` where the schedule does not share a whole number, or the records are not people with one id of their own;
    `DisclosureDenied` where the policy refuses.
    """
    resource, permit = admitted.sent_under.resource, admitted.permit
    if len(resource.identity) != 1 or not any(person.via == "self" for person in resource.persons.values()):
        raise RequestError(f"{resource.name} are no people with one id each, so no roster is made from them; send it yourself.")
    asked = AccessRequest(
        resource.name, permit.purpose, permit.recipient, permit.agreement, request_id=f"{FINDER}-{admitted.facts.epoch}"
    )
    provider = replace(
        principal,
        client=FINDER,
        institution=permit.provider,
        purposes=frozenset({permit.purpose}),
        scopes=frozenset({READ_SCOPE}),
    )
    standing = stand_as(provider, connection, gate, Trail(asked))
    number = _number(admitted, standing)
    also = tuple(path for path in more if standing.permit.elements.get(path) == Share())
    asked = replace(asked, select=number + also)
    plan = compile_plan(replace(asked, limit=AT_ONCE), standing.permit, gate.catalog, gate.keyed(standing), None, standing.day)
    own_ids = _own_ids(resource, permit.recipient, connection, gate)
    persons: dict[str, list[int]] = {role: [] for role, _ in plan.person_columns}
    found: list[Asked] = []
    for part, values in _parts(plan, standing, connection, gate, persons):
        for at, record in enumerate(part):
            shared = {path: column[at] for path, column in values.items()}
            found.append(Asked(RecordId(record), own_ids[record], shared))
        if len(found) > MOST_LINES:
            raise RequestError(
                f"A roster has {MOST_LINES:,} lines at most; choose fewer rows in schedule {standing.permit.schedule}."
            )
    return AskedAbout(permit.recipient, resource, number, standing, plan, asked, persons, found)


def told_to_provider(about: AskedAbout, body: Body, operation: Literal["roster", "look"], people: int, gate: Gate) -> AuditEvent:
    """The event of what the provider is told of them, in the register of the institution that asks."""
    content = Content.of(body, gate.random_bytes(SALT_BYTES))
    return disclosed(
        Leaving(about.plan, operation, people, about.persons, content), about.standing, about.request, gate, gate.clock()
    )


def _number(admitted: Admitted, standing: Standing) -> tuple[ElementPath, ...]:
    """The elements that together name a person to the provider, all of which must be shared."""
    resource, element = admitted.sent_under.resource, admitted.sent_under.element
    members = resource.identity if element.stands_for == "self" else resource.references[str(element.stands_for)].members
    hidden = [path for path in members if standing.permit.elements.get(path) != Share()]
    if hidden:
        raise RequestError(
            f"Schedule {standing.permit.schedule} shares {element.path}, but not {', '.join(hidden)}: only together do they name "
            "somebody. Share all of them, or send the roster yourself."
        )
    return members


def _parts(
    plan: QueryPlan, standing: Standing, connection: Connection, gate: Gate, persons: Mapping[str, list[int]]
) -> Iterator[tuple[list[int], Mapping[ElementPath, list[object]]]]:
    """Page by page: the records, and their shared values by column."""
    permit, keyed, count = standing.permit, gate.keyed(standing), 0
    while True:
        rows = read(plan, connection, gate.tables)
        count += len(rows.records)
        if permit.rows_left is not None and count + (rows.following is not None) > permit.rows_left:
            raise DisclosureDenied((ROWS_PER_DAY,))
        for role, numbers in rows.persons.items():
            persons[role].extend(numbers)
        treated = redact(rows, plan, keyed.pseudonyms, gate.opener(permit), gate.own_ids(permit))
        yield list(rows.records), {path: list(column) for path, column in treated.values.items()}
        if rows.following is None:
            return
        plan = replace(plan, after=rows.following)


def _own_ids(resource: Resource, institution: InstitutionId, connection: Connection, gate: Gate) -> Mapping[int, str]:
    """What the institution calls each of its records, which goes back to nobody but itself."""
    [own] = resource.identity
    head = promoted(connection, institution, [resource.name]).get(resource.name)
    if head is None:
        return {}
    [blobs] = sealed_blobs(connection, gate.tables[resource.name], institution, head.version, ())
    opened = gate.open_sealed(institution, resource.name, None, blobs.sealed, blobs.places)
    ids: dict[int, str] = {}
    for place, content in zip(blobs.places, opened, strict=True):
        if content is None:
            raise IntegrityError(f"A record of {resource.name} has no id of its own.")
        ids[place[0]] = str(orjson.loads(content)[own])
    return ids
