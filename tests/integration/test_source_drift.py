"""A source that changes: the next sync tells what is new, gone or of another type, once, with its day, and takes in no more."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from connectors.schedule import Schedule
from connectors.source import Source
from gateway.cli.source.files import read_source
from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.domain.source_shapes import SourceDrift
from gateway.domain.times import utc_text
from gateway.errors import IngestError
from gateway.store.schema import source_drift, source_shape
from gateway.store.shapes import read_drift
from gateway.sync import SyncWishes, Told, sync_source
from gateway.timetable import Timetable, Turn
from tests.world import World, gateway_world

LAKESIDE, CANDIDATES = InstitutionId("lakeside"), ResourceName("candidates")
HEAD = """version: 1
id: registrar
provider: lakeside
maintainer: {kind: epp}
kind: delimited
location: .
resources:
  candidates: {file: c.csv, columns: {Id: candidateIdentifier, Last: lastSurname"""
MAPPED = HEAD + "}}\n"
MAPPED_MORE = HEAD + ", firstName: firstName}}\n"
SECRET = "Zebedee"
USUAL = SyncWishes()


@dataclass
class Registrar:
    """A source of kind delimited in a world, and what was told of it."""

    world: World
    folder: Path

    def source(self, mapping: str = MAPPED) -> Source:
        file = self.folder / "registrar.source.yaml"
        file.write_text(mapping, encoding="utf-8")
        return read_source(file, self.world.gateway.catalog, {})

    def export(self, header: str, *rows: str) -> None:
        (self.folder / "c.csv").write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")

    def sync(self, mapping: str = MAPPED, wishes: SyncWishes = USUAL) -> tuple[str, list[tuple[str, str]]]:
        """The outcome of the one resource, and what was told as changed."""
        told: list[SourceDrift] = []
        [report] = sync_source(self.world.gateway, self.source(mapping), wishes, Told(drift=told.append)).resources
        return report.outcome, changes(told)

    def failing(self, lacking: str = "Last") -> list[tuple[str, str]]:
        """What is told as changed of a sync that fails."""
        told: list[SourceDrift] = []
        with pytest.raises(IngestError, match=f"has no column {lacking}"):
            sync_source(self.world.gateway, self.source(), USUAL, Told(drift=told.append))
        return changes(told)

    def kept(self) -> list[SourceDrift]:
        with self.world.gateway.database.read() as connection:
            return list(read_drift(connection, LAKESIDE, "registrar", 100))


def changes(told: Sequence[SourceDrift]) -> list[tuple[str, str]]:
    return [(change.field, change.change) for drift in told for change in drift.changes]


@pytest.fixture
def registrar(tmp_path: Path, database_url: str) -> Iterator[Registrar]:
    with gateway_world(tmp_path / "home", database_url) as world:
        world.agree()
        yield Registrar(world, tmp_path)


def test_what_changed_is_told_once_and_kept_with_its_day(registrar: Registrar) -> None:
    registrar.export("Id,Last,Hat", "C-1,Adams,7", "C-2,Brown,8")
    assert registrar.sync() == ("promoted", [])
    registrar.world.later(days=1)
    first = utc_text(registrar.world.now)
    registrar.export("Id,Last,Hat,Coat", "C-1,Adams,large,", "C-2,Brown,8,")
    assert registrar.sync() == ("unchanged", [("Coat", "new"), ("Hat", "type")])
    registrar.world.later(days=1)
    assert registrar.sync() == ("unchanged", [])
    registrar.export("Id,Last,Coat", "C-1,Adams,", "C-2,Braun,")
    assert registrar.sync() == ("promoted", [("Hat", "gone")])
    second = utc_text(registrar.world.now)
    assert [(drift.at, drift.resource, changes([drift])) for drift in registrar.kept()] == [
        (second, CANDIDATES, [("Hat", "gone")]),
        (first, CANDIDATES, [("Coat", "new"), ("Hat", "type")]),
    ]


def test_a_mapped_column_that_is_gone_is_told_once_although_the_sync_fails(registrar: Registrar) -> None:
    registrar.export("Id,Last", "C-1,Adams")
    registrar.sync()
    registrar.export("Id,Surname", "C-1,Adams")
    assert registrar.failing() == [("Surname", "new"), ("Last", "gone")]
    assert registrar.failing() == [], "the error tells it each time, the report once"
    registrar.export("Id,Last", "C-1,Adams")
    assert registrar.sync() == ("unchanged", [("Last", "new"), ("Surname", "gone")])


@pytest.mark.parametrize("before", [True, False])
def test_the_first_record_of_a_file_without_its_header_is_not_taken_for_names(registrar: Registrar, before: bool) -> None:
    if before:
        registrar.export("Id,Last,Hat", "C-1,Adams,felt")
        registrar.sync()
    registrar.export(f"C-1,{SECRET},felt", "C-2,Brown,wool")
    told = [("Hat", "gone"), ("Id", "gone"), ("Last", "gone"), ("", "others")]
    assert registrar.failing("Id, Last") == (told if before else [])
    with registrar.world.gateway.database.read() as connection:
        noted = str(connection.execute(select(source_shape)).all()) + str(connection.execute(select(source_drift)).all())
    assert not any(text in noted for text in (SECRET, "C-1", "felt"))
    registrar.export("Id,Last,Hat", "C-1,Adams,felt")
    back = [("Hat", "new"), ("Id", "new"), ("Last", "new"), ("", "others")]
    assert registrar.sync()[1] == back


def test_a_sync_that_fails_for_another_reason_teaches_nothing(registrar: Registrar) -> None:
    registrar.export("Id,Last", "C-1,Adams")
    registrar.sync()
    registrar.export("Id,Last,Hat", 'C-1,"Adams,large')
    with pytest.raises(IngestError, match="does not end properly"):
        registrar.sync()
    assert registrar.kept() == []
    registrar.export("Id,Last,Hat", "C-1,Adams,large")
    assert registrar.sync() == ("unchanged", [("Hat", "new")])


def test_a_new_column_with_the_name_of_an_element_is_neither_read_nor_stored_before_it_is_mapped(registrar: Registrar) -> None:
    registrar.export("Id,Last", "C-1,Adams", "C-2,Brown")
    registrar.sync()
    registrar.export("Id,Last,firstName", f"C-1,Adams,{SECRET}", f"C-2,Brown,{SECRET}")
    whole = SyncWishes(whole=True)
    assert registrar.sync(wishes=whole) == ("unchanged", [("firstName", "new")]), "a record with one element more is another record"
    rows = registrar.world.gateway.tables[CANDIDATES].rows
    with registrar.world.gateway.database.read() as connection:
        stored = connection.execute(select(rows.c.content).order_by(rows.c.record_id)).scalars().all()
        noted = str(connection.execute(select(source_shape)).all()) + str(connection.execute(select(source_drift)).all())
    assert SECRET not in noted
    assert "firstName" in noted
    assert registrar.sync(MAPPED_MORE, whole) == ("promoted", [])
    with registrar.world.gateway.database.read() as connection:
        mapped = connection.execute(select(rows.c.content).where(rows.c.to_version.is_(None))).scalars().all()
    assert not set(stored) & set(mapped), "once it is mapped it is there"


def test_the_timetable_logs_what_changed(registrar: Registrar, capsys: pytest.CaptureFixture[str]) -> None:
    registrar.export("Id,Last", "C-1,Adams")
    schedule = Schedule(cron="15 2 * * *", zone="UTC")
    table = Timetable(registrar.world.gateway, [], lambda _: registrar.source())
    for day, header in ((1, "Id,Last"), (2, "Id,Last,Hat"), (3, "Id,Last,Hat"), (4, "Id,Hat")):
        registrar.export(header, "C-1,Adams" + ",x" * (header.count(",") - 1))
        table.run(Turn(replace(registrar.source(), schedule=schedule), datetime(2026, 11, day, 2, 15, tzinfo=UTC)))
    lines = [line for line in capsys.readouterr().out.splitlines() if "source drifted" in line]
    assert len(lines) == 2
    assert "'new': ['Hat']" in lines[0]
    assert "'gone': ['Last']" in lines[1]
    assert not any("Adams" in line for line in lines)
    assert "warning" in lines[0]


def test_what_is_stored_are_names_and_types_and_no_text(registrar: Registrar) -> None:
    long = "Comments about " + "somebody " * 10
    registrar.export(f"Id,Last,{long},ann@lakeside.example", f"{SECRET},{SECRET},{SECRET},{SECRET}")
    registrar.sync()
    with registrar.world.gateway.database.read() as connection:
        [shape] = connection.execute(select(source_shape)).all()
    assert shape.others == 2
    assert json.loads(json.dumps(shape.fields)) == {
        "Id": {"types": ["text"], "always": False},
        "Last": {"types": ["text"], "always": False},
    }
    registrar.export("Id,Last,ann@lakeside.example", "C-1,Adams,1")
    assert registrar.sync(wishes=SyncWishes(allow_shrink=True))[1] == [("", "others")]
    [drift] = registrar.kept()
    assert (drift.changes[0].before, drift.changes[0].now) == (("2",), ("1",))
