"""Kill, stop, start again and misconfigure an OPA server at random while threads ask the engine and know the right answers.

Every answer is the right one of the bundle it names, or `Unavailable`, each within two seconds; after the server is well again,
answers come within five. The server also comes back with an older bundle now and then: none of its answers may count.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gateway.domain.decision import Question
from gateway.errors import Unavailable
from gateway.pdp.open_engine import fixed_pdp, open_pdp
from gateway.pdp.point import PolicyPoint
from gateway.pdp.policies import Policies
from gateway.pdp.read_bundle import read_bundle
from tests.opa_process import OpaProcess

THREADS = 6
LONGEST_ANSWER = 2.0
LONGEST_RECOVERY = 5.0
PAUSE = 0.002
CALM = 0.3
"""Seconds of load between a recovery and the next disturbance."""


@dataclass
class Toll:
    """What a campaign did and saw; times in seconds."""

    disturbances: Counter[str] = field(default_factory=Counter)
    right: int = 0
    unavailable: int = 0
    wrong: int = 0
    slowest: float = 0.0
    recoveries: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class _Asked:
    question: Question
    result: object


def disturb(
    opa: str, bundle: Path, older: Path, questions: Iterable[Question], seed: int, times: int, threads: int = THREADS
) -> Toll:
    """Disturb `times` times. `bundle` and `older` answer the first question differently."""
    chance, toll = random.Random(seed), Toll()
    known = _answers(bundle, questions)
    server = OpaProcess(opa, bundle)
    server.start()
    pdp = open_pdp(Policies(bundle), "opa", port=server.port)
    ended, lock = threading.Event(), threading.Lock()
    askers = [threading.Thread(target=_ask, args=(pdp, known, random.Random(seed + n), ended, toll, lock)) for n in range(threads)]
    try:
        for asker in askers:
            asker.start()
        for name in _plan(chance, times):
            _DISTURBANCES[name](server, older, chance)
            toll.disturbances[name] += 1
            toll.recoveries.append(_recovery(pdp, known[0]))
            time.sleep(CALM)
    finally:
        ended.set()
        for asker in askers:
            asker.join()
        pdp.close()
        server.go_on()
        server.kill()
    return toll


def _answers(bundle: Path, questions: Iterable[Question]) -> Sequence[_Asked]:
    """The right answers, from the engine in this process."""
    pdp = fixed_pdp(read_bundle(bundle))
    known = [_Asked(question, pdp.decide(question).result) for question in questions]
    pdp.close()
    return known


def _ask(
    pdp: PolicyPoint, known: Sequence[_Asked], chance: random.Random, ended: threading.Event, toll: Toll, lock: threading.Lock
) -> None:
    while not ended.wait(PAUSE):
        asked = chance.choice(known)
        begun = time.monotonic()
        try:
            right = pdp.decide(asked.question).result == asked.result
            outcome = "right" if right else "wrong"
        except Unavailable:
            outcome = "unavailable"
        took = time.monotonic() - begun
        with lock:
            setattr(toll, outcome, getattr(toll, outcome) + 1)
            toll.slowest = max(toll.slowest, took)


def _recovery(pdp: PolicyPoint, asked: _Asked) -> float:
    """Seconds from now, when the server is well, to the next answer."""
    begun = time.monotonic()
    while True:
        try:
            pdp.decide(asked.question)
        except Unavailable:
            if time.monotonic() - begun > 4 * LONGEST_RECOVERY:
                raise
            time.sleep(PAUSE)
        else:
            return time.monotonic() - begun


def _plan(chance: random.Random, times: int) -> Sequence[str]:
    """Each kind in turn, in a new order each round."""
    plan: list[str] = []
    while len(plan) < times:
        plan += chance.sample(sorted(_DISTURBANCES), len(_DISTURBANCES))
    return plan[:times]


def _killed(server: OpaProcess, older: Path, chance: random.Random) -> None:
    server.kill()
    time.sleep(chance.uniform(0.0, 0.6))
    server.start()


def _stopped(server: OpaProcess, older: Path, chance: random.Random) -> None:
    server.stop()
    time.sleep(chance.uniform(0.2, 4.0))
    server.go_on()


def _stopped_and_killed(server: OpaProcess, older: Path, chance: random.Random) -> None:
    server.stop()
    time.sleep(chance.uniform(0.0, 1.5))
    server.kill()
    server.start()


def _flickered(server: OpaProcess, older: Path, chance: random.Random) -> None:
    for _ in range(chance.randrange(2, 8)):
        server.stop()
        time.sleep(chance.uniform(0.0, 0.15))
        server.go_on()
        time.sleep(chance.uniform(0.0, 0.05))


def _with_an_older_bundle(server: OpaProcess, older: Path, chance: random.Random) -> None:
    server.kill()
    present, server.bundle = server.bundle, older
    server.start()
    # Longer than the breaker rests, or nobody would ask it.
    time.sleep(chance.uniform(2.2, 3.0))
    server.kill()
    server.bundle = present
    server.start()


_DISTURBANCES: Mapping[str, Callable[[OpaProcess, Path, random.Random], None]] = {
    "killed": _killed,
    "stopped": _stopped,
    "stopped and killed": _stopped_and_killed,
    "stopped for moments": _flickered,
    "an older bundle": _with_an_older_bundle,
}
KINDS = frozenset(_DISTURBANCES)
