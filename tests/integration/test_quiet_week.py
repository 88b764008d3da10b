"""A quiet week on the demo raises no alert under the shipped rules, after four weeks like it; what is out of the ordinary does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from gateway.alerts.read_rules import read_rules_file
from gateway.alerts.rules import Alert
from gateway.app import SHIPPED_RULES
from gateway.store.turns import expect
from tests.alerting import Alerting
from tests.conftest import new_database
from tests.world import World, placement_world

CHICAGO = ZoneInfo("America/Chicago")
MONDAY = datetime(2026, 11, 30, 6, tzinfo=UTC)
"""Midnight in Chicago."""
WEEKS = 5
DISTRICT = ("candidates", "fieldworkExperiences", "candidateEducatorPreparationProgramAssociations", "educatorPreparationPrograms")
NOTHING: Mapping[int, Callable[[World], None]] = {}
UNIVERSITY = ("openStaffPositions", "staffs")


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """On one database: what is usual is judged by the entries, which are the same on each."""
    with new_database("sqlite", request, tmp_path) as url, placement_world(tmp_path / "home", url) as opened:
        yield opened


def ask(world: World, client: str, *resources: str, status: int = httpx.codes.OK, **parameters: str) -> None:
    """One client's requests of one moment."""
    token = world.token(client)
    for resource in resources:
        answer = world.api.get(f"/v1/{resource}", token, **parameters)
        assert answer.status_code == status, answer.text


def day(world: World, begin: datetime) -> None:
    """What two institutions do on a day. At night the district's system asks for what it places; in hours of work people look
    things up, page through and mistype; on Fridays the university plans with the district's openings."""
    at_work = begin.weekday() < 5
    world.now = begin + timedelta(hours=2)
    ask(world, "riverton-sis", *DISTRICT[:2])
    if at_work:
        world.now = begin + timedelta(hours=9, minutes=begin.day)
        ask(world, "riverton-sis", *DISTRICT)
        ask(world, "riverton-sis", "candidates", limit="20", select="firstName,lastSurname")
        ask(world, "riverton-sis", "candidates", status=httpx.codes.BAD_REQUEST, select="birthDate")
        world.now = begin + timedelta(hours=14)
        for _ in range(1 + begin.day % 3):
            ask(world, "riverton-sis", "candidates")
    if begin.weekday() == 4:
        world.now = begin + timedelta(hours=16)
        ask(world, "lakeside-sis", *UNIVERSITY)


def weeks(world: World, alerting: Alerting, odd: Mapping[int, Callable[[World], None]] = NOTHING) -> list[Alert]:
    """Four weeks and then one more, whose days may have something odd each, with a turn after each day; what the last raised."""
    raised: list[Alert] = []
    sources = [world.source(name, world.folder / "extracts") for name in ("lakeside", "riverton")]
    for number in range(7 * WEEKS):
        begin = (MONDAY + timedelta(days=number)).astimezone(CHICAGO)
        last = number >= 7 * (WEEKS - 1)
        if last:
            world.now = begin + timedelta(minutes=30)
            for source in sources:
                with world.gateway.database.write() as connection:
                    expect(connection, source.provider, source.id, list(source.resources), timedelta(hours=26))
                world.sync(source)
        day(world, begin)
        if last and begin.weekday() in odd:
            odd[begin.weekday()](world)
        world.now = begin + timedelta(hours=23)
        found = alerting.turn()
        assert last or found == (), "the weeks before are quiet too"
        raised += found
    return raised


def download(world: World) -> None:
    """Six thousand rows on one afternoon."""
    for _ in range(100):
        ask(world, "riverton-sis", "candidates", limit="60")
        world.later(seconds=40)


def new_interest(world: World) -> None:
    """Somebody at the university looks at a resource that it never used."""
    ask(world, "lakeside-sis", "staffEducationOrganizationAssignmentAssociations")


def night_shift(world: World) -> None:
    """Twelve hundred rows before midnight."""
    world.later(hours=9)
    for _ in range(20):
        ask(world, "riverton-sis", "candidates", limit="60")


def door_to_door(world: World) -> None:
    """One element after the other that no agreement shows."""
    token = world.token("riverton-sis")
    for _ in range(10):
        world.api.get("/v1/candidates", token, select="birthDate")


@pytest.fixture
def alerting(world: World) -> Alerting:
    found = Alerting(world, read_rules_file(SHIPPED_RULES, {}))
    world.now = MONDAY - timedelta(hours=1)
    assert found.turn() == ()
    return found


def test_a_quiet_week_on_the_demo_raises_none(world: World, alerting: Alerting) -> None:
    assert weeks(world, alerting) == []
    assert len(world.leaves("disclosure")) > 250, "and it was no silent one"


def test_each_odd_thing_in_a_week_raises_one_alert(world: World, alerting: Alerting) -> None:
    raised = weeks(world, alerting, {1: download, 2: new_interest, 3: night_shift, 4: door_to_door})
    assert [(alert.rule, alert.client, alert.at.astimezone(CHICAGO).weekday()) for alert in raised] == [
        ("volume-above-habit", "riverton-sis", 1),
        ("first-use", "lakeside-sis", 2),
        ("off-hours-bulk", "riverton-sis", 3),
        ("refusals-in-a-row", "riverton-sis", 4),
    ]
