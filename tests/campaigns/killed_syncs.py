"""Kill syncs of a living source at random moments, in another process, while the source goes on living.

After each kill a partner sees the source as it was at one of its moments, whole, and never an earlier one than before; at the end
nothing is lost and nothing is there twice.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from connectors.kinds import open_source
from gateway.cli.source.files import read_source
from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.ingest import ingest, order_of
from gateway.store.turns import history
from tests.campaigns.kills import environment
from tests.edfi_server import KEY, SECRET, EdfiServer, edfi_server
from tests.world import World, open_world

ROOT = Path(__file__).resolve().parents[2]
PATH, NAMED = "ed-fi/candidates", "candidateIdentifier"
PEOPLE, MOVES = 150, 12
SOURCE = f"""version: 1
id: ods
provider: lakeside
maintainer: {{{{kind: epp}}}}
kind: edfi
base: {{base}}
key: {KEY}
secret: {{{{env: ODS_SECRET}}}}
page_rows: 25
resources: {{{{candidates: {{{{}}}}}}}}
"""


@dataclass
class Toll:
    """How many syncs were killed, how many ended before that, and how many moments of the source a partner saw."""

    killed: int = 0
    ended: int = 0
    seen: set[int] = field(default_factory=set)


@dataclass
class _Living:
    """The source, with all its moments: the names that it had, each new whenever its record changes."""

    server: EdfiServer
    chance: random.Random
    count: int = 0
    moments: list[frozenset[str]] = field(default_factory=list)

    def put(self, identifier: str) -> None:
        self.count += 1
        self.server.put(PATH, NAMED, candidateIdentifier=identifier, firstName=f"N{self.count}", lastSurname="Lee")

    def move(self) -> None:
        for _ in range(MOVES):
            [known] = self.chance.sample([record[NAMED] for record, _ in self.server.rows[PATH]], 1)
            match self.chance.randrange(4):
                case 0:
                    self.server.delete(PATH, NAMED, known)
                case 1:
                    self.server.rename(PATH, NAMED, known, f"R{self.server.newest}")
                case 2:
                    self.put(known)
                case _:
                    self.put(f"C{self.server.newest}")
        self.note()

    def note(self) -> None:
        self.moments.append(frozenset(record["firstName"] for record, _ in self.server.rows[PATH]))


def kill_syncs(folder: Path, database_url: str, seed: int, kills: int) -> Toll:
    """Kill `kills` syncs. Raises AssertionError where a promise broke."""
    chance, toll, home = random.Random(seed), Toll(), folder / "home"
    living = _Living(EdfiServer(partitions=False), chance)
    with edfi_server(living.server) as running, open_world(home, database_url) as world:
        world.now = datetime.now(UTC)
        world.agree()
        world.client("riverton-sis", "riverton")
        file = folder / "ods.source.yaml"
        file.write_text(SOURCE.format(base=running.base), encoding="utf-8")
        for number in range(PEOPLE):
            living.put(f"A{number}")
        living.note()
        longest = _sync(home, database_url, file, None)[1]
        last = 0
        while toll.killed < kills:
            living.move()
            died, took = _sync(home, database_url, file, chance.uniform(0.2, 1.1) * longest)
            toll.killed += died
            toll.ended += not died
            longest = longest if died else max(longest, took)
            last = _moment(world, living, last)
            toll.seen.add(last)
        assert not _sync(home, database_url, file, None)[0]
        with world.gateway.database.read() as connection:
            states = {run.state for run in history(connection, InstitutionId("lakeside"), 10 * kills)}
        assert "running" not in states, "a sync that was killed is told as one that goes on"
        assert _moment(world, living, last) == len(living.moments) - 1
        _compare_everything(world, file, len(living.moments[-1]))
    return toll


def _sync(home: Path, database_url: str, file: Path, kill_after: float | None) -> tuple[bool, float]:
    """Whether it was killed, and the seconds that it took."""
    begun = time.monotonic()
    command = [sys.executable, "-m", "gateway", "sync", "--allow-shrink", str(file)]
    process = subprocess.Popen(
        command,
        env=environment(home, database_url, ODS_SECRET=SECRET, GATEWAY_STATE_MODULES="personnel-default"),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    try:
        process.wait(kill_after)
    except subprocess.TimeoutExpired:
        process.kill()
    ended = process.wait()
    assert ended in (0, -signal.SIGKILL), f"the sync ended with {ended}"
    return ended != 0, time.monotonic() - begun


def _moment(world: World, living: _Living, last: int) -> int:
    """Which moment of the source a partner sees: one of those from `last` on."""
    world.now = datetime.now(UTC)
    answer = world.api.get("/v1/candidates", world.token("riverton-sis"), purpose="placement", limit="1000", count="exact")
    found = answer.json()
    assert answer.status_code == 200, found
    names = [record["firstName"] for record in found["data"]]
    assert len(set(names)) == len(names) == found["count"]
    moments = [at for at in range(last, len(living.moments)) if living.moments[at] == frozenset(names)]
    assert moments, "what is seen was never all of the source"
    return moments[0]


def _compare_everything(world: World, file: Path, people: int) -> None:
    source = read_source(file, world.gateway.catalog, {})
    connector = open_source(source, lambda _: SECRET)
    [report] = ingest(order_of(source, whole=True), connector, world.gateway.intake(), lambda *_: None)
    assert (report.resource, report.outcome, report.counts.unchanged) == (ResourceName("candidates"), "unchanged", people)
