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


class _Lent:
    """One bundle's engine and how many decisions are in it."""

    def __init__(self, engine: EmbeddedPdp) -> None:
        self.engine = engine
        self.users = 0
        self.retired = False


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

    def ask(self, question: Question) -> tuple[object, str]:
        """The answer and the digest of the bundle that gave it. Raises `Unavailable`."""
        with self._borrowed() as engine:
            return engine.evaluate(question.content, self._entrypoint), engine.digest

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
    def _borrowed(self) -> Iterator[EmbeddedPdp]:
        with self._lock:
            lent = self._lent
            lent.users += 1
        try:
            yield lent.engine
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
