"""What `make soak` measures by the clock would be found: an answer that waits where there is something hidden."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

import gateway.disclose
from gateway.domain.query_plan import QueryPlan
from gateway.domain.rows import Rows
from gateway.read import read
from gateway.store.engine import Connection
from gateway.store.record_tables import Tables
from tests.campaigns.timing import HIDDEN_RECORD, differences, shapes, tells_apart
from tests.campaigns.two_worlds import two_worlds
from tests.databases import copied_sqlite
from tests.world import World

PAIRS = 60
PLANTED_SECONDS = 0.005


@pytest.fixture
def worlds(sqlite_template: Path, tmp_path: Path) -> Iterator[tuple[World, World]]:
    with ExitStack() as stack:
        urls = []
        for name in ("left-db", "right-db"):
            (tmp_path / name).mkdir()
            urls.append(stack.enter_context(copied_sqlite(sqlite_template, tmp_path / name)))
        yield stack.enter_context(two_worlds(tmp_path, *urls))


def _wait_for_what_is_hidden(plan: QueryPlan, connection: Connection, tables: Tables) -> Rows:
    rows = read(plan, connection, tables)
    if not rows.records and read(replace(plan, scope=()), connection, tables).records:
        time.sleep(PLANTED_SECONDS)
    return rows


def test_a_planted_wait_is_caught(worlds: tuple[World, World], monkeypatch: pytest.MonkeyPatch) -> None:
    question = shapes(*worlds)[HIDDEN_RECORD]
    monkeypatch.setattr(gateway.disclose, "read", _wait_for_what_is_hidden)
    assert tells_apart(differences(*worlds, question, PAIRS, random.Random(1)))


def test_what_is_sometimes_later_and_sometimes_sooner_tells_nothing() -> None:
    assert not tells_apart([3.0, -3.0] * 250)
    assert not tells_apart([0.9] * 500)


def test_what_is_later_more_often_than_chance_makes_it_tells() -> None:
    assert tells_apart([3.0] * 300 + [-3.0] * 200)
    assert tells_apart([-1.1] * 300 + [0.0] * 200)
