"""A sample of the campaign of exact views, and that it finds an element and a record too many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import gateway.disclose
from gateway.domain.query_plan import QueryPlan
from gateway.domain.rows import Rows
from gateway.plan import compile_plan
from gateway.read import read
from tests.campaigns.exact_view import hold_exactly, prepare
from tests.conftest import new_database
from tests.databases import BACKENDS
from tests.world import World, open_world

SAMPLE = 400
UNTIL_CAUGHT = 200


@pytest.fixture(params=BACKENDS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with new_database(request.param, request, tmp_path) as url, open_world(tmp_path / "home", url) as opened:
        prepare(opened)
        yield opened


def test_every_answer_is_that_of_a_plain_reading(world: World) -> None:
    toll = hold_exactly(world, 1, SAMPLE)
    assert toll.otherwise == []
    assert toll.answered >= SAMPLE


def test_a_selection_that_forgets_itself_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def everything(*arguments: Any) -> QueryPlan:
        plan = compile_plan(*arguments)
        return replace(plan, selected=plan.permitted)

    monkeypatch.setattr(gateway.disclose, "compile_plan", everything)
    assert hold_exactly(world, 2, UNTIL_CAUGHT).otherwise


def test_a_record_out_of_the_rows_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def unscoped(plan: QueryPlan, *others: Any) -> Rows:
        return read(replace(plan, scope=()), *others)

    monkeypatch.setattr(gateway.disclose, "read", unscoped)
    assert hold_exactly(world, 2, UNTIL_CAUGHT).otherwise
