"""A source that knows what changed: only that is pulled, and positions move with promotions; in doubt everything is pulled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from connectors.base import Page
from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.errors import IngestError
from gateway.ingest import ResourceReport, SyncOrder, ingest
from gateway.store.positions import read_position
from gateway.store.staging import Counts, read_quarantine
from tests.living import CANDIDATES, Living
from tests.world import World, gateway_world

LAKESIDE = InstitutionId("lakeside")
ORDER = SyncOrder("ods", LAKESIDE, {CANDIDATES: "epp"}, mappings={CANDIDATES: "first"}, allow_shrink=True)


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    with gateway_world(tmp_path / "home", database_url) as opened:
        opened.agree()
        yield opened


@pytest.fixture
def living() -> Living:
    source = Living()
    source.put(c1="Ana", c2="Bo", c3="Cy")
    return source


def sync(world: World, living: Living, order: SyncOrder = ORDER) -> ResourceReport:
    [report] = ingest(order, living, world.gateway.intake(), lambda *_: None)
    return report


def open_rows(world: World) -> int:
    rows = world.gateway.tables[CANDIDATES].rows
    with world.gateway.database.read() as connection:
        return connection.execute(select(func.count()).where(rows.c.to_version.is_(None))).scalar_one()


def position(world: World) -> str | None:
    with world.gateway.database.read() as connection:
        found = read_position(connection, LAKESIDE, "ods", CANDIDATES)
    return None if found is None else found.text


def quarantined(world: World) -> list[str]:
    with world.gateway.database.read() as connection:
        return [row.code for row in read_quarantine(connection, LAKESIDE, CANDIDATES)]


def test_after_the_first_pull_only_changes_are_pulled(world: World, living: Living) -> None:
    assert sync(world, living).counts == Counts(inserted=3)
    living.put(c2="Bob", c4="Di")
    living.delete("c3")
    report = sync(world, living)
    assert (report.counts, report.rows, report.whole) == (Counts(inserted=1, updated=1, deleted=1), 2, False)
    assert sync(world, living).outcome == "unchanged"
    assert living.asked == ["everything", "3..6", "6..6"]
    assert (open_rows(world), position(world)) == (3, "6")


def test_a_window_and_a_whole_pull_end_in_the_same_table(world: World, living: Living) -> None:
    sync(world, living)
    living.put(c1="Anna", c5="Ed")
    living.delete("c5")
    living.rename("c2", "c9")
    sync(world, living)
    again = sync(world, living, replace(ORDER, whole=True))
    assert again.counts == Counts(unchanged=3), "nothing was lost, nothing is too much"


def test_a_candidate_with_another_identifier_is_the_same_person(world: World, living: Living) -> None:
    sync(world, living)
    rows = world.gateway.tables[CANDIDATES].rows
    people = select(rows.c.person_id).where(rows.c.to_version.is_(None))
    with world.gateway.database.read() as connection:
        before = set(connection.execute(people).scalars())
    living.rename("c1", "c9")
    assert sync(world, living).counts == Counts(inserted=1, deleted=1)
    with world.gateway.database.read() as connection:
        assert set(connection.execute(people).scalars()) == before


@pytest.mark.parametrize("why", ["another mapping", "on demand", "expired"])
def test_whatever_makes_a_position_worthless_pulls_everything(world: World, living: Living, why: str) -> None:
    sync(world, living)
    living.put(c4="Di")
    order = ORDER
    if why == "another mapping":
        order = replace(ORDER, mappings={CANDIDATES: "second"})
    elif why == "on demand":
        order = replace(ORDER, whole=True)
    else:
        living.oldest = 4
    report = sync(world, living, order)
    assert (report.counts, report.whole) == (Counts(inserted=1, unchanged=3), True)
    assert living.asked[-1] == "everything"


def test_a_pull_that_breaks_off_leaves_position_and_records_as_they_were(world: World, living: Living) -> None:
    sync(world, living)
    living.put(c1="Anna", c4="Di")

    class Breaking(Living):
        def changes(self, resource: ResourceName, since: str, until: str) -> Iterator[Page]:
            yield from super().changes(resource, since, until)
            raise IngestError("the connection was cut")

    broken = Breaking(living.names, living.deletes, living.renames, living.newest)
    with pytest.raises(IngestError, match="cut"):
        sync(world, broken)
    assert (open_rows(world), position(world)) == (3, "3")
    assert sync(world, living).counts == Counts(inserted=1, updated=1)


def test_a_bad_row_stays_in_quarantine_until_its_record_comes_right(world: World, living: Living) -> None:
    living.bad = {"c2"}
    assert sync(world, living).quarantined == 1
    living.put(c1="Anna")
    sync(world, living)
    assert quarantined(world) == ["undecodable"], "the window did not hold it, so it is still bad"
    living.bad = set()
    living.put(c2="Bo")
    assert sync(world, living).counts == Counts(inserted=1)
    assert quarantined(world) == []


def test_a_flood_of_deletes_is_refused(world: World, living: Living) -> None:
    sync(world, living)
    living.delete("c1")
    living.delete("c2")
    with pytest.raises(IngestError, match="2 of 3 records"):
        sync(world, living, replace(ORDER, allow_shrink=False))
    assert (open_rows(world), position(world)) == (3, "3")
