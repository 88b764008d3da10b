"""Measure what it costs to verify a log of a million entries, against reading the leaves by the driver and hashing each once; and
that memory does not grow with the log. `python -m tests.benchmarks log` runs it; it takes some minutes and 5 GB.

Verification also builds the tree, compares every node, opens every sealed detail, makes the commitment to its people again, and
holds who may see the entry and what it was decided from against the leaf. `cpu_seconds` is what the process computed: on a machine
that others use too, the seconds of a clock say less.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Thread

import psycopg

from tests.benchmarks.large import Large
from tests.benchmarks.page import NOW
from tests.filled_log import fill, prepare_keys
from tests.world import gateway_world

ENTRIES = 1_000_000
SECONDS = 60.0
GROWTH = 64
"""Megabytes that verification may add to the process."""
GOAL = 20.0
"""The highest ratio: for each leaf that is hashed once, a detail is decrypted, two texts are parsed, and three more hashes made."""
LEAVES = "SELECT leaf FROM audit_entry ORDER BY log_id, seq"


class Verifying(Large):
    """Its own limits: a ratio, and memory."""

    def holds(self) -> bool:
        return self.ratio <= self.goal and self.more["memory_growth_megabytes"] <= GROWTH


def measure_log(folder: Path, backend: str, url: str) -> Iterator[Large]:
    """On one new migrated database."""
    with gateway_world(folder / "home", url) as world:
        world.now = NOW
        prepare_keys(world)
        begun = time.perf_counter()
        fill(world, ENTRIES, 1)
        filled = time.perf_counter() - begun
        against = _hashed(backend, url)
        before = _memory()
        with highest_memory() as highest:
            begun, computed = time.perf_counter(), time.process_time()
            verified = world.gateway.verify_log()
            seconds, computed = time.perf_counter() - begun, time.process_time() - computed
        more = {
            "entries": verified.checkpoint.size,
            "entries_per_second": round(ENTRIES / seconds),
            "cpu_seconds": round(computed, 1),
            "within_seconds": float(seconds <= SECONDS),
            "memory_growth_megabytes": highest() - before,
            "appends_per_second": round(ENTRIES / filled),
        }
        yield Verifying("verify_a_million", backend, seconds, against, GOAL, more)


def _hashed(backend: str, url: str) -> float:
    """Seconds to read every leaf by the driver alone and hash it."""
    begun, sha256 = time.perf_counter(), hashlib.sha256
    if backend == "sqlite":
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
            for (leaf,) in database.execute(LEAVES):
                sha256(b"\x00" + leaf).digest()
    else:
        with psycopg.connect(url.replace("+psycopg", "")) as server, server.cursor("leaves", binary=True) as cursor:
            cursor.itersize = 2_000
            cursor.execute(LEAVES)
            for (leaf,) in cursor:
                sha256(b"\x00" + leaf).digest()
    return time.perf_counter() - begun


@contextmanager
def highest_memory() -> Iterator[Callable[[], int]]:
    """The most megabytes that this process held within, looked at ten times a second."""
    seen, over = [_memory()], Event()

    def look() -> None:
        while not over.wait(0.1):
            seen.append(_memory())

    watching = Thread(target=look)
    watching.start()
    try:
        yield lambda: max(seen)
    finally:
        over.set()
        watching.join()


def _memory() -> int:
    """What this process holds now, in megabytes."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) // 1024
    raise RuntimeError("The kernel does not tell what a process holds.")
