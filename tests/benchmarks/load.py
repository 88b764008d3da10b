"""Measure what it costs to bring records in: a first load of a CSV file against the same rows by the driver alone (`executemany` on
SQLite, `COPY` on PostgreSQL), and a sync of which nothing changed against that first load.

The driver writes the cells as texts into a table without an index. The gateway reads the file, checks each cell, seals the direct
identifiers, computes blind indexes, looks each key up, and keeps row versions that readers see at once or not at all.
"""

from __future__ import annotations

import csv
import random
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import psycopg

from gateway.catalog.load import load_catalog
from gateway.cli.source.files import read_source
from gateway.domain.identifiers import ResourceName
from gateway.sync import SyncWishes, Told, sync_source
from tests.benchmarks.large import Large
from tests.benchmarks.page import NOW
from tests.world import World, open_world

ROWS = 100_000
GOALS = {"sqlite": 1 / 0.3, "postgresql": 1 / 0.25}
UNCHANGED_GOAL = 1 / 20
COLUMNS = ("Id", "First", "Middle", "Last", "Born", "Sex", "Hispanic", "LowIncome", "Race1", "Race2", "Email", "Changed")
NAMES = ("Ada", "Ben", "Chidi", "Dolores", "Eun-ji", "Fatima", "Grace", "Hugo", "Ines", "Jamal")
HEAD = "version: 1\nid: lakeside-{kind}\nprovider: lakeside\nmaintainer: {{kind: epp}}\nkind: {kind}\n"
WHERE = {
    "delimited": "location: .\nresources:\n  candidates:\n    file: candidates.csv\n    ignore: [Changed]\n",
    "sql": "database: {dialect: sqlite, file: source.db}\n"
    "resources:\n  candidates:\n    table: candidates\n    watermark: Changed\n",
}
MAPPING = """
    columns:
      Id: candidateIdentifier
      First: firstName
      Middle: middleName
      Last: lastSurname
      Born: {element: birthDate, date: true}
      Sex: {element: sexDescriptor, lookup: {F: Female, M: Male}, prefix: "uri://ed-fi.org/SexDescriptor#"}
      Hispanic: hispanicLatinoEthnicity
      LowIncome: {element: economicDisadvantageDescriptor, prefix: "uri://lakeside.example/EconomicDisadvantageDescriptor#"}
    collections:
      races:
        from: 1
        to: 2
        columns: {"Race{n}": {element: raceDescriptor, prefix: "uri://ed-fi.org/RaceDescriptor#"}}
      electronicMails:
        columns: {Email: electronicMailAddress}
        constants: {electronicMailTypeDescriptor: "uri://ed-fi.org/ElectronicMailTypeDescriptor#Organization"}
"""


def measure_load(folder: Path, backend: str, url: str) -> Iterator[Large]:
    """A first load of a file, then of a database, and of the latter a sync of which nothing changed; on one new database."""
    rows = [a_row(number, random.Random(number)) for number in range(ROWS)]
    _write_file(folder / "candidates.csv", rows)
    _write_database(folder / "source.db", rows)
    with open_world(folder / "home", url) as world:
        world.now = NOW
        world.agree()
        loaded = _synced(world, folder, "delimited")
        more = {"rows": ROWS, "rows_per_second": round(ROWS / loaded)}
        yield Large("load", backend, loaded, _by_the_driver(folder, backend, url, rows), GOALS[backend], more)
        first, unchanged = _synced(world, folder, "sql"), _synced(world, folder, "sql")
        yield Large("load_unchanged", backend, unchanged, first, UNCHANGED_GOAL, {"rows": ROWS})


def a_row(number: int, random_: random.Random) -> Sequence[str]:
    """The texts of one candidate, of `COLUMNS`."""
    born = date(1990, 1, 1) + timedelta(days=random_.randrange(5_000))
    first, last = random_.choice(NAMES), f"{random_.choice(NAMES)}son-{number % 977}"
    return (
        f"LU{number:07}",
        first,
        random_.choice(NAMES),
        last,
        born.isoformat(),
        random_.choice("FM"),
        random_.choice(("true", "false")),
        random_.choice(("Eligible", "Not eligible")),
        random_.choice(("White", "Asian")),
        random_.choice(("", "Black - African American")),
        f"{first.lower()}.{number}@lakeside.example",
        f"2026-01-01T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}",
    )


def _write_file(path: Path, rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, *rows])


def _write_database(path: Path, rows: Sequence[Sequence[str]]) -> None:
    with closing(sqlite3.connect(path)) as database:
        _insert(database, "candidates", rows)


def _insert(database: sqlite3.Connection, table: str, rows: Sequence[Sequence[str]]) -> None:
    database.execute(f"CREATE TABLE {table} ({', '.join(f'{name} TEXT' for name in COLUMNS)})")
    database.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(COLUMNS))})", rows)
    database.commit()


def _synced(world: World, folder: Path, kind: str) -> float:
    file = folder / f"{kind}.source.yaml"
    file.write_text(HEAD.format(kind=kind) + WHERE[kind] + MAPPING, encoding="utf-8")
    source = read_source(file, load_catalog(), {})
    begun = time.perf_counter()
    [report] = sync_source(world.gateway, source, SyncWishes(), Told()).resources
    taken = time.perf_counter() - begun
    if report.resource != ResourceName("candidates") or report.quarantined:
        raise RuntimeError(f"{report.quarantined} rows of {report.resource} were refused.")
    return taken


def _by_the_driver(folder: Path, backend: str, url: str, rows: Sequence[Sequence[str]]) -> float:
    """Seconds, durable at the end."""
    if backend == "sqlite":
        with closing(sqlite3.connect(folder / "bare.db")) as database:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")
            begun = time.perf_counter()
            _insert(database, "bare", rows)
            return time.perf_counter() - begun
    with psycopg.connect(url.replace("+psycopg", "")) as server:
        server.execute(f"CREATE TABLE bare ({', '.join(f'{name} text' for name in COLUMNS)})")
        server.commit()
        content = (folder / "candidates.csv").read_bytes()
        begun = time.perf_counter()
        with server.cursor().copy("COPY bare FROM STDIN (FORMAT csv, HEADER true)") as copy:
            copy.write(content)
        server.commit()
        return time.perf_counter() - begun
