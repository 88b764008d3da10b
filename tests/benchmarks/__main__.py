"""`make bench`: pages against the floor, and decisions, on SQLite and PostgreSQL; prints tables, writes results.json.

`python -m tests.benchmarks pages|decisions|load|large|log|register` measures one of them and leaves the others' results as they
are; `load` (bringing records in), `large` (half an hour, 20 GB), `log` (verifying a million entries) and `register` (who was told
about one person) run by their names only.
Ends with 1 when a case costs more than is promised of what it is held against, the floor of a page more than 1.25 of a plain route
over driver rows, a decision more than a millisecond, or gathering facts among 10,000 agreements more than 1.2 of it among 10.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks.decision import Decisions, measure_decisions
from tests.benchmarks.large import Large, measure_large
from tests.benchmarks.load import measure_load
from tests.benchmarks.log import measure_log
from tests.benchmarks.page import ROUNDS, Timings, measure, p95
from tests.benchmarks.register import measure_register
from tests.databases import copied_postgres, copied_sqlite, migrated_sqlite, postgres_cluster, postgres_programs

RESULTS = Path(__file__).with_name("results.json")
PROMISED = {"page": 1.6, "page_twelve": 2.0, "one_record": 3.3, "decision_and_plan": 0.05, "page_deep": 1.1}
"""The highest ratio of each case that `make bench` lets pass."""
GOALS = {"page": 1.8, "page_twelve": 1.0, "one_record": 1.6, "decision_and_plan": 0.05, "page_deep": 1.1}
"""Where each is to come. What the pages cannot save is in README.md."""
HIGHEST_FLOOR = 1.25
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
        **({} if timed.driver is None else _driver(timed, timed.driver)),
        **({} if timed.entry is None else {"entry_ms": round(statistics.median(timed.entry), 3)}),
        "promised": PROMISED[timed.case],
        "goal": GOALS[timed.case],
        "rounds": ROUNDS,
    }


def _driver(timed: Timings, times: Sequence[float]) -> dict[str, object]:
    return {
        "driver_ms": round(statistics.median(times), 3),
        "driver_p95_ms": round(p95(times), 3),
        "floor_over_driver": round(timed.floor_ratio or 0.0, 3),
    }


def holds(timed: Timings) -> bool:
    """Whether the case is within what is promised, and its floor is low enough to promise anything."""
    return timed.ratio <= PROMISED[timed.case] and (timed.floor_ratio is None or timed.floor_ratio <= HIGHEST_FLOOR)


def show(measured: Sequence[Timings], console: Console) -> None:
    table = Table(title="Answers, in milliseconds", min_width=WIDTH)
    for heading in ("case", "database"):
        table.add_column(heading)
    for heading in ("gateway", "p95", "floor", "p95", "driver", "p95", "ratio", "goal", "floor / driver"):
        table.add_column(heading, justify="right")
    for timed in measured:
        series = (timed.gateway, timed.floor, timed.driver)
        figures = [f"{f(times):.2f}" if times else "" for times in series for f in (statistics.median, p95)]
        ratios = (f"{timed.ratio:.2f}", f"{GOALS[timed.case]:g}", f"{timed.floor_ratio:.2f}" if timed.floor_ratio else "")
        table.add_row(timed.case, timed.database, *figures, *ratios, style=None if holds(timed) else "red")
    console.print(table)


def decisions(folder: Path) -> Decisions:
    """On two databases of each backend."""
    programs = postgres_programs()
    if programs is None:
        raise SystemExit("needs PostgreSQL's server programs (initdb, pg_ctl)")
    with ExitStack() as stack:
        urls: dict[str, tuple[str, str]] = {}
        template = migrated_sqlite(_made(folder / "decision-template"))
        few, many = (stack.enter_context(copied_sqlite(template, _made(folder / name))) for name in ("few", "many"))
        urls["sqlite"] = (few, many)
        cluster = stack.enter_context(postgres_cluster(programs))
        few, many = (stack.enter_context(copied_postgres(cluster)) for _ in range(2))
        urls["postgresql"] = (few, many)
        return measure_decisions(urls)


def on_both(folder: Path, measure_one: Callable[[Path, str, str], Iterator[Large]]) -> Iterator[Large]:
    """Cases of whole databases, on PostgreSQL and then on SQLite."""
    programs = postgres_programs()
    if programs is None:
        raise SystemExit("needs PostgreSQL's server programs (initdb, pg_ctl)")
    with postgres_cluster(programs) as cluster, copied_postgres(cluster) as url:
        yield from measure_one(_made(folder / "postgresql"), "postgresql", url)
    with copied_sqlite(migrated_sqlite(_made(folder / "template")), _made(folder / "sqlite")) as url:
        yield from measure_one(folder / "sqlite", "sqlite", url)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def main(arguments: Sequence[str]) -> int:
    wanted = set(arguments) or {"pages", "decisions"}
    if wanted - {"pages", "decisions", "load", "large", "log", "register"}:
        raise SystemExit("usage: python -m tests.benchmarks [pages] [decisions] [load] [large] [log] [register]")
    console, held = Console(width=WIDTH), True
    with tempfile.TemporaryDirectory() as folder:
        if "decisions" in wanted:
            decided = decisions(Path(folder))
            found = list(decided.results())
            write_results({"decisions": found})
            for case in found:
                console.print(json.dumps(case), style=None if decided.hold() else "red")
            held = decided.hold()
        if "pages" in wanted:
            measured = list(timings(Path(folder)))
            write_results({"cases": [result(timed) for timed in measured]})
            show(measured, console)
            held = held and all(holds(timed) for timed in measured)
        by_name = (("load", measure_load), ("large", measure_large), ("log", measure_log), ("register", measure_register))
        for name, measure_one in by_name:
            if name in wanted:
                found_here: list[Large] = []
                for one in on_both(_made(Path(folder) / name), measure_one):
                    found_here.append(one)
                    write_results({name: [known.result() for known in found_here]})
                    console.print(json.dumps(one.result()), style=None if one.holds() else "red")
                held = held and all(one.holds() for one in found_here)
    return 0 if held else 1


def write_results(measured: Mapping[str, object]) -> None:
    """Put these members into results.json, beside those that were measured another time."""
    machine = {
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
    }
    known = json.loads(RESULTS.read_text(encoding="utf-8"))
    RESULTS.write_text(json.dumps({**known, **measured, "machine": machine}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
