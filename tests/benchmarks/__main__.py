"""`make bench`: every case on SQLite and PostgreSQL against the floor; prints a table, writes results.json.

Ends with 1 when a page costs more than 1.6 of its floor, or the floor more than 1.2 of a plain route over driver rows.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks.page import ROUNDS, Timings, measure, p95
from tests.databases import copied_postgres, copied_sqlite, migrated_sqlite, postgres_cluster, postgres_programs

RESULTS = Path(__file__).with_name("results.json")
HIGHEST_RATIO = 1.6
HIGHEST_FLOOR = 1.2
WIDTH = 110


def timings(folder: Path) -> Iterator[Timings]:
    """Every case on both databases, one after the other."""
    programs = postgres_programs()
    if programs is None:
        raise SystemExit("needs PostgreSQL's server programs (initdb, pg_ctl)")
    places = {name: folder / name for name in ("template", "sqlite", "postgresql")}
    for place in places.values():
        place.mkdir()
    with copied_sqlite(migrated_sqlite(places["template"]), places["sqlite"]) as url:
        yield from measure(places["sqlite"], "sqlite", url)
    with postgres_cluster(programs) as cluster, copied_postgres(cluster) as url:
        yield from measure(places["postgresql"], "postgresql", url)


def result(timed: Timings) -> dict[str, object]:
    """One case as it stands in results.json; times in milliseconds."""
    return {
        "case": timed.case,
        "database": timed.database,
        "ratio": round(timed.ratio, 3),
        "median_ms": round(statistics.median(timed.gateway), 3),
        "p95_ms": round(p95(timed.gateway), 3),
        "floor_ms": round(statistics.median(timed.floor), 3),
        "floor_p95_ms": round(p95(timed.floor), 3),
        "driver_ms": round(statistics.median(timed.driver), 3),
        "driver_p95_ms": round(p95(timed.driver), 3),
        "floor_over_driver": round(timed.floor_ratio, 3),
        "rounds": ROUNDS,
    }


def holds(timed: Timings) -> bool:
    """Whether the case is within what is promised, and its floor is low enough to promise anything."""
    return timed.ratio <= HIGHEST_RATIO and timed.floor_ratio <= HIGHEST_FLOOR


def show(measured: Sequence[Timings], console: Console) -> None:
    table = Table(title="A page of 1,000 records, in milliseconds", min_width=WIDTH)
    for heading in ("case", "database"):
        table.add_column(heading)
    for heading in ("gateway", "p95", "floor", "p95", "driver", "p95", "ratio", "floor / driver"):
        table.add_column(heading, justify="right")
    for timed in measured:
        figures = [f"{f(times):.2f}" for times in (timed.gateway, timed.floor, timed.driver) for f in (statistics.median, p95)]
        style = None if holds(timed) else "red"
        table.add_row(timed.case, timed.database, *figures, f"{timed.ratio:.2f}", f"{timed.floor_ratio:.2f}", style=style)
    console.print(table)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        measured = list(timings(Path(folder)))
    machine = {
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
    }
    results = {"cases": [result(timed) for timed in measured], "machine": machine}
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    show(measured, Console(width=WIDTH))
    return 0 if all(holds(timed) for timed in measured) else 1


if __name__ == "__main__":
    sys.exit(main())
