"""A database that hangs keeps no scrape waiting, and one that answers again is told at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event, Thread

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import text

from gateway.errors import Unavailable
from gateway.metrics.states import SourceStates, Standing, read_standing
from gateway.store.engine import open_database
from tests.databases import copied_postgres

NOTHING = Standing([], [], [])
NOW = datetime(2026, 11, 28, tzinfo=UTC)


def up(states: SourceStates) -> float:
    """What a scrape tells of the database."""
    registry = CollectorRegistry()
    registry.register(states)
    value = registry.get_sample_value("gateway_database_up")
    assert value is not None
    return value


def test_registering_reads_nothing() -> None:
    def read() -> Standing:
        raise AssertionError("nobody scraped")

    CollectorRegistry(auto_describe=True).register(SourceStates(read, lambda: NOW))


def test_a_read_that_hangs_is_given_up_and_no_second_one_waits_behind_it() -> None:
    go_on, begun = Event(), []

    def read() -> Standing:
        begun.append(1)
        assert go_on.wait(30)
        return NOTHING

    states = SourceStates(read, lambda: NOW, seconds=0.05)
    assert [up(states), up(states), up(states)] == [0, 0, 0]
    assert len(begun) == 1
    go_on.set()
    until = time.monotonic() + 30
    while not up(states):
        assert time.monotonic() < until
    assert len(begun) <= 2


def test_two_scrapes_at_once_share_one_read() -> None:
    go_on, begun, told = Event(), [], []

    def read() -> Standing:
        begun.append(1)
        assert go_on.wait(30)
        return NOTHING

    states = SourceStates(read, lambda: NOW, seconds=30)
    threads = [Thread(target=lambda: told.append(up(states))) for _ in range(2)]
    for thread in threads:
        thread.start()
    while not begun:
        pass
    go_on.set()
    for thread in threads:
        thread.join()
    assert told == [1, 1]
    assert len(begun) <= 2


def test_whatever_keeps_it_from_being_read_is_told_as_down() -> None:
    for why in (Unavailable("away"), ValueError("a bug"), MemoryError()):

        def read(why: Exception = why) -> Standing:
            raise why

        assert up(SourceStates(read, lambda: NOW)) == 0


@contextmanager
def locked(url: str, table: str) -> Iterator[None]:
    """Nobody else reads the table meanwhile."""
    database = open_database(url)
    with database.write() as connection:
        connection.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        yield
    database.close()


def test_the_server_gives_up_a_statement_that_takes_too_long(postgres_server: str) -> None:
    with copied_postgres(postgres_server) as url:
        database = open_database(url, pool_size=1, patience=0.3)
        assert read_standing(database) == NOTHING
        with locked(url, "sync_run"), pytest.raises(Unavailable):
            read_standing(database)
        assert read_standing(database) == NOTHING
        database.close()
