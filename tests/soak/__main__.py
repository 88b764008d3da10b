"""`make soak`: every campaign in the numbers that its issue states; writes results.json with seed, commit and counts.

`python -m tests.soak NAME...` runs some of them and leaves the others' results as they are.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from random import Random
from zlib import crc32

from gateway.pdp.bundle import find_opa
from gateway.pdp.read_bundle import ARCHIVE
from gateway.pdp.rules import read_rules
from gateway.shipped import shipped
from gateway.words import read_words
from tests.bundles import other_bundle
from tests.campaigns.cancelled import cancel_repeatedly
from tests.campaigns.crash import SERVE_POINTS, SYNC_POINTS
from tests.campaigns.edits import TABLES, edit_repeatedly, prepared_logs
from tests.campaigns.exact_view import hold_exactly, prepare
from tests.campaigns.free_text import indexed, labelled, measure, roster, shortfalls, summary
from tests.campaigns.killed_syncs import kill_syncs
from tests.campaigns.kills import kill_repeatedly
from tests.campaigns.large_file import bring_in
from tests.campaigns.opa_chaos import LONGEST_ANSWER, LONGEST_RECOVERY, disturb
from tests.campaigns.read_while_synced import read_while_synced
from tests.campaigns.timing import differences, shapes, tells_apart
from tests.campaigns.two_worlds import pairs, two_worlds
from tests.databases import copied_postgres, copied_sqlite, migrated_sqlite, postgres_cluster, postgres_programs
from tests.oracle.campaign import hold_against, hold_files_against, take_away
from tests.policies.mutate import LEAST_RATE, mutants, run
from tests.questions import questions
from tests.world import gateway_world, open_world

RESULTS = Path(__file__).with_name("results.json")
SEED = 20_261_124
PAIRS = 25_000
SAMPLES = 500
CANCELLED = 10_000
EDITS = 1_000
KILLS = 60
KILLED_SYNCS = 100
READS = 100_000
LARGE_FILE = 5_000_000_000
MOST_MEMORY = 300_000_000
DISTURBANCES = 100
QUESTIONS = 20_000
TEXTS = 60_000
KNOWN_PEOPLE = 20_000
NewDatabase = Callable[[Path], AbstractContextManager[str]]


def soak_two_worlds(folder: Path, new: NewDatabase) -> Mapping[str, object]:
    """25,000 pairs of requests on each database, each with a seed of its own, over pulls of both sources: no difference."""
    seed = SEED + crc32(folder.name.encode())
    with ExitStack() as stack:
        urls = []
        for name in ("left", "right"):
            (folder / f"{name}-db").mkdir()
            urls.append(stack.enter_context(new(folder / f"{name}-db")))
        left, right = stack.enter_context(two_worlds(folder, *urls))
        differences = sum(1 for _ in pairs(left, right, seed, PAIRS))
    return {"seed": seed, "pairs": PAIRS, "differences": differences, "held": differences == 0}


def soak_timing(folder: Path, new: NewDatabase) -> Mapping[str, object]:
    """500 samples of each of two worlds, for each shape of request: none is later by more than a millisecond."""
    with ExitStack() as stack:
        urls = []
        for name in ("left", "right"):
            (folder / f"{name}-db").mkdir()
            urls.append(stack.enter_context(new(folder / f"{name}-db")))
        left, right = stack.enter_context(two_worlds(folder, *urls))
        chance = Random(SEED)
        found = {name: differences(left, right, shape, SAMPLES, chance) for name, shape in shapes(left, right).items()}
    apart = [name for name, times in found.items() if tells_apart(times)]
    medians = {name: round(statistics.median(times), 3) for name, times in found.items()}
    return {"samples": SAMPLES, "median_difference_ms": medians, "told_apart": apart, "held": not apart}


def soak_cancelled(folder: Path, new: NewDatabase) -> Mapping[str, object]:
    """10,000 requests of 20 tenants that are given up: no row of one in another's answer."""
    (folder / "db").mkdir()
    with new(folder / "db") as url:
        toll = cancel_repeatedly(folder, url, SEED, CANCELLED)
    held = toll.cancelled >= CANCELLED and bool(toll.whole) and toll.foreign == 0
    heard = {"heard_whole": len(toll.whole), "busy": toll.busy, "foreign": toll.foreign}
    return {"cancelled": toll.cancelled, **heard, "held": held}


def soak_exact_view(folder: Path, new: NewDatabase) -> Mapping[str, object]:
    """20,000 pairs of a random agreement and a random request: each answer is, byte for byte, that of a plain reading."""
    (folder / "db").mkdir()
    with new(folder / "db") as url, open_world(folder / "home", url) as world:
        prepare(world)
        toll = hold_exactly(world, SEED, QUESTIONS)
    held = toll.answered >= QUESTIONS and not toll.otherwise
    return {"pairs": toll.answered, "agreements": toll.agreements, "otherwise": len(toll.otherwise), "held": held}


def soak_killed_syncs(folder: Path, new: NewDatabase) -> Mapping[str, object]:
    """100 syncs of a living source killed at random: a partner sees one moment of it, whole, and in the end nothing is lost."""
    (folder / "db").mkdir()
    with new(folder / "db") as url:
        toll = kill_syncs(folder, url, SEED, KILLED_SYNCS)
    return {"killed": toll.killed, "ended": toll.ended, "moments_seen": len(toll.seen), "held": toll.killed >= KILLED_SYNCS}


def soak_reads(folder: Path, new: NewDatabase) -> Mapping[str, object]:
    """100,000 pages read while syncs go on without a pause: each shows one state of the source."""
    (folder / "db").mkdir()
    with new(folder / "db") as url, open_world(folder / "home", url) as world:
        world.agree()
        world.client("riverton-sis", "riverton")
        toll = read_while_synced(world, READS)
    return {
        "reads": toll.reads,
        "states": toll.states,
        "states_seen": len(toll.seen),
        "wrong": toll.wrong[:3],
        "held": not toll.wrong,
    }


def soak_large_file(folder: Path, new: NewDatabase) -> Mapping[str, object]:
    """A file of 5 GB, pulled in less than 300 MB of memory."""
    (folder / "db").mkdir()
    with new(folder / "db") as url:
        brought = bring_in(folder, url, LARGE_FILE)
    megabytes = {"file_megabytes": brought.file_bytes // 1_000_000, "most_memory_megabytes": brought.most_memory // 1_000_000}
    held = brought.file_bytes >= LARGE_FILE and brought.most_memory < MOST_MEMORY
    return {"rows": brought.rows, **megabytes, "held": held}


def soak_edits(folder: Path, new: NewDatabase) -> Mapping[str, object]:
    """1,000 single bytes changed in the tables of the log: verification finds each, in every column."""
    (folder / "db").mkdir()
    with new(folder / "db") as url, gateway_world(folder / "home", url) as world, prepared_logs(world) as gateway:
        toll = edit_repeatedly(gateway, SEED, EDITS)
    columns = {column for table in TABLES for column in (f"{table.name}.{name.name}" for name in table.columns)}
    unedited = sorted(columns - set(toll.columns))
    missed = len(toll.missed)
    return {
        "edits": toll.made,
        "found": toll.made - missed,
        "columns_never_edited": unedited,
        "held": toll.made >= EDITS and not missed,
    }


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


def soak_opa() -> Mapping[str, object]:
    """100 disturbances of an OPA server under load: no wrong answer, each within 2 seconds, recovery within 5."""
    opa = find_opa()
    bundle = shipped("policies") / "bundle" / ARCHIVE
    with tempfile.TemporaryDirectory() as folder:
        older = other_bundle(Path(folder), opa, 'input.principal.institution == "riverton"')
        toll = disturb(opa, bundle, older, questions().values(), SEED, DISTURBANCES)
    held = toll.wrong == 0 and toll.right > 0 and toll.slowest < LONGEST_ANSWER and max(toll.recoveries) < LONGEST_RECOVERY
    return {
        "disturbances": dict(sorted(toll.disturbances.items())),
        "right": toll.right,
        "unavailable": toll.unavailable,
        "wrong": toll.wrong,
        "slowest_answer_seconds": round(toll.slowest, 3),
        "median_recovery_seconds": round(statistics.median(toll.recoveries), 3),
        "slowest_recovery_seconds": round(max(toll.recoveries), 3),
        "held": held,
    }


def soak_oracle() -> Mapping[str, object]:
    """20,000 random questions: the engine says what the oracle says, and every rule of a request was reached, both ways."""
    toll = hold_against(QUESTIONS, SEED)
    held_at_requests = [rule.id for rule in read_rules(shipped("policies")) if "request" in rule.when]
    missed = [rule for rule in held_at_requests if rule not in toll.refused or rule not in toll.satisfied]
    differences = len(toll.differences)
    counts = {"questions": toll.questions, "permits": toll.permits, "differences": differences, "rules_missed": missed}
    return {**counts, "held": toll.questions == QUESTIONS and differences == 0 and not missed}


def soak_file_oracle() -> Mapping[str, object]:
    """20,000 random agreement files: the check finds what the oracle finds, and every rule of a file was reached."""
    toll = hold_files_against(QUESTIONS, SEED)
    missed = [rule.id for rule in read_rules(shipped("policies")) if "file" in rule.when and rule.id not in toll.refused]
    differences = len(toll.differences)
    counts = {"files": toll.questions, "without_fault": toll.permits, "differences": differences, "rules_missed": missed}
    return {**counts, "held": toll.questions == QUESTIONS and differences == 0 and not missed}


def soak_narrowing() -> Mapping[str, object]:
    """20,000 random agreements, each with something taken away: none gives more than before."""
    toll = take_away(QUESTIONS, SEED)
    wider = len(toll.wider)
    return {"agreements": toll.agreements, "still_permitted": toll.permits, "wider": wider, "held": toll.permits > 0 and wider == 0}


def soak_text() -> Mapping[str, object]:
    """60,000 labelled texts, 20,000 people known: what is planted is not seen, and texts about nobody are."""
    chance = Random(SEED)
    people = roster(chance, KNOWN_PEOPLE)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.perf_counter()
    known = indexed(people, read_words())
    index_seconds = time.perf_counter() - begun
    index_kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    texts = list(labelled(chance, people, TEXTS))
    begun = time.perf_counter()
    measured = measure(texts, known)
    return {
        "texts": TEXTS,
        "people_known": KNOWN_PEOPLE,
        **summary(measured),
        "index_seconds": round(index_seconds, 2),
        "index_megabytes": round(index_kilobytes / 1024),
        "texts_per_second": round(TEXTS / (time.perf_counter() - begun)),
        "held": not shortfalls(measured),
    }


CAMPAIGNS = {
    "two_worlds": soak_two_worlds,
    "timing": soak_timing,
    "exact_view": soak_exact_view,
    "cancelled": soak_cancelled,
    "edits": soak_edits,
    "kills": soak_kills,
    "killed_syncs": soak_killed_syncs,
    "reads": soak_reads,
    "large_file": soak_large_file,
}
WITHOUT_DATABASE = {
    "opa": soak_opa,
    "mutants": soak_mutants,
    "oracle": soak_oracle,
    "file_oracle": soak_file_oracle,
    "narrowing": soak_narrowing,
    "text": soak_text,
}


@contextmanager
def databases(folder: Path) -> Iterator[Mapping[str, NewDatabase]]:
    """How to make a new migrated database, by backend."""
    programs = postgres_programs()
    if programs is None:
        raise SystemExit("needs PostgreSQL's server programs (initdb, pg_ctl)")
    template = migrated_sqlite(folder)
    with postgres_cluster(programs) as cluster:
        yield {"sqlite": lambda place: copied_sqlite(template, place), "postgresql": lambda _: copied_postgres(cluster)}


def runs(wanted: Set[str], temporary: Path) -> Iterator[tuple[str, str, Callable[[], Mapping[str, object]]]]:
    """Campaign, database and how to run it; one without a database runs once."""
    for name in WITHOUT_DATABASE.keys() & wanted:
        yield name, "none", WITHOUT_DATABASE[name]
    on_databases = [name for name in CAMPAIGNS if name in wanted]
    if not on_databases:
        return
    with databases(temporary) as known:
        for backend, new in known.items():
            for name in on_databases:
                folder = temporary / f"{name}-{backend}"
                folder.mkdir()
                yield name, backend, partial(CAMPAIGNS[name], folder, new)


def main(arguments: Sequence[str]) -> int:
    """Run all campaigns, or those that are named; the others' results stay as they are."""
    names = (*WITHOUT_DATABASE, *CAMPAIGNS)
    wanted = set(arguments or names)
    if wanted - set(names):
        raise SystemExit(f"usage: python -m tests.soak [{'|'.join(names)}]...")
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    known = json.loads(RESULTS.read_text(encoding="utf-8"))["campaigns"]
    results = {(result["campaign"], result["database"]): result for result in known}
    held = True
    with tempfile.TemporaryDirectory() as temporary:
        for name, backend, campaign in runs(wanted, Path(temporary)):
            begun = time.monotonic()
            outcome = campaign()
            took = round(time.monotonic() - begun)
            result = {"campaign": name, "database": backend, "commit": commit, "seed": SEED, "seconds": took, **outcome}
            results[name, backend] = result
            held = held and bool(outcome["held"])
            sys.stdout.write(json.dumps(result) + "\n")
            sys.stdout.flush()
            RESULTS.write_text(json.dumps({"campaigns": list(results.values())}, indent=2) + "\n", encoding="utf-8")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
