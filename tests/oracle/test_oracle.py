"""The engine against the oracle: on random agreements and requests they say the same."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from gateway.pdp import open_pdp
from gateway.pdp.embedded import EmbeddedPdp
from tests.oracle.oracle import View, decide
from tests.oracle.questions import CATALOG, questions

SAMPLE = int(os.environ.get("ORACLE_CASES", "500"))


@pytest.fixture(scope="module")
def engine() -> Iterator[EmbeddedPdp]:
    opened = open_pdp(instances=1)
    assert isinstance(opened, EmbeddedPdp)
    yield opened
    opened.close()


def seen(answer: Any) -> View | None:
    """The engine's answer as the oracle puts it."""
    if answer["decision"] == "deny":
        return None
    return View(
        agreement=answer["agreement"]["id"],
        elements=answer["elements"],
        withheld=tuple(answer["withheld"]),
        rows=tuple(answer["rows"]),
        excluded_opt_outs=tuple(answer["excluded_opt_outs"]),
        excluded_subjects=answer["excluded_subjects"],
        consents=answer["consents"],
        rows_left=answer["rows_left"],
    )


@settings(max_examples=SAMPLE, deadline=None, suppress_health_check=list(HealthCheck))
@given(questions())
def test_the_engine_says_what_the_oracle_says(engine: EmbeddedPdp, question: dict[str, Any]) -> None:
    answer = engine.evaluate(question)
    assert seen(answer) == decide(question, CATALOG), answer
