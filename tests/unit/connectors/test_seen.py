"""Every kind of source tells the same of a source that changed: a field that is new, one that is gone, one of another type."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow
import pyarrow.parquet
import pytest

from connectors import tokens
from connectors.base import Observing
from connectors.kinds import open_source
from connectors.push import Batch, Mode, PushedBatch
from connectors.source import Source
from connectors.sql_texts import Watermark
from gateway.catalog.load import load_catalog
from gateway.cli.source.files import read_source
from gateway.domain.compare_shapes import compare_shapes
from gateway.domain.identifiers import ResourceName
from gateway.domain.source_shapes import FieldChange, SeenShape
from tests.edfi_server import SECRET as EDFI_SECRET
from tests.edfi_server import EdfiServer, edfi_server
from tests.edfi_source import source_file as edfi_file
from tests.json_server import Reply, json_server
from tests.oneroster_server import KEY, SECRET, OneRosterServer, oneroster_server, org, role, user

CATALOG = load_catalog()
CANDIDATES = ResourceName("candidates")
COLUMNS = "columns: {Id: candidateIdentifier, Last: lastSurname}"
Rows = Sequence[Mapping[str, Any]]
BEFORE: Rows = [{"Id": f"C-{number}", "Last": "Lee", "Shoe": 40 + number % 5, "Hat": "straw"} for number in range(30)]
AFTER: Rows = [{"Id": f"C-{number}", "Last": "Lee", "Shoe": "large", "Coat": "2026-01-31"} for number in range(30)]
EXPECTED = {
    FieldChange("Coat", "new", (), ("date",)),
    FieldChange("Hat", "gone", ("text",), ()),
    FieldChange("Shoe", "type", ("whole number",), ("text",)),
}


def source(folder: Path, kind: str, where: str, resource: str, columns: str = COLUMNS) -> Source:
    file = folder / "some.source.yaml"
    file.write_text(
        f"version: 1\nid: some\nprovider: lakeside\nmaintainer: {{kind: epp}}\nkind: {kind}\n{where}\n"
        f"resources: {{candidates: {{{resource}{', ' if resource else ''}{columns}}}}}\n",
        encoding="utf-8",
    )
    return read_source(file, CATALOG, {})


@contextmanager
def delimited(folder: Path, rows: Rows) -> Iterator[Any]:
    write_csv(folder / "c.csv", rows)
    yield open_source(source(folder, "delimited", "location: .", "file: c.csv"), lambda _: "")


@contextmanager
def excel(folder: Path, rows: Rows) -> Iterator[Any]:
    book = openpyxl.Workbook()
    for row in (list(rows[0]), *(list(row.values()) for row in rows)):
        book.worksheets[0].append(row)
    book.save(folder / "c.xlsx")
    yield files(folder, "c.xlsx")


@contextmanager
def json_lines(folder: Path, rows: Rows) -> Iterator[Any]:
    (folder / "c.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    yield files(folder, "c.jsonl")


@contextmanager
def parquet(folder: Path, rows: Rows) -> Iterator[Any]:
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), folder / "c.parquet")
    yield files(folder, "c.parquet")


def files(folder: Path, name: str) -> Any:
    return open_source(source(folder, "files", "place: {folder: .}", f"file: {name}"), lambda _: "")


@contextmanager
def sql(folder: Path, rows: Rows) -> Iterator[Any]:
    write_table(folder / "sis.db", rows)
    where = "database: {dialect: sqlite, file: sis.db}"
    yield open_source(source(folder, "sql", where, "table: c, watermark: Shoe"), lambda _: "")


@contextmanager
def rest(folder: Path, rows: Rows) -> Iterator[Any]:
    with json_server(lambda _: Reply(list(rows))) as server:
        found = source(folder, "rest", f"base: {server.base}", "path: c, paging: {none: true}")
        yield open_source(found, lambda _: "")


@contextmanager
def oneroster(folder: Path, rows: Rows) -> Iterator[Any]:
    users = [
        user(str(row["Id"]), role("teacher"), **{name: row[name] for name in row if name not in ("Id", "Last")}) for row in rows
    ]
    with oneroster_server(OneRosterServer(rows={"users": users, "orgs": [org("school-1", "school", "1")]})) as server:
        file = folder / "some.source.yaml"
        file.write_text(
            "version: 1\nid: some\nprovider: riverton\nmaintainer: {kind: district}\nkind: oneroster\n"
            f"base: {server.base}\nauth: {{oauth2: {{token_url: /token, key: {KEY}, secret: {{env: S}}}}}}\n"
            "resources: {staffs: {}}\n",
            encoding="utf-8",
        )
        yield open_source(read_source(file, CATALOG, {}), lambda _: SECRET)


@contextmanager
def edfi(folder: Path, rows: Rows) -> Iterator[Any]:
    server = EdfiServer()
    for row in rows:
        told = {name: value for name, value in row.items() if name not in ("Id", "Last")}
        server.put("ed-fi/candidates", "candidateIdentifier", candidateIdentifier=row["Id"], lastSurname=row["Last"], **told)
    with edfi_server(server) as running:
        file = folder / "some.source.yaml"
        file.write_text(edfi_file(running.base), encoding="utf-8")
        yield open_source(read_source(file, CATALOG, {}), lambda _: EDFI_SECRET)


@contextmanager
def pushed_lines(folder: Path, rows: Rows) -> Iterator[Any]:
    yield batch(folder, "".join(json.dumps(row) + "\n" for row in rows).encode(), "application/x-ndjson")


@contextmanager
def pushed_csv(folder: Path, rows: Rows) -> Iterator[Any]:
    write_csv(folder / "sent.csv", rows)
    yield batch(folder, (folder / "sent.csv").read_bytes(), "text/csv")


def batch(folder: Path, content: bytes, media: str, mode: Mode = "whole") -> PushedBatch:
    sent = Batch("n1", CANDIDATES, mode, media, [len(content)], lambda _: content)
    return PushedBatch(source(folder, "push", "", ""), sent)


def write_csv(path: Path, rows: Rows) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([list(rows[0]), *(list(row.values()) for row in rows)])


def write_table(path: Path, rows: Rows) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("DROP TABLE IF EXISTS c")
        database.execute(f"CREATE TABLE c ({', '.join(rows[0])})")
        database.executemany(f"INSERT INTO c VALUES ({', '.join('?' * len(rows[0]))})", [list(row.values()) for row in rows])
        database.commit()


Opened = Callable[[Path, Rows], Any]
KINDS: Mapping[str, Opened] = {
    "delimited": delimited,
    "excel": excel,
    "json lines": json_lines,
    "parquet": parquet,
    "sql": sql,
    "rest": rest,
    "oneroster": oneroster,
    "edfi": edfi,
    "pushed lines": pushed_lines,
    "pushed csv": pushed_csv,
}


@pytest.fixture(autouse=True)
def no_tokens() -> Iterator[None]:
    tokens._KEPT.clear()
    yield
    tokens._KEPT.clear()


def seen(opened: Opened, folder: Path, rows: Rows) -> SeenShape:
    """What a connector saw of one whole pull."""
    tokens._KEPT.clear()
    with opened(folder, rows) as connector:
        [resource] = connector.resources()
        pages = list(connector.pull(resource))
        assert sum(len(page.records) for page in pages) == len(rows)
        assert isinstance(connector, Observing)
        found = connector.seen(resource)
    assert found is not None
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_source_that_changed_tells_what_is_new_gone_and_of_another_type(tmp_path: Path, kind: str) -> None:
    known, told = compare_shapes(None, seen(KINDS[kind], tmp_path, BEFORE), "m", whole=True)
    assert told == ()
    again = seen(KINDS[kind], tmp_path, BEFORE)
    assert compare_shapes(known, again, "m", whole=True) == (known, ()), "nothing changed"
    _, told = compare_shapes(known, seen(KINDS[kind], tmp_path, AFTER), "m", whole=True)
    assert set(told) == EXPECTED


@pytest.mark.parametrize("kind", ["delimited", "excel", "parquet", "sql", "pushed csv"])
def test_a_mapped_column_that_is_gone_is_seen_although_the_pull_fails(tmp_path: Path, kind: str) -> None:
    lacking = [{name: value for name, value in row.items() if name != "Last"} for row in BEFORE]
    with KINDS[kind](tmp_path, lacking) as connector:
        with pytest.raises(Exception, match="has no column Last"):
            list(connector.pull(CANDIDATES))
        assert connector.seen(CANDIDATES).missing == {"Last"}


def test_changes_are_looked_at_as_everything_is(tmp_path: Path) -> None:
    with sql(tmp_path, BEFORE) as database:
        until = database.position(CANDIDATES)
        list(database.changes(CANDIDATES, str(Watermark(40)), until))
        assert {"Id", "Last", "Shoe", "Hat"} == database.seen(CANDIDATES).fields.keys()
    sent = batch(tmp_path, json.dumps(AFTER[0]).encode(), "application/x-ndjson", "changes")
    list(sent.changes(CANDIDATES, "n0", "n1"))
    shape = sent.seen(CANDIDATES)
    assert shape is not None and shape.fields.keys() == AFTER[0].keys()
    tokens._KEPT.clear()
    with edfi(tmp_path, BEFORE) as server:
        list(server.changes(CANDIDATES, "0", server.position(CANDIDATES)))
        assert {"candidateIdentifier", "Shoe", "Hat"} <= server.seen(CANDIDATES).fields.keys()
