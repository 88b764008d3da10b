"""The engine against the oracle on random agreements and requests; malformed questions; agreements with something taken away."""

from __future__ import annotations

import os
from collections.abc import Iterator
from copy import deepcopy
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

from gateway.ask import question_of
from gateway.decide import decide as understood
from gateway.domain.decision import Deny
from gateway.pdp.rules import read_rules
from gateway.shipped import shipped
from tests.oracle.campaign import SEED, Engines, Given, ask, engines, hold_against, hold_files_against
from tests.oracle.malformed import disfigured
from tests.oracle.narrowing import gives_no_more, less
from tests.oracle.questions import CATALOGS, CHANCES, sound_question
from tests.oracle.slips import feed, filters, in_the_question

SAMPLE = int(os.environ.get("ORACLE_CASES", "2000"))
PROPERTIES = settings(max_examples=500, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def opened() -> Iterator[Engines]:
    with engines() as ready:
        yield ready


def test_the_engine_says_what_the_oracle_says() -> None:
    toll = hold_against(SAMPLE, SEED)
    assert toll.differences == []
    assert toll.questions == SAMPLE
    held = [rule.id for rule in read_rules(shipped("policies")) if "request" in rule.when]
    for reached in (toll.refused, toll.satisfied):
        missed = [rule for rule in held if rule not in reached]
        assert len(missed) <= len(held) // 10, missed


def test_the_engine_finds_in_a_file_what_the_oracle_finds() -> None:
    toll = hold_files_against(SAMPLE, SEED)
    assert toll.differences == []
    assert 0 < toll.permits < toll.questions == SAMPLE
    held = [rule.id for rule in read_rules(shipped("policies")) if "file" in rule.when]
    missed = [rule for rule in held if rule not in toll.refused]
    assert len(missed) <= len(held) // 10, missed


@PROPERTIES
@given(CHANCES)
def test_a_question_of_another_shape_is_denied(opened: Engines, chance: Random) -> None:
    name, sound = sound_question(chance)
    asked = deepcopy(sound)
    disfigured(chance, asked)
    answer = opened[name].evaluate(question_of(asked).content)
    assert isinstance(understood(question_of(asked), Given(answer)), Deny)


@PROPERTIES
@given(CHANCES)
def test_an_agreement_with_something_taken_away_gives_no_more(opened: Engines, chance: Random) -> None:
    name, asked = sound_question(chance)
    before = ask(opened[name], asked)
    assume(before["decision"] == "permit")
    [entry] = asked["agreements"]
    left = less(chance, entry)
    for vary in (None, filters, feed, in_the_question):
        request = deepcopy(asked)
        if vary is not None:
            vary(chance, request, CATALOGS[name])
        if request.get("agreements") != asked["agreements"]:
            continue
        old: Any = ask(opened[name], request)
        new: Any = ask(opened[name], {**request, "agreements": [left]})
        assert gives_no_more(new, old), (vary, left)
