"""Measure what large tables cost: an export against COPY, a feed of few changes against reading everything, a page among ten times
as many records. `python -m tests.benchmarks large` runs it; it takes half an hour and 12 GB, so `make bench` alone does not."""

from __future__ import annotations

import http.client
import json
import random
import sqlite3
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
from sqlalchemy import Table, func, insert, literal, null, select, update

from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.store.schema import resource_head
from tests.benchmarks.floor import SHAPES
from tests.benchmarks.page import NOW, SIZES, TWELVE, served
from tests.world import World, open_world

PROVIDER, RESOURCE = InstitutionId("lakeside"), ResourceName("fieldworkExperiences")
CLIENT = ("millbrook-sis", "millbrook")
RECORDS, TEN_TIMES = 1_000_000, 10_000_000
PAGE, ROUNDS, EXPORTS, FEEDS = 1_000, 60, 3, 3
MOST_MEMORY = 300
"""Megabytes of the server's process."""
FORMATS = {"ndjson": "application/x-ndjson", "parquet": "application/vnd.apache.parquet"}


@dataclass(frozen=True)
class Large:
    """One case on one database: seconds of the gateway and of what it is held against. `more` are other figures of it."""

    case: str
    database: str
    seconds: float
    against: float
    goal: float
    more: Mapping[str, float]

    @property
    def ratio(self) -> float:
        return self.seconds / self.against

    def holds(self) -> bool:
        """Whether it costs no more than its goal, and takes no more memory than an export may."""
        return self.ratio <= self.goal and self.more.get("highest_memory_megabytes", 0) <= MOST_MEMORY

    def result(self) -> dict[str, object]:
        """As it stands in results.json."""
        figures = {"ratio": round(self.ratio, 4), "seconds": round(self.seconds, 4), "against_seconds": round(self.against, 4)}
        return {"case": self.case, "database": self.database, **figures, "goal": round(self.goal, 4), **self.more}


def measure_large(folder: Path, backend: str, url: str) -> Iterator[Large]:
    """Every case on one new migrated database."""
    with open_world(folder / "home", url) as world:
        world.now = NOW
        world.agree()
        world.agree(TWELVE)
        world.client(*CLIENT)
        world.load(SIZES)
        table = world.gateway.tables[RESOURCE].rows
        base = _base(world, table)
        grow(url, table, base, RECORDS, random.Random(1))
        with served("tests.benchmarks.page", str(folder / "home"), url) as gateway:
            begun = time.monotonic()
            asking = _Asking(gateway.port, world.token(CLIENT[0]))
            if backend == "postgresql":
                yield from _exports(asking, backend, url, gateway.process)
            yield from _feed(world, asking, backend, url, table)
            small = _pages(asking)
            grow(url, table, base, TEN_TIMES - RECORDS, random.Random(2), in_order=True)
            world.now = NOW + timedelta(seconds=time.monotonic() - begun)
            again = _Asking(gateway.port, world.token(CLIENT[0]))  # token and connection have not lasted so long
            yield Large("ten_times_as_many", backend, _pages(again), small, 1.2, {"records": TEN_TIMES})


def grow(
    url: str, table: Table, base: Sequence[Mapping[str, Any]], records: int, chance: random.Random, *, in_order: bool = False
) -> None:
    """Put in so many records more, each like one that is there but with a number and people of its own. Numbers come as they do
    from a source, in no order; `in_order` spares the time that indexes take when they are written here and there."""
    names = [column.name for column in table.columns]
    first = chance.randrange(10**6, 10**9)  # people are numbered one after the other

    def made() -> Iterator[tuple[Any, ...]]:
        numbers = (chance.getrandbits(62) for _ in range(records))
        for number, record in enumerate(sorted(numbers) if in_order else numbers):
            own = {"record_id": record, "student_reference_id": chance.getrandbits(62), "person_id": first + number}
            row = {**base[number % len(base)], "sealed": None, **own}
            yield tuple(row[name] for name in names)

    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            connection.execute("PRAGMA cache_size = -400000")
            connection.executemany(f"INSERT INTO {table.name} VALUES ({', '.join('?' * len(names))})", map(_as_text, made()))
            connection.commit()
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as server:
        with server.cursor().copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN".encode()) as copy:
            for row in made():
                copy.write_row(row)
        server.execute(f"VACUUM ANALYZE {table.name}".encode())


def _as_text(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(value.isoformat() if hasattr(value, "isoformat") else value for value in row)


def _base(world: World, table: Table) -> Sequence[Mapping[str, Any]]:
    with world.gateway.database.read() as connection:
        return [dict(row._mapping) for row in connection.execute(select(table).where(table.c.provider_id == PROVIDER))]


class _Asking:
    """One client over one connection."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        self._token = token

    def get(self, path: str, accept: str = "application/json", **parameters: str) -> http.client.HTTPResponse:
        """The answer, to be read. Raises `RuntimeError` when there is none."""
        query = urlencode({"purpose": "placement", **parameters})
        headers = {"Authorization": f"Bearer {self._token}", "Accept": accept}
        self._connection.request("GET", f"/v1/{RESOURCE}{path}?{query}", headers=headers)
        answer = self._connection.getresponse()
        if answer.status != http.client.OK:
            raise RuntimeError(f"{path} was answered with {answer.status}: {answer.read()[:500]!r}")
        return answer

    def page(self, path: str, **parameters: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads(self.get(path, **parameters).read())
        return found


def _drained(answer: http.client.HTTPResponse) -> int:
    """Bytes."""
    length = 0
    while part := answer.read(1 << 20):
        length += len(part)
    return length


def _pages(asking: _Asking) -> float:
    """Median seconds of one page of 1,000, each another one in a walk."""
    times: list[float] = []
    cursor: Mapping[str, str] = {}
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        body = asking.page("", limit=str(PAGE), **cursor)
        times.append(time.perf_counter() - begun)
        cursor = {"cursor": body["next"]}
    return statistics.median(times)


def _exports(asking: _Asking, backend: str, url: str, process: int) -> Iterator[Large]:
    shape = SHAPES["page_twelve"]
    assert shape.scope is not None
    chosen = f"SELECT {', '.join(shape.columns)} FROM {shape.table} WHERE provider_id = 'lakeside' AND to_version IS NULL"
    copied = f"COPY ({chosen} AND {shape.scope[0]} <= {shape.scope[1]} ORDER BY record_id) TO STDOUT"
    times: dict[str, list[float]] = {"copy": [], "ndjson": [], "parquet": []}
    lengths = dict.fromkeys(times, 0)
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        for _ in range(EXPORTS):
            begun = time.perf_counter()
            with connection.cursor().copy(copied.encode()) as copy:
                lengths["copy"] = sum(len(part) for part in copy)
            times["copy"].append(time.perf_counter() - begun)
            for name, media_type in FORMATS.items():
                begun = time.perf_counter()
                lengths[name] = _drained(asking.get("/export", media_type))
                times[name].append(time.perf_counter() - begun)
    against = statistics.median(times["copy"])
    for name, goal in (("ndjson", 2.0), ("parquet", 2.5)):
        more = {"records": RECORDS, "megabytes": lengths[name] // 1_000_000, "highest_memory_megabytes": _highest_memory(process)}
        yield Large(f"export_{name}", backend, statistics.median(times[name]), against, goal, more)


def _highest_memory(process: int) -> int:
    """The most that a process ever held, in megabytes."""
    for line in Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    raise RuntimeError("The kernel does not tell what a process held.")


def _feed(world: World, asking: _Asking, backend: str, url: str, table: Table) -> Iterator[Large]:
    """A page deep in the table, held against the first ones; then a consumer that knows every record hears of those that changed,
    held against reading every page."""
    since = _heard(asking, {})[1]
    pages, cursors, records = _walked(asking)
    first, deep = _in_turns(asking, ({}, {"cursor": cursors[len(cursors) * 9 // 10]}))
    yield Large("page_900_of_1000", backend, deep, first, 1.1, {"records": records})
    _change(world, table)
    times = []
    for _ in range(FEEDS):
        begun = time.perf_counter()
        told, _ = _heard(asking, {"since": since})
        times.append(time.perf_counter() - begun)
    yield Large("feed_of_one_percent", backend, statistics.median(times), sum(pages), 1 / 30, {"records": records, "changes": told})


def _heard(asking: _Asking, known: Mapping[str, str]) -> tuple[int, str]:
    """How many changes there were, and where the feed goes on."""
    count, more = 0, True
    while more:
        body = asking.page("/changes", limit=str(PAGE), **known)
        count, more, known = count + len(body["data"]), body["more"], {"since": body["next"]}
    return count, known["since"]


def _walked(asking: _Asking) -> tuple[Sequence[float], Sequence[str], int]:
    """Seconds of every page, the cursors of all but the first, and how many records there are."""
    times: list[float] = []
    cursors: list[str] = []
    count, more = 0, True
    while more:
        begun = time.perf_counter()
        body = asking.page("", limit=str(PAGE), **({"cursor": cursors[-1]} if cursors else {}))
        times.append(time.perf_counter() - begun)
        count, more = count + len(body["data"]), body["next"] is not None
        cursors += [body["next"]] * more
    return times, cursors, count


def _in_turns(asking: _Asking, pages: Sequence[Mapping[str, str]]) -> Sequence[float]:
    """Median seconds of each of these pages, asked one after the other again and again."""
    times: list[list[float]] = [[] for _ in pages]
    for _ in range(ROUNDS):
        for page, kept in zip(pages, times, strict=True):
            begun = time.perf_counter()
            asking.page("", limit=str(PAGE), **page)
            kept.append(time.perf_counter() - begun)
    return [statistics.median(kept) for kept in times]


def _change(world: World, table: Table) -> None:
    """The next version, in which one record of a hundred has other hours."""
    head = (resource_head.c.provider_id == PROVIDER, resource_head.c.resource == RESOURCE)
    with world.gateway.database.write() as connection:
        version = int(connection.execute(select(resource_head.c.version).where(*head)).scalar_one()) + 1
        own = table.c.provider_id == PROVIDER
        changed = (own, table.c.to_version.is_(None), table.c.record_id % 100 == 7)
        connection.execute(update(table).where(*changed).values(to_version=version))
        hours = func.coalesce(table.c.hours_completed, 0) + 1
        other = {"from_version": literal(version), "to_version": null(), "hours_completed": hours}
        rows = select(*(other.get(column.name, column) for column in table.columns)).where(own, table.c.to_version == version)
        connection.execute(insert(table).from_select([column.name for column in table.columns], rows))
        connection.execute(update(resource_head).where(*head).values(version=version))
