"""Replay: make a past decision again from its stored input, by the policy of then and by today's, and say where they differ."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass

import orjson

from gateway.accountability.differ import Difference, differences, facets, facets_of_leaf
from gateway.accountability.query import find
from gateway.ask import question_of
from gateway.audit import AuditLog
from gateway.decide import decide
from gateway.domain.auditing import AuditEvent
from gateway.domain.decision import Permit, Question
from gateway.domain.identifiers import InstitutionId
from gateway.errors import IntegrityError, RequestError
from gateway.pdp.open_engine import fixed_pdp
from gateway.pdp.policies import Policies
from gateway.pdp.read_bundle import Bundle, unpacked
from gateway.store.decisions import read_bundle_content, read_input
from gateway.store.engine import Database


@dataclass(frozen=True)
class ReplayDesk:
    """What a replay needs from outside itself; `policies` are today's."""

    database: Database
    log_id: int
    log: AuditLog
    policies: Policies


@dataclass(frozen=True)
class Redecided:
    """A decision made again: `permit` or `deny`, the digests of the policy and the operator's rules, and of the answer."""

    decision: str
    policy: str
    operator_policy: str | None
    answer: str


@dataclass(frozen=True)
class Replay:
    """What came of it. `then` is None when only today's policy was asked; `recorded` is the answer's digest in the log, None when
    the engine gave no answer then. `changes` are from what was decided to what would be decided today."""

    entry: str
    recorded: str | None
    then: Redecided | None
    today: Redecided
    changes: tuple[Difference, ...]

    @property
    def reproduced(self) -> bool:
        """Whether the policy of then gives what the log says that it gave."""
        return self.then is None or self.then.answer == self.recorded

    @property
    def same(self) -> bool:
        """Whether the decision is the one of then, by every policy that was asked."""
        return self.reproduced and self.today.answer == self.recorded


def replay(entry: str, actor: str, desk: ReplayDesk, *, today_only: bool = False) -> Replay:
    """Replay the decision of one entry; `actor` is who asks, for the log.

    Raises `RequestError` when the entry holds no decision or its policy is not stored, `IntegrityError` when its stored input is
    not the one that the log commits to.
    """
    leaf = find(desk.database, desk.log_id, entry).leaf
    question = _question(leaf, desk)
    present = desk.policies.read()
    today, answer = _decide(question, present, desk.policies.read_operator())
    then, recorded = None, leaf.get("answer")
    if today_only:
        # The log names less than an answer does; its digest says whether there is anything to look for.
        same = today.answer == recorded
        changes = () if same else differences(facets_of_leaf(leaf), facets(answer), only_known=True)
    else:
        operator = leaf.get("operator_policy")
        rules = None if operator is None else _bundle(str(operator), desk)
        then, before = _decide(question, _bundle(str(leaf["policy"]), desk), rules)
        changes = differences(facets(before), facets(answer))
    done = Replay(entry, None if recorded is None else str(recorded), then, today, changes)
    desk.log.append(_event(done, leaf, question, actor))
    return done


def _question(leaf: Mapping[str, object], desk: ReplayDesk) -> Question:
    digest = leaf.get("input")
    if not isinstance(digest, str):
        raise RequestError("This entry holds no decision. List the newest: gateway audit show")
    with desk.database.read() as connection:
        content = read_input(connection, digest)
    if content is None or hashlib.sha256(content).hexdigest() != digest:
        raise IntegrityError("The stored input of this decision is not the one that the log commits to.")
    return question_of(orjson.loads(content))


def _bundle(digest: str, desk: ReplayDesk) -> Bundle:
    with desk.database.read() as connection:
        content = read_bundle_content(connection, digest)
    if content is None:
        raise RequestError(f"The policy {digest} of this decision is not stored here; try --today-bundle.")
    bundle = unpacked(content)
    if bundle.digest != digest:
        raise IntegrityError("A stored policy is not the one that the log names.")
    return bundle


def _decide(question: Question, bundle: Bundle, rules: Bundle | None) -> tuple[Redecided, object]:
    with closing(fixed_pdp(bundle, rules)) as pdp:
        given = pdp.decide(question)
        word = "permit" if isinstance(decide(question, pdp), Permit) else "deny"
    return Redecided(word, given.bundle, given.operator, given.digest), given.result


def _event(done: Replay, leaf: Mapping[str, object], question: Question, actor: str) -> AuditEvent:
    institutions = leaf["institutions"]
    told: dict[str, object] = {
        "entry": done.entry,
        "actor": actor,
        "input": question.digest,
        "policy": str(leaf["policy"]),
        "today": done.today.policy,
        "outcome": "same" if done.same else "different",
    }
    seen_by = tuple(InstitutionId(name) for name in institutions) if isinstance(institutions, list) else ()
    return AuditEvent(kind="replay", leaf=told, institutions=seen_by)
