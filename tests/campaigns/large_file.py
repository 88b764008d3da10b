"""Bring in a file far larger than memory may be: the columns of the benchmark's candidates and, as in exports of whole tables, a
row of others that nobody maps. `gateway sync` runs in another process, and the most memory that it ever had is the kernel's figure.
"""

from __future__ import annotations

import csv
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.load import COLUMNS, HEAD, MAPPING, a_row
from tests.campaigns.kills import environment
from tests.world import open_world

ROOT = Path(__file__).resolve().parents[2]
OTHERS = 40
FILLER = "a column that nobody maps, of an export of a table "
SOURCE = "location: .\nresources:\n  candidates:\n    file: candidates.csv\n"
MEASURING = (
    "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
)
"""The kernel counts what a process had before it became another as its own: so the one that starts the sync is a small one."""


@dataclass(frozen=True)
class Brought:
    """What a sync of a file took: its rows and bytes, and the most memory that the process had, in bytes."""

    rows: int
    file_bytes: int
    most_memory: int


def bring_in(folder: Path, database_url: str, least_bytes: int) -> Brought:
    """Write a file of at least so many bytes and pull it; also one after another in one folder.

    Raises CalledProcessError where the sync fails.
    """
    home = folder / "home"
    rows = write_file(folder / "candidates.csv", least_bytes)
    if not home.exists():
        with open_world(home, database_url) as world:
            world.agree()
    (folder / "sis.source.yaml").write_text(HEAD.format(kind="delimited") + SOURCE + MAPPING, encoding="utf-8")
    command = [sys.executable, "-c", MEASURING, sys.executable, "-m", "gateway", "sync", str(folder / "sis.source.yaml")]
    known = environment(home, database_url, GATEWAY_STATE_MODULES="personnel-default")
    done = subprocess.run(command, env=known, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return Brought(rows, (folder / "candidates.csv").stat().st_size, int(done.stdout.splitlines()[-1]) * 1024)


def write_file(path: Path, least_bytes: int) -> int:
    """Gives the number of rows."""
    others = [f"{FILLER}{number}" for number in range(OTHERS)]
    count = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow([*COLUMNS, *(f"Other{number}" for number in range(OTHERS))])
        while file.tell() < least_bytes:
            rows.writerows([*a_row(number, random.Random(number)), *others] for number in range(count, count + 1000))
            count += 1000
    return count
