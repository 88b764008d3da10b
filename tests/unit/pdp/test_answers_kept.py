"""An answer is kept for its question and its bundle, and for nothing else."""

from __future__ import annotations

import pytest

from gateway.ask import question_of
from gateway.pdp.embedded import EmbeddedPdp
from gateway.pdp.live import EMPTY, MOST_ANSWERS, LiveEngine
from gateway.pdp.policies import Policies


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The questions that reach an engine, which answers as ever."""
    reached: list[bytes] = []
    evaluate = EmbeddedPdp.evaluate

    def noted(engine: EmbeddedPdp, content: bytes, entrypoint: str) -> object:
        reached.append(content)
        return evaluate(engine, content, entrypoint)

    monkeypatch.setattr(EmbeddedPdp, "evaluate", noted)
    return reached


def test_the_same_question_is_answered_once_by_a_bundle(asked: list[bytes]) -> None:
    bundle = Policies().read()
    engine = LiveEngine(bundle, instances=1)
    question, other = question_of({"request": 1}), question_of({"request": 2})
    asked.clear()
    first = engine.ask(question)
    assert engine.ask(question) == first
    assert asked == [question.content]
    engine.ask(other)
    assert asked == [question.content, other.content]
    engine.take(bundle)
    asked.clear()
    assert engine.ask(question) == first
    assert asked == [question.content]
    engine.close()


def test_whether_the_engine_answers_is_never_remembered(asked: list[bytes]) -> None:
    engine = LiveEngine(Policies().read(), instances=1)
    asked.clear()
    engine.ask(EMPTY)
    engine.ask(EMPTY)
    assert asked == [EMPTY.content, EMPTY.content]
    engine.close()


def test_no_more_answers_are_kept_than_are_meant_to_be(asked: list[bytes]) -> None:
    engine = LiveEngine(Policies().read(), instances=1)
    for number in range(MOST_ANSWERS + 1):
        engine.ask(question_of({"request": number}))
    asked.clear()
    engine.ask(question_of({"request": 0}))
    assert len(asked) == 1
    engine.close()
