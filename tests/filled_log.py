"""A log filled quickly with entries like those of disclosures, through the gateway's own append."""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import Iterator

import orjson
from pyroaring import BitMap

from gateway.audit import LARGEST_BATCH
from gateway.domain.auditing import AuditEvent
from gateway.domain.decision import Question
from gateway.domain.identifiers import AgreementId, InstitutionId
from gateway.tlog.subjects import subject_commitment
from tests.world import World

PROVIDER, RECIPIENT, AGREEMENT = InstitutionId("lakeside"), InstitutionId("riverton"), AgreementId("lakeside-riverton")
PEOPLE = 20_000
PAGE = 5
QUESTIONS = 50
ELEMENTS = ("candidates.firstName", "candidates.lastSurname", "candidates.programName", "candidates.gradeLevelDescriptor")


def prepare_keys(world: World) -> None:
    """The keys of a provider and of one agreement, so that details are sealed and people committed to."""
    with world.gateway.database.write() as connection:
        world.gateway.ring.create_provider_keys(connection, PROVIDER, "2026-01-01T00:00:00Z")
        world.gateway.ring.create_agreement_keys(connection, AGREEMENT, PROVIDER, "2026-01-01T00:00:00Z")


def fill(world: World, count: int, seed: int) -> None:
    """Append `count` entries of disclosures of a few people each, in the largest batches."""
    events = _events(world, count, random.Random(seed))
    while batch := [event for _, event in zip(range(LARGEST_BATCH), events, strict=False)]:
        world.gateway.log.append_all(batch)


def _events(world: World, count: int, chance: random.Random) -> Iterator[AuditEvent]:
    subject_key = world.gateway.ring.agreement(AGREEMENT, PROVIDER).subject.secret
    questions = [_question(number) for number in range(QUESTIONS)]
    for number in range(count):
        people = BitMap(chance.sample(range(PEOPLE), PAGE))
        question, salt = chance.choice(questions), chance.randbytes(32)
        leaf: dict[str, object] = {
            "client": "riverton-sis",
            "institution": RECIPIENT,
            "key": "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
            "token": chance.randbytes(16).hex(),
            "decision": "permit",
            "operation": "read",
            "purpose": "placement",
            "provider": PROVIDER,
            "recipient": RECIPIENT,
            "resource": "candidates",
            "agreement": AGREEMENT,
            "agreement_version": "1",
            "agreement_digest": "5f" * 32,
            "schedule": "candidates",
            "bases": {"candidate": "consent; 34 CFR 99.30"},
            "policy": "3a" * 32,
            "input": question.digest,
            "answer": "7c" * 32,
            "rules": ["F-30-A", "GW-AGR-01"],
            "released": list(ELEMENTS),
            "treated": {"candidates.birthDate": "generalise to year"},
            "withheld": ["candidates.sexDescriptor", "candidates.races"],
            "filtered_by": [],
            "sorted_by": [],
            "rows": str(len(people)),
            "subjects": subject_commitment(subject_key, salt, "candidates", people).hex(),
            "body": chance.randbytes(32).hex(),
            "body_length": str(700 * len(people)),
            "media_type": "application/json",
            "request": f"request-{number}",
            "epoch": "7",
        }
        detail = {"body_salt": _base64(salt), "persons": {"candidate": _base64(people.serialize())}}
        yield AuditEvent(
            kind="disclosure",
            leaf=leaf,
            institutions=(PROVIDER, RECIPIENT),
            detail=orjson.dumps({"version": 1, **detail}),
            detail_owner=PROVIDER,
            question=question,
        )


def _question(number: int) -> Question:
    content = orjson.dumps({"number": str(number)})
    return Question({"number": str(number)}, content, hashlib.sha256(content).hexdigest())


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
