"""Files are deleted or moved only when every record of their source is safe; what goes wrong then takes nothing back."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from rich.console import Console
from sqlalchemy import func, select

from connectors.source import Source
from gateway.cli.source import run
from gateway.cli.source.files import read_source
from gateway.domain.identifiers import ResourceName
from gateway.errors import IngestError
from gateway.sync import SourceReport, SyncWishes, Told, sync_source
from gateway.timetable import Timetable, Turn
from tests.world import World, gateway_world

CANDIDATES = ResourceName("candidates")
HEAD = "Id,First,Last,Born,Sex\n"
ANA = "1,Ana,Lee,2001-02-03,Female\n"
BO = "2,Bo,Oh,2001-02-03,Male\n"
PROGRAM = "Name\nMath\n"


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    with gateway_world(tmp_path / "home", database_url) as opened:
        opened.agree()
        (opened.folder / "in").mkdir()
        put(opened, "c_1.csv", HEAD + ANA)
        put(opened, "p_1.csv", PROGRAM)
        yield opened


def put(world: World, name: str, text: str) -> None:
    (world.folder / "in" / name).write_text(text, encoding="utf-8")


def there(world: World) -> list[str]:
    folder = world.folder / "in"
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def source(world: World, after: str = "delete", more: str = "") -> Source:
    file = world.folder / "files.source.yaml"
    descriptor = "uri://ed-fi.org/ProgramTypeDescriptor#Other"
    constants = f'{{educationOrganizationReference.educationOrganizationId: "1", programTypeDescriptor: "{descriptor}"}}'
    file.write_text(
        f"""version: 1
id: files
provider: lakeside
maintainer: {{kind: epp}}
kind: files
schedule: {{every: 1h}}
place: {{folder: in}}
after: {after}
resources:
  candidates:
    file: "c_*.csv"
    columns:
      {{Id: candidateIdentifier, First: firstName, Last: lastSurname, Born: birthDate, Sex: sexDescriptor}}
  educatorPreparationPrograms:
    file: "p_*.csv"
    columns: {{Name: programName}}
    constants: {constants}
{more}
""",
        encoding="utf-8",
    )
    return read_source(file, world.gateway.catalog, {})


def sync(world: World, found: Source, wishes: SyncWishes | None = None) -> SourceReport:
    return sync_source(world.gateway, found, wishes or SyncWishes(), Told())


def outcomes(report: SourceReport) -> dict[str, str]:
    return {found.resource: found.outcome for found in report.resources}


def open_rows(world: World) -> int:
    rows = world.gateway.tables[CANDIDATES].rows
    with world.gateway.database.read() as connection:
        return connection.execute(select(func.count()).where(rows.c.to_version.is_(None))).scalar_one()


def test_files_go_when_all_their_records_are_in_and_their_records_stay(world: World) -> None:
    report = sync(world, source(world))
    assert (set(outcomes(report).values()), report.left_undone) == ({"promoted"}, "")
    assert there(world) == []
    again = sync(world, source(world))
    assert (set(outcomes(again).values()), again.left_undone, again.drift) == ({"unchanged"}, "", {})
    assert open_rows(world) == 1
    put(world, "c_2.csv", HEAD + ANA + BO)
    put(world, "p_2.csv", PROGRAM)
    sync(world, source(world))
    assert (open_rows(world), there(world)) == (2, [])


def test_nothing_goes_where_one_resource_is_refused(world: World) -> None:
    put(world, "p_1.csv", "Nome\nMath\n")
    with pytest.raises(IngestError, match="has no column Name"):
        sync(world, source(world))
    assert there(world) == ["c_1.csv", "p_1.csv"]


def test_nothing_goes_that_is_not_stored(world: World) -> None:
    put(world, "f_1.csv", "Id,Type,Begin\n1,x,2026-01-01\n")
    more = """  financialAids:
    file: "f_*.csv"
    columns: {Id: studentReference.studentUniqueId, Type: aidTypeDescriptor, Begin: beginDate}"""
    report = sync(world, source(world, more=more))
    assert outcomes(report)["financialAids"] == "not_stored"
    assert there(world) == ["c_1.csv", "f_1.csv", "p_1.csv"]


def test_nothing_goes_when_only_some_resources_were_asked_for(world: World) -> None:
    sync(world, source(world), SyncWishes(only=frozenset({CANDIDATES})))
    assert there(world) == ["c_1.csv", "p_1.csv"]


def blocked(world: World) -> Source:
    """A source whose files cannot be moved, because a file has the folder's name."""
    put(world, "done", "")
    return source(world, "{move: done}")


def test_what_cannot_be_done_is_told_and_done_the_next_time(world: World) -> None:
    printed = io.StringIO()
    reports = run.pull(world.gateway, blocked(world), Console(file=printed, width=200))
    assert {found.outcome for found in reports} == {"promoted"}
    assert "everything is taken in, but" in printed.getvalue()
    assert "c_1.csv was read, and cannot be moved" in printed.getvalue()
    assert (open_rows(world), there(world)) == (1, ["c_1.csv", "done", "p_1.csv"])
    (world.folder / "in" / "done").unlink()
    report = sync(world, source(world, "{move: done}"))
    assert (set(outcomes(report).values()), there(world)) == ({"unchanged"}, ["done/c_1.csv", "done/p_1.csv"])


def test_what_cannot_be_done_is_an_event_of_its_own(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    run._in_events(world.gateway, blocked(world), SyncWishes())
    events = [orjson.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["event"] for event in events[-2:]] == ["left_undone", "end"]
    assert events[-2]["why"].startswith("c_1.csv was read, and cannot be moved")


def test_what_cannot_be_done_is_logged_and_the_turn_is_done(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    timetable = Timetable(world.gateway, [], lambda file: read_source(file, world.gateway.catalog, {}))
    assert timetable.run(Turn(blocked(world), world.now)) == "done"
    assert "source not settled" in capsys.readouterr().out
