"""Kill the gateway at any moment of a sync or a request, and look at what is left.

After each kill: every resource that a partner reads is one promoted version, old or new, whole; every answer that was
received has its entry, which commits to its bytes; the log verifies; and the next sync goes through.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx

from gateway.demo.extracts import write_extracts
from gateway.store.audit_log import find_entry
from tests.campaigns.crash import SERVE_POINTS, SYNC_POINTS
from tests.databases import free_port
from tests.world import DEMO, SMALL, World, open_world

ROOT = Path(__file__).resolve().parents[2]
RANDOM = "random"
READERS = 3
START_SECONDS = 60.0
FEWEST_PLACEMENTS = 34
"""The variants differ in how many placements they have, within what the shrink guard lets pass."""


@dataclass
class Toll:
    """What a campaign did: kills by point, points at which the process died by itself, answers checked."""

    kills: Counter[str] = field(default_factory=Counter)
    hit: set[str] = field(default_factory=set)
    answers: int = 0


@dataclass(frozen=True)
class _Answer:
    entry: str
    salt: str
    content: bytes


def kill_repeatedly(folder: Path, database_url: str, seed: int, kills: int) -> Toll:
    """Kill `kills` times, in turn at each named point and at random moments. Raises `AssertionError` where a promise broke."""
    chance = random.Random(seed)
    toll = Toll()
    home = folder / "home"
    with open_world(home, database_url) as world:
        world.agree()
        world.client("riverton-sis", "riverton")
        keys = dict(world.keys)
    variant = _Variants(folder / "extracts")
    variant.write(0)
    with open_world(home, database_url) as world:
        world.sync(world.source("lakeside", variant.folder))
    plan = _plan(chance)
    for _ in range(kills):
        what, point = next(plan)
        if what == "sync":
            variant.write(variant.number + 1)
            died = _kill_a_sync(home, database_url, variant, point, chance)
            answers: list[_Answer] = []
        else:
            died, answers = _kill_a_server(home, database_url, keys, point, chance)
        toll.kills[f"{what}:{point}"] += 1
        if died:
            toll.hit.add(point)
        toll.answers += len(answers)
        _look(home, database_url, keys, variant, answers)
    return toll


def _plan(chance: random.Random) -> Iterator[tuple[str, str]]:
    while True:
        rounds = [("sync", point) for point in (*SYNC_POINTS, RANDOM)] + [("serve", point) for point in (*SERVE_POINTS, RANDOM)]
        chance.shuffle(rounds)
        yield from rounds


class _Variants:
    """Lakeside's extract in numbered variants: each row of a resource carries the variant's mark."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.number = 0
        self.placements: dict[int, int] = {}

    def write(self, number: int) -> None:
        self.number = number
        write_extracts(self.folder, SMALL)
        self.placements[number] = FEWEST_PLACEMENTS + number % 7
        self._mark("placements.csv", "Hours", f"{number}.5", self.placements[number])
        self._mark("candidates.csv", "Middle", _letter(number), None)

    def _mark(self, name: str, column: str, mark: str, rows: int | None) -> None:
        file = self.folder / "lakeside" / name
        with file.open(newline="", encoding="utf-8") as found:
            records = list(csv.DictReader(found))[:rows]
        with file.open("w", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(out, list(records[0]))
            writer.writeheader()
            writer.writerows({**record, column: mark} for record in records)


def _letter(number: int) -> str:
    return chr(ord("A") + number % 26)


def environment(home: Path, database_url: str, **more: str) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("GATEWAY_")}
    return kept | {
        "GATEWAY_HOME": str(home),
        "GATEWAY_DATABASE_URL": database_url,
        "GATEWAY_ISSUER": "http://127.0.0.1",
        "GATEWAY_ALLOWED_HOSTS": "127.0.0.1",
        **more,
    }


def _kill_a_sync(home: Path, database_url: str, variant: _Variants, point: str, chance: random.Random) -> bool:
    """True when the process died at its named point."""
    command = [sys.executable, "-m", "tests.campaigns.crash", "sync", point, str(chance.choice((1, 1, 2, 3)))]
    process = subprocess.Popen(
        [*command, str(DEMO / "lakeside.source.yaml")],
        env=environment(home, database_url, DEMO_EXTRACTS=str(variant.folder)),
        cwd=ROOT,
    )
    if point == RANDOM:
        try:
            process.wait(chance.uniform(0.8, 2.2))
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait() == -signal.SIGKILL


def _kill_a_server(
    home: Path, database_url: str, keys: Mapping[str, str], point: str, chance: random.Random
) -> tuple[bool, list[_Answer]]:
    """Read pages with several clients until the server dies; what they received whole."""
    with open_world(home, database_url) as world:
        world.keys |= keys
        world.now = datetime.now(UTC)
        token = world.token("riverton-sis")
    port = free_port()
    nth = chance.randrange(2, 12)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.campaigns.crash", "serve", point, str(nth)],
        env=environment(home, database_url, GATEWAY_PORT=str(port)),
        cwd=ROOT,
    )
    answers: list[_Answer] = []
    readers = [threading.Thread(target=_read, args=(port, token, answers, process)) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    if point == RANDOM:
        until = time.monotonic() + START_SECONDS
        while not answers and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(chance.uniform(0.0, 0.4))
        process.kill()
    for reader in readers:
        reader.join()
    try:
        return process.wait(timeout=START_SECONDS) == -signal.SIGKILL, answers
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError(f"The gateway never came to {point}.") from None


def _read(port: int, token: str, answers: list[_Answer], process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}) as client:
        while time.monotonic() < until and process.poll() is None:
            try:
                answer = client.get("/v1/fieldworkExperiences", params={"limit": "20"})
            except httpx.TransportError:
                time.sleep(0.02)
                continue
            assert answer.status_code == httpx.codes.OK, answer.text
            answers.append(_Answer(answer.headers["gateway-entry"], answer.headers["gateway-body-salt"], answer.content))


def _look(home: Path, database_url: str, keys: Mapping[str, str], variant: _Variants, answers: list[_Answer]) -> None:
    with open_world(home, database_url) as world:
        world.keys |= keys
        world.now = datetime.now(UTC)
        world.gateway.verify_log()
        for answer in answers:
            _has_its_entry(world, answer)
        _is_whole(world, variant)
        world.sync(world.source("lakeside", variant.folder))
        assert _is_whole(world, variant) == (variant.number, variant.number)


def _has_its_entry(world: World, answer: _Answer) -> None:
    with world.gateway.database.read() as connection:
        found = find_entry(connection, world.gateway.log_id, answer.entry)
    assert found is not None, "an answer was received without its entry"
    body = hashlib.sha256(base64.b64decode(answer.salt) + answer.content).hexdigest()
    assert json.loads(found.leaf)["body"] == body


def _is_whole(world: World, variant: _Variants) -> tuple[int, int]:
    """Each resource shows one variant, all of it; gives the variants of placements and candidates."""
    token = world.token("riverton-sis")
    placements = world.api.get("/v1/fieldworkExperiences", token, limit="1000").json()["data"]
    hours = {record["hoursCompleted"] for record in placements}
    assert len(hours) == 1, "placements of two variants are visible at once"
    shown = int(hours.pop())
    assert len(placements) == variant.placements[shown], "not all placements of the variant are visible"
    candidates = world.api.get("/v1/candidates", token, limit="1000").json()["data"]
    marks = {record["middleName"] for record in candidates}
    assert len(marks) == 1, "candidates of two variants are visible at once"
    mark = marks.pop()
    return shown, max(number for number in variant.placements if f"{_letter(number)}." == mark)
