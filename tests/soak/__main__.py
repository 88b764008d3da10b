"""`make soak`: every campaign in the numbers that its issue states; writes results.json with seed, commit and counts."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from gateway.pdp.bundle import find_opa
from gateway.shipped import shipped
from tests.campaigns.crash import SERVE_POINTS, SYNC_POINTS
from tests.campaigns.kills import kill_repeatedly
from tests.campaigns.two_worlds import pairs, two_worlds
from tests.databases import copied_postgres, copied_sqlite, migrated_sqlite, postgres_cluster, postgres_programs
from tests.policies.mutate import LEAST_RATE, mutants, run

RESULTS = Path(__file__).with_name("results.json")
SEED = 20_261_124
PAIRS = 2_500
KILLS = 60
NewDatabase = Callable[[Path], AbstractContextManager[str]]


def soak_two_worlds(folder: Path, new: NewDatabase) -> Mapping[str, object]:
    """2,500 pairs of requests: no difference."""
    with ExitStack() as stack:
        urls = []
        for name in ("left", "right"):
            (folder / f"{name}-db").mkdir()
            urls.append(stack.enter_context(new(folder / f"{name}-db")))
        left, right = stack.enter_context(two_worlds(folder, *urls))
        differences = sum(1 for _ in pairs(left, right, SEED, PAIRS))
    return {"pairs": PAIRS, "differences": differences, "held": differences == 0}


def soak_kills(folder: Path, new: NewDatabase) -> Mapping[str, object]:
    """60 kills, each named point hit at least once."""
    (folder / "db").mkdir()
    with ExitStack() as stack:
        url = stack.enter_context(new(folder / "db"))
        toll = kill_repeatedly(folder, url, SEED, KILLS)
    missed = sorted({*SYNC_POINTS, *SERVE_POINTS} - toll.hit)
    counts = dict(sorted(toll.kills.items()))
    return {"kills": KILLS, "by_point": counts, "points_missed": missed, "answers": toll.answers, "held": not missed}


def soak_mutants() -> Mapping[str, object]:
    """Every mutant of the policy, 95 in a hundred found out by a decision case."""
    opa, policies = find_opa(), shipped("policies")
    toll = run(opa, mutants(opa, policies), policies)
    survivors = [str(mutant) for mutant in toll.survivors]
    return {"mutants": toll.compiled, "rate": round(toll.rate, 4), "survivors": survivors, "held": toll.rate >= LEAST_RATE}


CAMPAIGNS = {"two_worlds": soak_two_worlds, "kills": soak_kills}
WITHOUT_DATABASE = {"mutants": soak_mutants}


@contextmanager
def databases(folder: Path) -> Iterator[Mapping[str, NewDatabase]]:
    """How to make a new migrated database, by backend."""
    programs = postgres_programs()
    if programs is None:
        raise SystemExit("needs PostgreSQL's server programs (initdb, pg_ctl)")
    template = migrated_sqlite(folder)
    with postgres_cluster(programs) as cluster:
        yield {"sqlite": lambda place: copied_sqlite(template, place), "postgresql": lambda _: copied_postgres(cluster)}


def main() -> int:
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    results = []
    with tempfile.TemporaryDirectory() as temporary, databases(Path(temporary)) as known:
        for backend, new in known.items():
            for name, campaign in CAMPAIGNS.items():
                folder = Path(temporary) / f"{name}-{backend}"
                folder.mkdir()
                begun = time.monotonic()
                outcome = campaign(folder, new)
                result = {"campaign": name, "database": backend, "seconds": round(time.monotonic() - begun), **outcome}
                results.append(result)
                sys.stdout.write(json.dumps(result) + "\n")
                sys.stdout.flush()
    for name, alone in WITHOUT_DATABASE.items():
        begun = time.monotonic()
        outcome = alone()
        results.append({"campaign": name, "seconds": round(time.monotonic() - begun), **outcome})
        sys.stdout.write(json.dumps(results[-1]) + "\n")
    RESULTS.write_text(json.dumps({"seed": SEED, "commit": commit, "campaigns": results}, indent=2) + "\n", encoding="utf-8")
    return 0 if all(result["held"] for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
