"""PDP: the policy, whichever engine runs it, then the operator's own rules; and what is wrong with either."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Protocol

from gateway.domain.decision import Question
from gateway.errors import Reason, Unavailable
from gateway.pdp.engine import Answer
from gateway.pdp.live import EMPTY
from gateway.pdp.operator import OperatorRules
from gateway.pdp.read_bundle import Bundle
from gateway.pdp.watch import BundleWatch, Watcher
from gateway.telemetry import logger

POLICY_ENGINE, OPERATOR_RULES, BUNDLE_WATCH = "policy_engine", "operator_rules", "bundle_watch"
"""Names of checks, beside those of the watched bundles."""


class Engine(Protocol):
    """A policy that answers, and that can be exchanged."""

    @property
    def digest(self) -> str:
        """Of the bundle that answers now."""
        ...

    @property
    def lasting(self) -> bool:
        """Whether its answers change with its digest only."""
        ...

    def ask(self, question: Question) -> tuple[object, str]:
        """The answer and the digest of the bundle that gave it. Raises `Unavailable`."""
        ...

    def take(self, bundle: Bundle) -> None:
        """Answer by this bundle from the next question on. Raises `IntegrityError`, and changes nothing, when it does not run."""
        ...

    def close(self) -> None:
        """Give back what it holds, after the last question."""
        ...


class PolicyPoint:
    """Threads may share it. `start` begins to watch the bundles and the engine."""

    def __init__(self, engine: Engine, operator: OperatorRules | None, watches: Sequence[BundleWatch], watcher: Watcher) -> None:
        self._engine = engine
        self._operator = operator
        self._watches = tuple(watches)
        self._watcher = watcher
        self._engine_answers = True

    @property
    def digest(self) -> str:
        return self._engine.digest

    @property
    def operator_digest(self) -> str | None:
        """The digest of the operator's own rules; None where there are none."""
        return None if self._operator is None else self._operator.digest

    @property
    def lasting(self) -> bool:
        return self._engine.lasting

    def decide(self, question: Question) -> Answer:
        """The policy's answer; a refusal by the operator's rules in place of a permit. Raises `Unavailable`."""
        result, bundle = self._engine.ask(question)
        if self._operator is None:
            return Answer(result, bundle)
        if not (isinstance(result, dict) and result.get("decision") == "permit"):
            return Answer(result, bundle, self._operator.digest)
        reasons, operator = self._operator.refusals(question)
        return Answer(_refusal(reasons) if reasons else result, bundle, operator)

    def problems(self) -> tuple[str, ...]:
        """The names of the checks that do not hold now."""
        found = [watch.name for watch in self._watches if not watch.holds]
        if not self._engine_answers:
            found.append(POLICY_ENGINE)
        if self._operator is not None and not self._operator.answering:
            found.append(OPERATOR_RULES)
        if self._watcher.died:
            found.append(BUNDLE_WATCH)
        return tuple(found)

    def start(self) -> None:
        """Watch from now on, in a thread of its own."""
        self._watcher.start(self._look)

    def reload(self) -> None:
        """Read the bundles again soon, whether they have changed or not; may be called by a signal's handler."""
        self._watcher.reload()

    def close(self) -> None:
        """End the watch and give back what the engines hold, after the last question."""
        self._watcher.close()
        self._engine.close()
        if self._operator is not None:
            self._operator.close()

    def _look(self, anyway: bool) -> None:
        for watch in self._watches:
            watch.look(anyway=anyway)
        try:
            self._engine.ask(EMPTY)
        except Unavailable as why:
            self._say_engine(answers=False, why=why.detail)
        else:
            self._say_engine(answers=True)
        if self._operator is not None and not self._operator.answering:
            self._operator.refusals(EMPTY)

    def _say_engine(self, *, answers: bool, why: str = "") -> None:
        if answers != self._engine_answers:
            say = logger().warning if answers else logger().error
            say("policy engine", answers=answers, detail=why)
        self._engine_answers = answers


def _refusal(reasons: Sequence[Reason]) -> Mapping[str, object]:
    return {"decision": "deny", "reasons": [asdict(reason) for reason in reasons], "choices": []}
