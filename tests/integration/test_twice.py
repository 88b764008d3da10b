"""Running any sync twice gives identical tables, whichever kind of source it is: what is stored, down to the sealed bytes."""

from __future__ import annotations

import hashlib
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from connectors import tokens
from connectors.kinds import kinds
from gateway.cli.source.files import read_source
from gateway.store.schema import key_registry
from gateway.sync import SyncWishes, Told, sync_source
from tests.edfi_server import KEY, SECRET, EdfiServer, edfi_server
from tests.json_server import Asked, Reply, json_server
from tests.world import World, gateway_world

HEAD = "version: 1\nid: twice\nprovider: {provider}\nmaintainer: {{kind: {kind}}}\n"
PEOPLE = [{"Id": f"C{number:03}", "First": f"Ann{number}", "Last": "Lee"} for number in range(250)]
COLUMNS = "{Id: candidateIdentifier, First: firstName, Last: lastSurname}"
ROSTER = {
    "users": "sourcedId,status,dateLastModified,givenName,familyName,identifier\n"
    + "".join(f"u{number},,,Ann{number},Lee,T{number}\n" for number in range(40)),
    "roles": "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId\n"
    + "".join(f"r{number},,,u{number},primary,teacher,2026-08-01,,s1\n" for number in range(40)),
    "orgs": "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\ns1,,,North,school,255901001,\n",
}


@contextmanager
def delimited(folder: Path) -> Iterator[str]:
    (folder / "c.csv").write_text(csv(), encoding="utf-8")
    yield f"kind: delimited\nlocation: .\nresources: {{candidates: {{file: c.csv, columns: {COLUMNS}}}}}\n"


def files(ending: str) -> Callable[[Path], object]:
    @contextmanager
    def written(folder: Path) -> Iterator[str]:
        file = folder / f"c.{ending}"
        match ending:
            case "csv":
                file.write_text(csv(), encoding="utf-8")
            case "jsonl":
                rows = (f'{{"Id": "{one["Id"]}", "First": "{one["First"]}", "Last": "Lee"}}\n' for one in PEOPLE)
                file.write_text("".join(rows), encoding="utf-8")
            case "parquet":
                pq.write_table(pa.Table.from_pylist(PEOPLE), file)
            case _:
                book = openpyxl.Workbook()
                assert book.active is not None
                for row in (list(PEOPLE[0]), *(list(one.values()) for one in PEOPLE)):
                    book.active.append(row)
                book.save(file)
        yield f"kind: files\nplace: {{folder: .}}\nresources: {{candidates: {{file: c.{ending}, columns: {COLUMNS}}}}}\n"

    return written


@contextmanager
def sql(folder: Path) -> Iterator[str]:
    with closing(sqlite3.connect(folder / "sis.db")) as database:
        database.execute("CREATE TABLE people (Id TEXT, First TEXT, Last TEXT)")
        database.executemany("INSERT INTO people VALUES (:Id, :First, :Last)", PEOPLE)
        database.commit()
    where = "database: {dialect: sqlite, file: sis.db}"
    yield f"kind: sql\n{where}\nresources: {{candidates: {{table: people, columns: {COLUMNS}}}}}\n"


@contextmanager
def rest(folder: Path) -> Iterator[str]:
    with json_server(lambda _: Reply(PEOPLE)) as server:
        rows = f"resources: {{candidates: {{path: people, paging: {{none: true}}, columns: {COLUMNS}}}}}"
        yield f"kind: rest\nbase: {server.base}\n{rows}\n"


@contextmanager
def edfi(folder: Path) -> Iterator[str]:
    server = EdfiServer()
    for one in PEOPLE:
        server.put("ed-fi/candidates", "candidateIdentifier", candidateIdentifier=one["Id"], firstName=one["First"])
    with edfi_server(server) as running:
        yield f"kind: edfi\nbase: {running.base}\nkey: {KEY}\nsecret: {{env: T}}\nresources: {{candidates: {{}}}}\n"


@contextmanager
def oneroster(folder: Path) -> Iterator[str]:
    roles = [{"roleType": "primary", "role": "teacher", "org": {"sourcedId": "s1"}, "beginDate": "2026-08-01"}]
    orgs = [{"sourcedId": "s1", "name": "North", "type": "school", "identifier": "255901001"}]
    users = [{"sourcedId": f"u{n}", "identifier": f"T{n}", "givenName": "Ann", "roles": roles} for n in range(40)]

    def answer(asked: Asked) -> Reply:
        name, items = ("orgs", orgs) if asked.path.endswith("/orgs") else ("users", users)
        return Reply({name: items}, headers={"X-Total-Count": str(len(items))})

    with json_server(answer) as server:
        yield f"kind: oneroster\nbase: {server.base}\nauth: {{bearer: {{env: T}}}}\nresources: {{staffs: {{}}, schools: {{}}}}\n"


@contextmanager
def bundles(folder: Path) -> Iterator[str]:
    manifest = ["propertyName,value", "manifest.version,1.0", "oneroster.version,1.2", *(f"file.{name},bulk" for name in ROSTER)]
    with zipfile.ZipFile(folder / "roster_1.zip", "w") as archive:
        archive.writestr("manifest.csv", "\n".join(manifest) + "\n")
        for name, content in ROSTER.items():
            archive.writestr(f"{name}.csv", content)
    yield 'kind: oneroster-csv\nplace: {folder: .}\nbundle: "roster_*.zip"\nresources: {staffs: {}, schools: {}}\n'


SOURCES = {
    "delimited": delimited,
    "edfi": edfi,
    "files csv": files("csv"),
    "files jsonl": files("jsonl"),
    "files parquet": files("parquet"),
    "files xlsx": files("xlsx"),
    "oneroster": oneroster,
    "oneroster-csv": bundles,
    "rest": rest,
    "sql": sql,
}


def csv() -> str:
    return "Id,First,Last\n" + "".join(f"{one['Id']},{one['First']},{one['Last']}\n" for one in PEOPLE)


def checksum(world: World) -> str:
    """Of every row of every record table, and of the registry of keys."""
    digest = hashlib.sha256()
    tables = [table for found in world.gateway.tables.values() for table in (found.rows, *found.members.values())]
    with world.gateway.database.read() as connection:
        for table in (*tables, key_registry):
            for row in connection.execute(select(table).order_by(*table.primary_key.columns)):
                digest.update(repr(tuple(row)).encode())
    return digest.hexdigest()


@pytest.mark.parametrize("name", SOURCES)
def test_any_sync_run_twice_gives_identical_tables(
    tmp_path: Path, sqlite_template: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("T", SECRET)
    tokens._KEPT.clear()
    (tmp_path / "gateway.db").write_bytes(sqlite_template.read_bytes())
    with gateway_world(tmp_path / "home", f"sqlite:///{tmp_path}/gateway.db") as world, SOURCES[name](tmp_path) as text:  # type: ignore[attr-defined]
        world.agree()
        provider, kind = ("riverton", "district") if name.startswith("oneroster") else ("lakeside", "epp")
        file = tmp_path / "twice.source.yaml"
        file.write_text(HEAD.format(provider=provider, kind=kind) + text, encoding="utf-8")
        source = read_source(file, world.gateway.catalog, {})

        first = sync_source(world.gateway, source, SyncWishes(), Told()).resources
        before = checksum(world)
        again = [sync_source(world.gateway, source, SyncWishes(whole=whole), Told()).resources for whole in (False, True)]

        assert sum(report.counts.inserted for report in first) > 0
        assert {report.outcome for reports in again for report in reports} == {"unchanged"}
        assert checksum(world) == before


def test_every_kind_is_tried() -> None:
    # What is pushed is the same road; that a batch sent twice changes nothing is test_push's.
    assert {name.partition(" ")[0] for name in SOURCES} == kinds().keys() - {"push"}
