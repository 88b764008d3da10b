"""The engine in this process: an answer or `Unavailable`, from any number of threads."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.errors import IntegrityError, Unavailable
from gateway.pdp.embedded import EmbeddedPdp
from gateway.pdp.read_bundle import Bundle, read_bundle
from gateway.shipped import shipped


@pytest.fixture
def engine() -> Iterator[EmbeddedPdp]:
    opened = EmbeddedPdp(read_bundle(shipped("policies") / "bundle"), instances=2)
    yield opened
    opened.close()


def test_the_digest_is_the_bundles(engine: EmbeddedPdp) -> None:
    assert engine.digest == read_bundle(shipped("policies") / "bundle").digest


def test_more_threads_than_instances_all_get_their_answer(engine: EmbeddedPdp) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(engine.evaluate, [{}] * 64))
    assert answers == [engine.evaluate({})] * 64


def test_a_closed_engine_is_unavailable(engine: EmbeddedPdp) -> None:
    engine.close()
    with pytest.raises(Unavailable):
        engine.evaluate({})


def test_facts_that_are_no_json_are_unavailable_and_not_quoted(engine: EmbeddedPdp) -> None:
    with pytest.raises(Unavailable) as caught:
        engine.evaluate({"name": {"Ada"}})
    assert "Ada" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_facts_beyond_a_megabyte_are_unavailable_and_the_next_are_answered(engine: EmbeddedPdp) -> None:
    with pytest.raises(Unavailable):
        engine.evaluate({"padding": "x" * 1_100_000})
    assert engine.evaluate({}) is not None


def test_bytes_that_are_no_policy_are_refused() -> None:
    with pytest.raises(IntegrityError):
        EmbeddedPdp(Bundle(b"\0asm", {}, "d" * 64))
