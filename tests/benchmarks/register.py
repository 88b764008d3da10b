"""Measure the register of disclosures at 10,000,000 disclosed subject-rows: who was told about one person by the index, against a
scan of every sealed detail; what a subject-row takes; and a page of 1,000 records while the index is kept up, against one while it
is not.

Each of 10,000 entries names 1,000 people of 50,000 by chance: nothing repeats, which is the hardest to pack.
"""

from __future__ import annotations

import base64
import random
import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path

import orjson
from pyroaring import BitMap
from sqlalchemy import text

from gateway.accountability.named_people import people_of
from gateway.disclose import disclose
from gateway.domain.access import AccessRequest
from gateway.domain.auditing import AuditEvent
from gateway.domain.identifiers import InstitutionId, PersonId, ResourceName
from gateway.register.desk import RegisterKeys
from gateway.register.find_subject import Meant
from gateway.register.index import catch_up, entries_about
from gateway.register.keep_up import index_kept_up
from gateway.register.look import Looker, look
from gateway.store.engine import Connection
from gateway.store.subjects import named_entries
from tests.benchmarks.large import Large
from tests.benchmarks.page import NOW, SIZES
from tests.world import World, open_world

PROVIDER = InstitutionId("lakeside")
ENTRIES, NAMED, PEOPLE = 10_000, 1_000, 50_000
AT_ONCE, LOOKS, PAGE = 250, 60, 100
BLOCKS, PAGES = 40, 10
MOST_BYTES = 4.0
INDEX = ("subject_progress", "subject_segment", "subject_bucket")
AUDIT = ("audit_entry", "audit_detail", "audit_node", "audit_party", "decision_input")


def measure_register(folder: Path, backend: str, url: str) -> Iterator[Large]:
    """Every case on one new migrated database."""
    with open_world(folder / "home", url) as world:
        world.now = NOW
        world.agree()
        world.client("riverton-sis", "riverton")
        world.load(SIZES)
        world.api.get("/v1/candidates", world.token("riverton-sis"), limit=str(NAMED))
        before = {name: _bytes(world, backend, name) for name in (*INDEX, *AUDIT)}
        _disclose_often(world)
        desk, rows = world.gateway.register_desk(), ENTRIES * NAMED
        begun = time.perf_counter()
        catch_up(desk)
        indexed = time.perf_counter() - begun
        scanned, found = _by_scan(world, 1)
        seeks = [_timed_seek(world, person) for person in range(1, 1 + LOOKS)]
        if seeks[0][1] != found:
            raise RuntimeError("The index and the details differ.")
        grown = {name: _bytes(world, backend, name) - before[name] for name in before}
        index, audit = (sum(grown[name] for name in names) / rows for names in (INDEX, AUDIT))
        more = {"subject_rows": rows, "index_seconds": round(indexed, 2), "entries_of_one": len(found)}
        yield Large("register_seek", backend, statistics.median(seconds for seconds, _ in seeks), scanned, 1 / 50, more)
        looks = [_timed_look(world, own_id) for own_id in _own_ids(world)[:LOOKS]]
        yield Large("register_look", backend, statistics.median(looks), scanned, 1 / 10, _percentile(looks))
        sizes = {"index_bytes_per_row": round(index, 3), "audit_bytes_per_row": round(audit, 3)}
        yield Large("register_bytes", backend, index, MOST_BYTES, 1.0, sizes)
        yield _pages(world, backend)


def _disclose_often(world: World) -> None:
    """Put in so many entries like the one that a page left, each about people by chance."""
    leaf = world.leaves("disclosure")[-1]
    like = {
        name: member for name, member in leaf.items() if name not in {"version", "id", "time", "kind", "institutions", "detail"}
    }
    chance, institutions = random.Random(1), (PROVIDER, InstitutionId("riverton"))
    for _ in range(ENTRIES // AT_ONCE):
        events = []
        for _ in range(AT_ONCE):
            people = BitMap(chance.sample(range(1, PEOPLE + 1), NAMED))
            persons = {"candidate": base64.b64encode(people.serialize()).decode()}
            salt = base64.b64encode(chance.randbytes(32)).decode()
            detail = orjson.dumps({"version": 1, "body_salt": salt, "persons": persons})
            own = {
                "body": chance.randbytes(32).hex(),
                "subjects": chance.randbytes(32).hex(),
                "request": chance.randbytes(16).hex(),
            }
            events.append(AuditEvent("disclosure", {**like, **own}, institutions, detail, PROVIDER))
        world.gateway.log.append_all(events)


def _by_scan(world: World, person: int) -> tuple[float, list[tuple[int, int]]]:
    """Seconds to find an entry that names somebody in every detail, and the entries."""
    begun, keys, start = time.perf_counter(), RegisterKeys(world.gateway.ring), 0
    found: list[tuple[int, int]] = []
    with world.gateway.database.read() as connection:
        while page := named_entries(connection, world.gateway.log_id, start, AT_ONCE):
            for named in page:
                detail = keys.detail(named.entry, named.key_id, named.sealed)
                if detail is not None and any(person in people for people in people_of(detail).values()):
                    found.append((world.gateway.log_id, named.index))
            start = page[-1].index + 1
    return time.perf_counter() - begun, found


def _timed_seek(world: World, person: int) -> tuple[float, list[tuple[int, int]]]:
    begun = time.perf_counter()
    with world.gateway.database.read() as connection:
        found = entries_about(connection, PROVIDER, PersonId(person), RegisterKeys(world.gateway.ring))
    return time.perf_counter() - begun, found


def _timed_look(world: World, own_id: str) -> float:
    """Seconds of a page of what was told about one person, with the look's own durable entry."""
    looker = Looker(PROVIDER, {"steward": "measured"}, _nobody_asks)
    begun = time.perf_counter()
    looked = look(Meant({"candidateIdentifier": own_id}), looker, world.gateway.register_desk(), limit=PAGE)
    if len(looked.told) != PAGE:
        raise RuntimeError("A page is not full.")
    return time.perf_counter() - begun


def _nobody_asks(_: Connection) -> None:
    """Who looks is not what is measured."""


def _percentile(times: list[float]) -> Mapping[str, float]:
    return {"p95_seconds": round(statistics.quantiles(times, n=20)[-1], 4), "entries": PAGE}


def _own_ids(world: World) -> list[str]:
    lines = (world.folder / "extracts" / "lakeside" / "candidates.csv").read_text(encoding="utf-8-sig").splitlines()
    return [line.partition(",")[0] for line in lines[1:]]


def _pages(world: World, backend: str) -> Large:
    """A page of 1,000 records with the index kept up beside it, a hundred times as often as by a server, and without, in turns."""
    gate, token = world.gateway.gate(world.gateway.pdp()), world.token("riverton-sis")
    request = AccessRequest(ResourceName("candidates"), "placement", limit=NAMED)
    times: dict[bool, list[float]] = {True: [], False: []}
    for number in range(2 * BLOCKS):
        kept = number % 2 == 0
        with index_kept_up(world.gateway.register_desk(), every=0.5) if kept else nullcontext():
            for _ in range(PAGES):
                begun = time.perf_counter()
                disclose(request, token, gate)
                times[kept].append(time.perf_counter() - begun)
    return Large("page_while_indexed", backend, statistics.median(times[True]), statistics.median(times[False]), 1.1, {})


def _bytes(world: World, backend: str, table: str) -> int:
    """What a table takes on disk, with its indexes."""
    sizes = {
        "sqlite": "SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name IN "
        "(SELECT name FROM sqlite_schema WHERE tbl_name = :table)",
        "postgresql": "SELECT pg_total_relation_size(CAST(:table AS regclass))",
    }
    with world.gateway.database.read() as connection:
        return int(connection.execute(text(sizes[backend]), {"table": table}).scalar_one())
