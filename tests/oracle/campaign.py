"""The engine against the oracle: random questions, what each says, and which rules were reached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import hypothesis
import orjson
from hypothesis import HealthCheck, Phase, given, settings

from gateway.ask import question_of
from gateway.decide import decide as understood
from gateway.domain.decision import Deny, Question
from gateway.pdp.embedded import EmbeddedPdp
from gateway.pdp.engine import Answer
from gateway.pdp.read_bundle import CHECK, Bundle, read_bundle
from gateway.shipped import shipped
from tests.oracle.file_check import check
from tests.oracle.files import agreement_file
from tests.oracle.narrowing import gives_no_more, less
from tests.oracle.oracle import decide
from tests.oracle.questions import CATALOGS, CHANCES, question, sound_question

SEED = 20_261_124
CANNOT_BE_JUDGED = "GW-CHK-01"
Engines = Mapping[str, EmbeddedPdp]


@dataclass
class Toll:
    """What a campaign saw: how many questions, permits and differences; each rule that refused, and that a permit satisfied."""

    questions: int = 0
    permits: int = 0
    differences: list[str] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    satisfied: Counter[str] = field(default_factory=Counter)


@contextmanager
def engines() -> Iterator[Engines]:
    """The shipped WASM over each catalog."""
    wasm = read_bundle(shipped("policies") / "bundle").wasm
    opened = {name: EmbeddedPdp(Bundle(wasm, {"catalog": catalog}, "d" * 64), instances=1) for name, catalog in CATALOGS.items()}
    try:
        yield opened
    finally:
        for engine in opened.values():
            engine.close()


def said(answer: Any) -> Any:
    """The engine's answer as the oracle puts it: of reasons the rules."""
    if not isinstance(answer, dict) or answer.get("decision") != "deny":
        return answer
    return {
        **{name: member for name, member in answer.items() if name != "reasons"},
        "rules": [reason["rule"] for reason in answer["reasons"]],
    }


@dataclass(frozen=True)
class Given:
    """A policy that has answered."""

    answer: object
    digest: str = "d" * 64

    def decide(self, question: Question) -> Answer:
        return Answer(self.answer, self.digest)

    def problems(self) -> tuple[str, ...]:
        return ()

    def close(self) -> None:
        """Nothing is open."""


def ask(engine: EmbeddedPdp, asked: Mapping[str, Any]) -> Any:
    """The engine's answer to a question as the gateway spells it; a permit that the gateway does not understand is its denial."""
    question = question_of(asked)
    answer = engine.evaluate(question.content)
    if isinstance(answer, dict) and answer.get("decision") == "permit":
        decision = understood(question, Given(answer))
        if isinstance(decision, Deny):
            return {"decision": "deny", "rules": [reason.rule for reason in decision.reasons], "choices": list(decision.choices)}
    return said(answer)


def difference(asked: Mapping[str, Any], answer: Any, expected: Mapping[str, Any]) -> str:
    """Where the two differ, and the question."""
    names = [name for name in sorted({*answer, *expected}) if answer.get(name) != expected.get(name)]
    told = [f"{name}: engine {answer.get(name)!r}, oracle {expected.get(name)!r}" for name in names if name != "rules"]
    mine, theirs = set(expected.get("rules", ())), set(answer.get("rules", ()))
    rules = f"only the engine: {sorted(theirs - mine)}; only the oracle: {sorted(mine - theirs)}"
    return f"{told}; {rules}; {question_of(asked).content.decode()}"


def hold_against(cases: int, seed: int) -> Toll:
    """Put many random questions to the engine and to the oracle."""
    toll = Toll()
    with engines() as opened:

        def put(chance: Random) -> None:
            name, asked = question(chance)
            answer, expected = ask(opened[name], asked), decide(asked, CATALOGS[name])
            permits = answer["decision"] == "permit"
            toll.questions += 1
            toll.permits += permits
            (toll.satisfied if permits else toll.refused).update(answer["rules"])
            if answer != expected:
                toll.differences.append(difference(asked, answer, expected))

        _many_times(put, cases, seed)
    return toll


def hold_files_against(cases: int, seed: int) -> Toll:
    """Have the engine and the oracle check many random agreement files; a permit is a file in which nothing is wrong."""
    toll = Toll()
    with engines() as opened:

        def put(chance: Random) -> None:
            name, file = agreement_file(chance)
            answer: Any = opened[name].evaluate(orjson.dumps(file), CHECK)
            found, expected = {fault["rule"] for fault in answer}, check(file, CATALOGS[name])
            toll.questions += 1
            toll.permits += not found
            toll.refused.update(found)
            if found != expected and not (expected == {CANNOT_BE_JUDGED} and CANNOT_BE_JUDGED in found):
                toll.differences.append(difference(file, {"rules": found}, {"rules": expected}))

        _many_times(put, cases, seed)
    return toll


@dataclass
class Narrowing:
    """How many agreements with something taken away were asked about, how many of them still gave something, and what gave more."""

    agreements: int = 0
    permits: int = 0
    wider: list[str] = field(default_factory=list)


def take_away(cases: int, seed: int) -> Narrowing:
    """Ask about many agreements, and about what is left of each of them."""
    toll = Narrowing()
    with engines() as opened:

        def put(chance: Random) -> None:
            name, asked = sound_question(chance)
            before = ask(opened[name], asked)
            left = {**asked, "agreements": [less(chance, asked["agreements"][0])]}
            after = ask(opened[name], left)
            if before["decision"] == "permit":
                toll.agreements += 1
                toll.permits += after["decision"] == "permit"
                if not gives_no_more(after, before):
                    toll.wider.append(difference(left, after, before))

        _many_times(put, cases, seed)
    return toll


def _many_times(put: Callable[[Random], None], cases: int, seed: int) -> None:
    many = settings(
        max_examples=cases, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    hypothesis.seed(seed)(many(given(CHANCES)(put)))()
