"""PDP in this process that changes its bundle while it decides: the new one is warm before the first question reaches it, and
the old one is given back after its last."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from gateway.domain.decision import Question
from gateway.errors import IntegrityError, Unavailable
from gateway.pdp.embedded import DECISION_SECONDS, EmbeddedPdp
from gateway.pdp.read_bundle import DECISION, ENTRYPOINTS, Bundle, sha256

EMPTY = Question({}, b"{}", sha256(b"{}"))
"""A question that says nothing: every sound policy has an answer, and a policy for disclosures refuses it."""


def refuses(answer: object) -> bool:
    """What a policy for disclosures answers to `EMPTY`."""
    return isinstance(answer, dict) and answer.get("decision") == "deny"


_NEW = object()
MOST_ANSWERS = 1_000
"""How many answers of one bundle are kept."""


class _Lent:
    """One bundle's engine, how many decisions are in it, and its latest answers by the question's digest.

    An answer depends on its bundle and its question alone, states and days being in the question, so that a kept one is right
    for as long as the bundle is asked; it goes with the bundle.
    """

    def __init__(self, engine: EmbeddedPdp) -> None:
        self.engine = engine
        self.users = 0
        self.retired = False
        self.answers: dict[str, object] = {}


class LiveEngine:
    """Threads may share it. `entrypoint` is the one that is asked, `sound` what a policy must answer to `EMPTY` to be taken."""

    def __init__(
        self,
        bundle: Bundle,
        *,
        instances: int = 4,
        seconds: float = DECISION_SECONDS,
        entrypoints: tuple[str, ...] = ENTRYPOINTS,
        entrypoint: str = DECISION,
        sound: Callable[[object], bool] = refuses,
    ) -> None:
        self._instances = instances
        self._seconds = seconds
        self._entrypoints = entrypoints
        self._entrypoint = entrypoint
        self._sound = sound
        self._lock = threading.Lock()
        self._lent = self._warm(bundle)

    @property
    def digest(self) -> str:
        return self._lent.engine.digest

    @property
    def lasting(self) -> bool:
        return True

    def ask(self, question: Question) -> tuple[object, str]:
        """The answer and the digest of the bundle that gave it. Raises `Unavailable`."""
        with self._borrowed() as lent:
            # The empty question is asked to see whether the engine still answers.
            known = lent.answers.get(question.digest, _NEW)
            if known is not _NEW and question is not EMPTY:
                return known, lent.engine.digest
            answer = lent.engine.evaluate(question.content, self._entrypoint)
            with self._lock:
                if len(lent.answers) >= MOST_ANSWERS:
                    lent.answers.clear()
                lent.answers[question.digest] = answer
            return answer, lent.engine.digest

    def take(self, bundle: Bundle) -> None:
        """Decide by this bundle from the next question on. Raises `IntegrityError`, and changes nothing, when it does not run."""
        fresh = self._warm(bundle)
        with self._lock:
            old, self._lent = self._lent, fresh
        self._retire(old)

    def close(self) -> None:
        """Give back the engine's memory, after the last question."""
        self._retire(self._lent)

    def _warm(self, bundle: Bundle) -> _Lent:
        """An engine whose every instance has answered once."""
        engine = EmbeddedPdp(bundle, instances=self._instances, seconds=self._seconds, entrypoints=self._entrypoints)
        try:
            with ThreadPoolExecutor(self._instances) as threads:
                answers = list(threads.map(lambda _: engine.evaluate(EMPTY.content, self._entrypoint), range(self._instances)))
        except Unavailable as why:
            engine.close()
            raise IntegrityError("The policy bundle does not answer; build or install it again.") from why
        if not all(self._sound(answer) for answer in answers):
            engine.close()
            raise IntegrityError(f"The policy bundle's {self._entrypoint} does not answer an empty question as it must.")
        return _Lent(engine)

    @contextmanager
    def _borrowed(self) -> Iterator[_Lent]:
        with self._lock:
            lent = self._lent
            lent.users += 1
        try:
            yield lent
        finally:
            with self._lock:
                lent.users -= 1
                last = lent.retired and lent.users == 0
            if last:
                lent.engine.close()

    def _retire(self, lent: _Lent) -> None:
        with self._lock:
            lent.retired = True
            idle = lent.users == 0
        if idle:
            lent.engine.close()
