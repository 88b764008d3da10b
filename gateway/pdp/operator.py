"""The operator's own rules: a second policy beside the first, which can refuse what the first permits and do nothing else.

Whatever keeps it from answering refuses, and raises the alarm: a log line and readiness, until it answers again.
"""

from __future__ import annotations

import re

from gateway.domain.decision import Question
from gateway.errors import Reason, Unavailable
from gateway.pdp.live import LiveEngine
from gateway.pdp.read_bundle import OPERATOR, Bundle
from gateway.telemetry import logger

NO_ANSWER = Reason("GW-PDP-03", "Educator Data Gateway", "The operator's own rules gave no answer in time")
NOT_UNDERSTOOD = Reason("GW-PDP-04", "Educator Data Gateway", "The answer of the operator's own rules was not understood")
MEMBERS = frozenset({"rule", "citation", "title"})
RULE = re.compile(r"X-[A-Z0-9-]{1,62}")
"""Apart from the rules that are shipped, so that nobody takes one for the other."""

MOST_REASONS = 50
LONGEST_TEXT = 500


class OperatorRules:
    """Threads may share it."""

    def __init__(self, bundle: Bundle, *, instances: int, seconds: float) -> None:
        self._engine = LiveEngine(
            bundle,
            instances=instances,
            seconds=seconds,
            entrypoints=(OPERATOR,),
            entrypoint=OPERATOR,
            sound=_is_a_list_of_reasons,
        )
        self.answering = True

    @property
    def digest(self) -> str:
        return self._engine.digest

    def refusals(self, question: Question) -> tuple[tuple[Reason, ...], str]:
        """Why the operator refuses, sorted by rule, and the digest of the rules; no reason means that they do not."""
        try:
            answer, digest = self._engine.ask(question)
        except Unavailable:
            return self._broken(NO_ANSWER), self._engine.digest
        if not isinstance(answer, list) or not _is_a_list_of_reasons(answer):
            return self._broken(NOT_UNDERSTOOD), digest
        self.answering = True
        reasons = (Reason(reason["rule"], reason["citation"], reason["title"]) for reason in answer)
        return tuple(sorted(reasons, key=lambda reason: (reason.rule, reason.title, reason.citation))), digest

    def take(self, bundle: Bundle) -> None:
        """Ask these rules from the next question on. Raises `IntegrityError`, and changes nothing, when they do not run."""
        self._engine.take(bundle)

    def close(self) -> None:
        """Give back the memory, after the last question."""
        self._engine.close()

    def _broken(self, reason: Reason) -> tuple[Reason, ...]:
        if self.answering:
            logger().error("operator rules failed", rule=reason.rule, bundle=self._engine.digest)
        self.answering = False
        return (reason,)


def _is_a_list_of_reasons(answer: object) -> bool:
    return (
        isinstance(answer, list)
        and len(answer) <= MOST_REASONS
        and all(isinstance(reason, dict) and reason.keys() == MEMBERS for reason in answer)
        and all(isinstance(text, str) and 0 < len(text.strip()) <= LONGEST_TEXT for reason in answer for text in reason.values())
        and all(RULE.fullmatch(reason["rule"]) for reason in answer)
    )
