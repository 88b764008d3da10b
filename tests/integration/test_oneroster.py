"""OneRoster sources in the store: synced twice the tables are the same, a change is one change, a wrong count changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from connectors import tokens
from connectors.base import Connector
from connectors.kinds import open_source
from connectors.source import Source
from gateway.catalog.load import load_catalog
from gateway.cli.source.files import read_source
from gateway.domain.identifiers import ElementPath, ResourceName
from gateway.errors import IngestError
from gateway.ingest import ingest, order_of
from gateway.store.staging import Counts
from tests.conftest import lacking
from tests.oneroster_bundles import files, write
from tests.oneroster_server import SECRET, OneRosterServer, oneroster_server, org, ref, role, user
from tests.sshd import sftp_server, sshd_programs
from tests.world import World, gateway_world

STAFFS, SCHOOLS = ResourceName("staffs"), ResourceName("schools")
ASSIGNMENTS = ResourceName("staffEducationOrganizationAssignmentAssociations")
RESOURCES = f"{{schools: {{}}, staffs: {{}}, {ASSIGNMENTS}: {{}}}}"
Opened = tuple[Source, Connector, Callable[[str], None]]
"""A source, its connector, and what gives its school another name."""


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    tokens._KEPT.clear()
    with gateway_world(tmp_path / "home", database_url) as opened:
        opened.agree()
        yield opened
    tokens._KEPT.clear()


def read(folder: Path, world: World, kind: str) -> Source:
    file = folder / "sis.source.yaml"
    head = "version: 1\nid: sis\nprovider: riverton\nmaintainer: {kind: district}\n"
    file.write_text(f"{head}kind: {kind}\nresources: {RESOURCES}\n", encoding="utf-8")
    return read_source(file, world.gateway.catalog, {})


@contextmanager
def over_http(folder: Path, world: World, server: OneRosterServer) -> Iterator[Opened]:
    with oneroster_server(server) as running:
        source = read(folder, world, f"oneroster\nbase: {running.base}\nauth: {{bearer: {{env: S}}}}")

        def rename(name: str) -> None:
            server.rows["orgs"][1]["name"] = name

        yield source, open_source(source, lambda _: SECRET), rename


@contextmanager
def from_bundles(folder: Path, world: World, _: OneRosterServer) -> Iterator[Opened]:
    orgs = [{"sourcedId": "s1", "name": "North", "type": "school", "identifier": "4801"}]
    users = [{"sourcedId": f"u{n}", "givenName": "A", "familyName": "B", "identifier": f"S{n}"} for n in range(5)]
    roles = [
        {"sourcedId": f"r{n}", "userSourcedId": f"u{n}", "role": "teacher", "orgSourcedId": "s1", "beginDate": "2024-08-01"}
        for n in range(5)
    ]
    (folder / "in").mkdir()
    write(folder / "in" / "1.zip", files("1.2", "bulk", orgs=orgs, users=users, roles=roles))
    source = read(folder, world, 'oneroster-csv\nplace: {folder: in}\nbundle: "*.zip"')

    def rename(name: str) -> None:
        write(folder / "in" / "2.zip", files("1.2", "delta", orgs=[{**orgs[0], "name": name, "status": "active"}]))

    yield source, open_source(source, lambda _: SECRET), rename


@pytest.mark.parametrize("form", ["zip", "folders"])
def test_bundles_come_over_sftp_with_their_changes(tmp_path: Path, form: str) -> None:
    programs = sshd_programs()
    if programs is None:
        lacking("needs an OpenSSH server (sshd, ssh-keygen)")
        return
    ending, bundle = (".zip", "*.zip") if form == "zip" else ("", "*/manifest.csv")
    orgs = [{"sourcedId": "s1", "name": "North", "type": "school", "identifier": "4801"}]
    (tmp_path / "out").mkdir()
    write(tmp_path / "out" / f"1{ending}", files("1.2", "bulk", orgs=orgs))
    write(tmp_path / "out" / f"2{ending}", files("1.2", "delta", orgs=[{**orgs[0], "name": "South", "status": "active"}]))
    with sftp_server(programs) as server:
        said = (
            f'host: 127.0.0.1, port: {server.port}, user: {server.user}, host_key: "{server.host_key}", folder: {tmp_path / "out"}'
        )
        file = tmp_path / "sis.source.yaml"
        file.write_text(
            f"version: 1\nid: sis\nprovider: riverton\nmaintainer: {{kind: district}}\nkind: oneroster-csv\n"
            f'place: {{sftp: {{{said}, key: {{env: KEY}}}}}}\nbundle: "{bundle}"\nresources: {{schools: {{}}}}\n',
            encoding="utf-8",
        )
        source = open_source(read_source(file, load_catalog(), {}), lambda _: server.private_key.read_text(encoding="ascii"))
        [page] = source.pull(SCHOOLS)
    assert [record.elements[ElementPath("nameOfInstitution")] for record in page.records] == ["South"]


def rosters() -> OneRosterServer:
    server = OneRosterServer(auth="bearer")
    server.rows["orgs"] = [org("d", "district", "4800"), org("s1", "school", "4801", parent=ref("d"))]
    server.rows["users"] = [user(f"u{n}", role("teacher", "s1")) for n in range(5)]
    return server


def sync(world: World, source: Source, connector: Connector, *, whole: bool = True) -> dict[ResourceName, Counts]:
    order = order_of(source, whole=whole, allow_shrink=True)
    return {report.resource: report.counts for report in ingest(order, connector, world.gateway.intake(), lambda *_: None)}


def tables(world: World) -> list[list[tuple[Any, ...]]]:
    """Every row of the three tables."""
    with world.gateway.database.read() as connection:
        found = [connection.execute(select(world.gateway.tables[name].rows)) for name in (SCHOOLS, STAFFS, ASSIGNMENTS)]
        return [sorted((tuple(row) for row in rows), key=repr) for rows in found]


@pytest.mark.parametrize("kind", [over_http, from_bundles])
def test_synced_twice_the_tables_are_the_same(tmp_path: Path, world: World, kind: Any) -> None:
    with kind(tmp_path, world, rosters()) as (source, connector, _):
        first = sync(world, source, connector)
        assert (first[SCHOOLS], first[STAFFS], first[ASSIGNMENTS]) == tuple(Counts(inserted=n) for n in (1, 5, 5))
        before = tables(world)
        assert set(sync(world, source, connector).values()) == {Counts(unchanged=1), Counts(unchanged=5)}
        assert tables(world) == before


@pytest.mark.parametrize("kind", [over_http, from_bundles])
def test_a_change_is_one_change(tmp_path: Path, world: World, kind: Any) -> None:
    with kind(tmp_path, world, rosters()) as (source, connector, rename):
        sync(world, source, connector)
        rename("South")
        found = sync(world, source, connector, whole=False)
        assert found[SCHOOLS] == Counts(updated=1)
        assert (found[STAFFS].changes, found[ASSIGNMENTS].changes) == (0, 0)


def test_who_is_no_longer_staff_is_deleted_and_a_wrong_count_deletes_nobody(tmp_path: Path, world: World) -> None:
    server = rosters()
    with over_http(tmp_path, world, server) as (source, connector, _):
        sync(world, source, connector)
        before = tables(world)
        del server.rows["users"][4]
        server.wrong = 1
        with pytest.raises(IngestError, match="says that it has 3 records, and gave 2"):
            sync(world, source, connector)
        assert tables(world) == before
        server.wrong = 0
        server.rows["users"][3]["status"] = "tobedeleted"
        found = sync(world, source, connector)
        assert (found[STAFFS], found[ASSIGNMENTS]) == (Counts(unchanged=3, deleted=2), Counts(unchanged=3, deleted=2))
