"""An Ed-Fi API down to the tables: a sync that is run again changes nothing, and changes one by one end where a whole pull ends."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from connectors import tokens
from connectors.kinds import open_source
from gateway.domain.identifiers import ResourceName
from gateway.ingest import ResourceReport, ingest, order_of
from gateway.store.staging import Counts
from tests.edfi_server import SECRET, EdfiServer, edfi_server
from tests.edfi_source import CANDIDATES, PATH, read, source_file
from tests.json_server import Asked, Reply
from tests.world import World, gateway_world

COURSES = ResourceName("candidateEducatorPreparationProgramAssociations")
RESOURCES = "{candidates: {}, candidateEducatorPreparationProgramAssociations: {}}"
WAYS = {
    "partitions": EdfiServer(),
    "cursor": EdfiServer(partitions=False),
    "offsets": EdfiServer(partitions=False, cursors=False),
}


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    with gateway_world(tmp_path / "home", database_url) as opened_world:
        opened_world.agree()
        yield opened_world


def filled(server: EdfiServer) -> EdfiServer:
    found = replace(server, rows={}, tokens={}, deletes=[], key_changes=[])
    for number in range(40):
        put(found, f"C{number}", f"N{number}")
    program = {"programName": "Teaching", "programTypeDescriptor": "uri://tpdm.ed-fi.org/ProgramTypeDescriptor#EPP"}
    for number in range(10):
        found.put(
            f"ed-fi/{COURSES}",
            "id",
            id=f"A{number}",
            beginDate="2026-08-01",
            candidateReference={"candidateIdentifier": f"C{number}"},
            educatorPreparationProgramReference={"educationOrganizationId": 17, **program},
            cohortYears=[{"schoolYearTypeReference": {"schoolYear": 2027}, "cohortYearTypeDescriptor": "uri://ed-fi.org/x#y"}],
        )
    return found


def put(server: EdfiServer, identifier: str, name: str) -> None:
    mail = {"electronicMailAddress": f"{name}@x.example", "electronicMailTypeDescriptor": "uri://ed-fi.org/T#Home"}
    record = {"firstName": name, "lastSurname": "L", "electronicMails": [mail]}
    server.put(PATH, "candidateIdentifier", candidateIdentifier=identifier, **record)


def change(server: EdfiServer) -> None:
    """Everything that can happen to a record, and two things to one."""
    for number in range(0, 8):
        put(server, f"C{number}", f"M{number}")
    for number in range(6, 12):
        server.delete(PATH, "candidateIdentifier", f"C{number}")
    put(server, "C6", "again")
    server.rename(PATH, "candidateIdentifier", "C12", "D12")
    server.rename(PATH, "candidateIdentifier", "D12", "E12")
    put(server, "new", "N")


class Lakeside:
    """The server as a source of a gateway."""

    def __init__(self, world: World, folder: Path, base: str, resources: str) -> None:
        self._world = world
        self._source = read(folder, source_file(base, "page_rows: 10", resources))
        self._connector = open_source(self._source, lambda _: SECRET)

    def sync(self, *, whole: bool = False) -> Mapping[str, ResourceReport]:
        order = order_of(self._source, allow_shrink=True, whole=whole)
        reports = ingest(order, self._connector, self._world.gateway.intake(), lambda *_: None)
        return {report.resource: report for report in reports}

    def checksum(self) -> str:
        """Of every row of every version of both resources, and of those of their lists."""
        found = hashlib.sha256()
        with self._world.gateway.database.read() as connection:
            for tables in (self._world.gateway.tables[name] for name in (CANDIDATES, COURSES)):
                for table in (tables.rows, *tables.members.values()):
                    rows = sorted(repr(tuple(row)) for row in connection.execute(select(table)))
                    found.update("\n".join([table.name, *rows]).encode())
        return found.hexdigest()


@contextmanager
def lakeside(world: World, server: EdfiServer, resources: str = RESOURCES) -> Iterator[Lakeside]:
    tokens._KEPT.clear()
    with edfi_server(server) as running:
        yield Lakeside(world, world.folder, running.base, resources)


@pytest.mark.parametrize("way", WAYS)
def test_a_sync_that_is_run_again_leaves_the_same_tables_whole_or_by_changes(world: World, way: str) -> None:
    server = filled(WAYS[way])
    with lakeside(world, server) as source:
        first = source.sync()
        assert [(report.counts, report.whole) for report in first.values()] == [
            (Counts(inserted=40), True),
            (Counts(inserted=10), True),
        ]
        loaded = source.checksum()
        for whole in (False, True, False):
            again = source.sync(whole=whole)
            assert [(report.outcome, report.whole) for report in again.values()] == [("unchanged", whole)] * 2
            assert source.checksum() == loaded

        change(server)
        changed = source.sync()[CANDIDATES]
        assert (changed.whole, changed.quarantined) == (False, 0)
        assert changed.counts == Counts(inserted=2, updated=7, deleted=6)
        later = source.checksum()
        assert later != loaded
        for whole in (True, False):
            assert {report.outcome for report in source.sync(whole=whole).values()} == {"unchanged"}
            assert source.checksum() == later, "the changes led to what a whole pull finds"


def test_a_server_that_was_restored_from_a_backup_is_pulled_whole(world: World) -> None:
    server = filled(EdfiServer())
    with lakeside(world, server) as source:
        source.sync()
        for number in range(40, 44):
            put(server, f"C{number}", "later")
        assert source.sync()[CANDIDATES].counts == Counts(inserted=4)
        backup = filled(EdfiServer())
        server.rows, server.newest = backup.rows, backup.newest
        restored = source.sync()[CANDIDATES]
        assert (restored.whole, restored.counts) == (True, Counts(deleted=4, unchanged=40))
        put(server, "C0", "edited")
        edited = source.sync()[CANDIDATES]
        assert (edited.whole, edited.counts) == (False, Counts(updated=1))


def test_a_record_that_no_longer_meets_a_condition_is_gone(world: World) -> None:
    server = filled(EdfiServer())
    with lakeside(world, server, "{candidates: {only: {firstName: [N1, N2]}}}") as source:
        assert source.sync()[CANDIDATES].counts == Counts(inserted=2)
        put(server, "C2", "N3")
        assert source.sync()[CANDIDATES].counts == Counts(deleted=1)
        assert source.sync(whole=True)[CANDIDATES].counts == Counts(unchanged=1)


def test_rows_that_move_during_a_whole_pull_by_offsets_are_not_taken_for_deleted(world: World) -> None:
    server = filled(WAYS["offsets"])
    edited = iter(f"C{number}" for number in range(0, 40, 3))

    def edit(asked: Asked) -> Reply | None:
        if asked.path == f"/data/v3/{PATH}" and asked.query.get("limit", "0") != "0":
            identifier = next(edited, None)
            if identifier is not None:
                put(server, identifier, "edited")
        return None

    with lakeside(world, server) as source:
        source.sync()
        server.before = edit
        report = source.sync(whole=True)[CANDIDATES]
        assert report.counts.deleted == 0
        assert report.counts.updated > 0
