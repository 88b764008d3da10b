"""Enter (pure): the log's event of what is about to leave, or of what was refused: names, counts and commitments, no value."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import orjson
from pyroaring import BitMap

from gateway.domain.access import AccessRequest, Principal
from gateway.domain.auditing import AuditEvent
from gateway.domain.decision import Decision, Question
from gateway.domain.grant_use import grant_use
from gateway.domain.query_plan import QueryPlan
from gateway.domain.refusals import refusal_event
from gateway.domain.rows import Body
from gateway.domain.treatments import Share, spoken
from gateway.errors import DisclosureDenied, GatewayError
from gateway.gate import Gate, Operation, Trail
from gateway.remember import Standing
from gateway.tlog.subjects import subject_commitment

SALT_BYTES = 32


@dataclass(frozen=True)
class Content:
    """What stands for exact bytes on the log: SHA-256 of the salt and them (decision 19), in hexadecimal, and their number."""

    digest: str
    length: int
    media_type: str
    salt: bytes

    @classmethod
    def of(cls, body: Body, salt: bytes) -> Content:
        salted = hashlib.sha256(salt)
        salted.update(body.content)
        return cls(salted.hexdigest(), len(body.content), body.media_type, salt)


@dataclass(frozen=True)
class Leaving:
    """What is about to leave: records of these `persons` by role, in bytes that `content` stands for; `counts` are more numbers
    that are told."""

    plan: QueryPlan
    operation: Operation
    rows: int
    persons: Mapping[str, Iterable[int]]
    content: Content
    counts: Mapping[str, int] = field(default_factory=dict)


def disclosed(leaving: Leaving, standing: Standing, request: AccessRequest, gate: Gate, now: datetime) -> AuditEvent:
    """The event of a disclosure, which counts against the limits of its grant."""
    permit, plan, content = standing.permit, leaving.plan, leaving.content
    persons = {role: BitMap(numbers) for role, numbers in leaving.persons.items()}
    subject_key = gate.ring.agreement(permit.agreement, permit.provider).subject.secret
    released = [element for element in plan.selected if isinstance(element.treatment, Share)]
    treated = [element for element in plan.selected if not isinstance(element.treatment, Share)]
    leaf: dict[str, object] = {
        **standing.principal.on_the_log,
        "decision": "permit",
        "operation": leaving.operation,
        "purpose": permit.purpose,
        "provider": permit.provider,
        "recipient": permit.recipient,
        "resource": permit.resource,
        "agreement": permit.agreement,
        "agreement_version": str(permit.agreement_version),
        "agreement_digest": permit.agreement_digest,
        "schedule": permit.schedule,
        "bases": {role: f"{basis.basis}; {basis.citation}" for role, basis in permit.bases.items()},
        **_decided(standing.question, permit, gate),
        "rules": list(permit.rules),
        "released": [element.path for element in released],
        "treated": {element.path: spoken(element.treatment) for element in treated},
        "withheld": list(permit.withheld),
        "filtered_by": sorted(request.compared),
        "sorted_by": [key.path for key in plan.sort],
        "rows": str(leaving.rows),
        **{name: str(number) for name, number in leaving.counts.items()},
        "subjects": subject_commitment(subject_key, content.salt, permit.resource, BitMap().union(*persons.values())).hex(),
        "body": content.digest,
        "body_length": str(content.length),
        "media_type": content.media_type,
        "request": request.request_id,
        "epoch": str(standing.facts.epoch),
    }
    detail = {
        "body_salt": _base64(content.salt),
        "persons": {role: _base64(numbers.serialize()) for role, numbers in persons.items()},
    }
    return AuditEvent(
        kind="disclosure",
        leaf=leaf,
        institutions=(permit.provider, permit.recipient),
        detail=orjson.dumps({"version": 1, **detail}),
        detail_owner=permit.provider,
        state_epoch=standing.facts.epoch,
        question=standing.question,
        use=grant_use(standing.entry, standing.day.isoformat(), leaving.rows, now),
    )


def refused(principal: Principal, why: GatewayError, trail: Trail, gate: Gate) -> AuditEvent:
    """The event of a request of a known client that got no record. It names only what is ours to name: a path, a purpose or
    an id that the client made up could hold anything."""
    request = trail.request
    known_resource = gate.catalog.resource(request.resource)
    named = {
        "resource": known_resource.name if known_resource else "unknown",
        "purpose": request.purpose if request.purpose in principal.purposes else "unknown",
        "choices": list(why.choices) if isinstance(why, DisclosureDenied) else [],
        **_decided(trail.question, trail.decision, gate),
    }
    return refusal_event(principal, request.operation, why, request.request_id, named, trail.question)


def _decided(question: Question | None, decision: Decision | None, gate: Gate) -> dict[str, object]:
    """By what a request was decided and from what, so that it can be decided again."""
    made: dict[str, object] = {"policy": gate.pdp.digest if decision is None else decision.bundle_digest}
    if question is not None:
        made["input"] = question.digest
    if decision is not None:
        made["answer"] = decision.answer_digest
        if decision.operator_digest is not None:
            made["operator_policy"] = decision.operator_digest
    return made


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
