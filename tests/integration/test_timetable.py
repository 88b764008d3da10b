"""Scheduled sources: a turn is done once by whichever process takes it, what failed is told, and a late source is told once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from connectors.schedule import Schedule
from connectors.source import Source
from gateway.cli.source.files import read_source
from gateway.demo.extracts import write_extracts
from gateway.domain.identifiers import InstitutionId
from gateway.errors import ConfigurationError
from gateway.stage import Stage
from gateway.store.turns import freshness, history, last_turns
from gateway.timetable import Timetable, Turn, last_turn, trigger_of
from tests.world import DEMO, SMALL, World, gateway_world

LAKESIDE = InstitutionId("lakeside")
HOURLY = Schedule(every=timedelta(hours=1), late_after=timedelta(hours=3))
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
CANDIDATES_ALONE = Path(__file__).with_name("finder_by_number.yaml")
"""An agreement that needs nothing else of the provider."""


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    with gateway_world(tmp_path / "home", database_url) as opened:
        opened.agree()
        write_extracts(opened.folder / "extracts", SMALL)
        yield opened


@pytest.fixture
def source(world: World) -> Source:
    return replace(world.source("lakeside", world.folder / "extracts"), schedule=HOURLY)


def timetable(world: World, *files: Path) -> Timetable:
    return Timetable(world.gateway, files, lambda file: read_source(file, world.gateway.catalog))


def test_a_turn_is_done_by_one_of_two_processes(world: World, source: Source) -> None:
    first, second = timetable(world), timetable(world)
    turn = Turn(source, NOON)
    assert (first.run(turn), second.run(turn)) == ("done", None)
    assert second.run(Turn(source, NOON + timedelta(hours=1))) == "done", "the next turn is anybody's again"
    with world.gateway.database.read() as connection:
        runs = list(history(connection, LAKESIDE, 100))
    assert {run.state for run in runs} == {"promoted", "unchanged"}
    assert len(runs) == 2 * sum(run.state == "promoted" for run in runs)


def test_a_turn_that_fails_ends_with_the_errors_code_and_leaves_what_was(world: World, source: Source) -> None:
    assert timetable(world).run(Turn(source, NOON)) == "done"
    (world.folder / "extracts" / "lakeside" / "candidates.csv").unlink()
    assert timetable(world).run(Turn(source, NOON + timedelta(hours=1))) == "GW-ING-01"
    with world.gateway.database.read() as connection:
        failed = [run for run in history(connection, LAKESIDE, 100) if run.state == "failed"]
    assert [(run.resource, run.failure) for run in failed] == [("candidates", "GW-ING-01")]


def test_a_turn_ends_whatever_it_fails_of_and_the_log_has_no_text_of_it(
    world: World, source: Source, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fault(*_: object) -> None:
        raise ValueError("Zebedee")

    monkeypatch.setattr(Stage, "take", fault)
    assert timetable(world).run(Turn(source, NOON)) == "GW-000"
    with world.gateway.database.read() as connection:
        [turn] = last_turns(connection, LAKESIDE)
    assert turn.outcome == "GW-000"
    [line] = [line for line in capsys.readouterr().out.splitlines() if "source failed" in line]
    assert "ValueError" in line
    assert "Zebedee" not in line
    monkeypatch.undo()
    assert timetable(world).run(Turn(source, NOON + timedelta(hours=1))) == "done"


def test_a_source_is_told_as_late_once_and_once_as_no_longer_late(
    world: World, source: Source, capsys: pytest.CaptureFixture[str]
) -> None:
    table = timetable(world)
    assert table.run(Turn(source, NOON)) == "done"
    for hours in (2, 2, 0):
        world.later(hours=hours)
        table.tell_late()
    assert table.run(Turn(source, NOON + timedelta(hours=5))) == "done"
    table.tell_late()
    lines = capsys.readouterr().out.splitlines()
    late = [line for line in lines if "source late" in line]
    fresh = [line for line in lines if "no longer late" in line]
    assert len(late) == len(fresh) > 0


def test_freshness_knows_every_resource_that_is_expected(world: World, source: Source) -> None:
    timetable(world).run(Turn(source, NOON))
    with world.gateway.database.read() as connection:
        found = {entry.resource: entry for entry in freshness(connection, LAKESIDE)}
    assert set(found) == set(source.resources)
    assert found[next(iter(source.resources))].late_after == timedelta(hours=3)


def test_what_no_agreement_needs_is_never_late(tmp_path: Path, database_url: str) -> None:
    with gateway_world(tmp_path / "home", database_url) as world:
        world.agree(CANDIDATES_ALONE)
        write_extracts(world.folder / "extracts", SMALL)
        source = replace(world.source("lakeside", world.folder / "extracts"), schedule=HOURLY)
        timetable(world).run(Turn(source, NOON))
        with world.gateway.database.read() as connection:
            expected = {found.resource: found.is_late(world.now) for found in freshness(connection, LAKESIDE)}
    assert len(source.resources) > len(expected)
    assert expected == {"candidates": False}


def test_a_source_without_a_schedule_any_more_is_expected_no_more(world: World, tmp_path: Path, source: Source) -> None:
    timetable(world).run(Turn(source, NOON))
    world.later(hours=4)
    table = Timetable(world.gateway, (tmp_path,), lambda _: replace(source, schedule=None))
    with world.gateway.database.read() as connection:
        assert any(found.is_late(world.now) for found in freshness(connection, LAKESIDE))
    table.start()
    table.stop()
    with world.gateway.database.read() as connection:
        assert not any(found.is_late(world.now) for found in freshness(connection, LAKESIDE))


@pytest.mark.parametrize(
    ("schedule", "last"),
    [
        (Schedule(every=timedelta(minutes=30)), datetime(2026, 11, 24, 12, 30, tzinfo=UTC)),
        (Schedule(cron="15 2 * * *", zone="America/Chicago"), datetime(2026, 11, 24, 8, 15, tzinfo=UTC)),
        (Schedule(cron="0 3 1 1 *"), datetime(2026, 1, 1, 3, tzinfo=UTC)),
    ],
)
def test_the_last_turn_is_the_same_instant_in_every_process(schedule: Schedule, last: datetime) -> None:
    assert last_turn(schedule, NOON + timedelta(minutes=47)) == last


def test_a_schedule_that_cannot_be_read_is_refused_at_the_start() -> None:
    for schedule in (Schedule(cron="61 2 * * *"), Schedule(cron="0 2 * * *", zone="America/Nowhere")):
        with pytest.raises(ConfigurationError, match="cannot be read"):
            trigger_of(schedule)


def test_the_library_comes_to_the_turn_that_was_missed(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_EXTRACTS", str(world.folder / "extracts"))
    file = tmp_path / "lakeside.source.yaml"
    text = (DEMO / "lakeside.source.yaml").read_text(encoding="utf-8")
    file.write_text(text.replace("kind: delimited\n", "kind: delimited\nschedule: {every: 1h, late_after: 3h}\n"), encoding="utf-8")
    table = timetable(world, file)
    ended = Event()
    run = table.run

    def run_and_tell(turn: Turn) -> str | None:
        outcome = run(turn)
        ended.set()
        return outcome

    monkeypatch.setattr(table, "run", run_and_tell)
    table.start()
    try:
        assert ended.wait(60)
    finally:
        table.stop()
    with world.gateway.database.read() as connection:
        assert {past.state for past in history(connection, LAKESIDE, 100)} == {"promoted"}


def test_a_sync_that_runs_gives_up_when_the_server_stops(world: World, source: Source) -> None:
    table = timetable(world)
    table.start()
    table.stop()
    assert table.run(Turn(source, NOON)) == "GW-ING-01"
    with world.gateway.database.read() as connection:
        assert {past.state for past in history(connection, LAKESIDE, 100)} == {"failed"}
