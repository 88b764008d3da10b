"""Measure one page: the gateway, the floor and the driver serve the same database, and one client asks them in turn.

`python -m tests.benchmarks.page HOME DATABASE_URL PORT` serves the gateway as `gateway serve` does, at the test world's time.
"""

from __future__ import annotations

import gc
import http.client
import json
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import uvicorn

from gateway.app import open_gateway
from gateway.demo.extracts import Sizes
from gateway.disclose import disclose
from gateway.domain.access import AccessRequest
from gateway.domain.auditing import AuditEvent
from gateway.domain.identifiers import ResourceName
from gateway.plan import compile_plan
from gateway.serve_api import build_app, settle_collector
from gateway.settings import Settings
from gateway.store.epoch import read_epoch
from tests.benchmarks.floor import PAGE, SHAPES
from tests.databases import free_port
from tests.world import ISSUER, World, open_world

ROOT = Path(__file__).resolve().parents[2]
SIZES = Sizes(candidates=2_000, staff=300, placements=1_500, mentorships=100, openings=50)
NOW = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
TWELVE = Path(__file__).with_name("twelve.yaml")
CLIENTS = {"page": ("riverton-sis", "riverton"), "page_twelve": ("millbrook-sis", "millbrook")}
"""Who asks for the pages of a case, and for which institution."""
SHORT, DEEP = 50, 25
"""Records of a short page, and the number of the one that is deep in the table."""
WARM_UP = 40
ROUNDS = 250
START_SECONDS = 60.0
P95 = 94  # of the 99 cuts that `quantiles` makes


@dataclass(frozen=True)
class Timings:
    """One case on one database, in milliseconds from the request's first byte to the answer's last. `floor` is what the case is
    held against; `driver` what the floor of a page is held against; `entry` a durable entry alone."""

    case: str
    database: str
    gateway: Sequence[float]
    floor: Sequence[float]
    driver: Sequence[float] | None = None
    entry: Sequence[float] | None = None

    @property
    def ratio(self) -> float:
        return statistics.median(self.gateway) / statistics.median(self.floor)

    @property
    def floor_ratio(self) -> float | None:
        return None if self.driver is None else statistics.median(self.floor) / statistics.median(self.driver)


def measure(folder: Path, backend: str, url: str) -> Iterator[Timings]:
    """Every case on one new migrated database."""
    home = folder / "home"
    with open_world(home, url) as world:
        world.now = NOW
        world.agree()
        world.agree(TWELVE)
        for name, institution in CLIENTS.values():
            world.client(name, institution)
        world.load(SIZES)
        entry = _entry(world)
        tokens = {case: world.token(name) for case, (name, _) in CLIENTS.items()}
        decided = _decided(world, tokens["page_twelve"])
    with ExitStack() as stack:
        gateway = stack.enter_context(served("tests.benchmarks.page", str(home), url)).port
        floor = stack.enter_context(served("tests.benchmarks.floor", "core", _driver_url(url))).port
        driver = stack.enter_context(served("tests.benchmarks.floor", "driver", _driver_url(url))).port

        def permitted(case: str, records: int, **narrowed: str) -> _Asked:
            query = urlencode({"purpose": "placement", "limit": records, **narrowed})
            return _Asked(gateway, f"/v1/{SHAPES[case].resource}?{query}", records, {"Authorization": f"Bearer {tokens[case]}"})

        for case in SHAPES:
            turns = permitted(case, PAGE), _Asked(floor, f"/{case}", PAGE), _Asked(driver, f"/{case}", PAGE)
            yield Timings(case, backend, *_interleaved(turns))
        # The first of the gateway's page is the first of the floor's: both are in the order of the records.
        pseudonym = permitted("page_twelve", PAGE).records()[0]["fieldworkIdentifier"]
        number = _Asked(floor, "/page_twelve", PAGE).records()[0]["record_id"]
        one = permitted("page_twelve", 1, fieldworkIdentifier=pseudonym)
        found, kept = _interleaved((one, _Asked(floor, f"/page_twelve/{number}", 1)))
        yield Timings("one_record", backend, found, kept, entry=entry)
        yield Timings("decision_and_plan", backend, decided, found)
        first = deep = permitted("page", SHORT)
        for _ in range(1, DEEP):
            deep = permitted("page", SHORT, cursor=deep.answer()["next"])
        yield Timings("page_deep", backend, *_interleaved((deep, first)))


def _entry(world: World) -> Sequence[float]:
    """Milliseconds of one entry, to the moment when it is durable."""
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        world.gateway.log.append(AuditEvent(kind="start", leaf={"outcome": "measured"}))
        times.append((time.perf_counter() - begun) * 1000)
    return times


def _decided(world: World, token: str) -> Sequence[float]:
    """Milliseconds from a request to its permit and its plan, where the same was asked before."""
    gate = world.gateway.gate(world.gateway.pdp())
    request = AccessRequest(ResourceName(SHAPES["page_twelve"].resource), "placement", limit=1)
    disclose(request, token, gate)
    times = []
    with gate.database.read() as connection:
        epoch = read_epoch(connection)
    for _ in range(WARM_UP + ROUNDS):
        begun = time.perf_counter()
        standing = gate.memory.find(token, request, epoch, gate.clock())
        if standing is None:
            raise RuntimeError("What the request stood on was not remembered.")
        compile_plan(request, standing.permit, gate.catalog, gate.keyed(standing), None, standing.day)
        times.append((time.perf_counter() - begun) * 1000)
    return times[WARM_UP:]


def _interleaved(turns: Sequence[_Asked]) -> Sequence[Sequence[float]]:
    for one in turns:
        one.records()
    times: list[list[float]] = [[] for _ in turns]
    gc.disable()
    try:
        for number in range(WARM_UP + ROUNDS):
            for one, kept in zip(turns, times, strict=True):
                took = one.ask()
                if number >= WARM_UP:
                    kept.append(took)
    finally:
        gc.enable()
    return times


class _Asked:
    """One request for so many records, asked again and again over one connection."""

    def __init__(self, port: int, path: str, records: int, headers: Mapping[str, str] | None = None) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port)
        self._path = path
        self._records = records
        self._headers = dict(headers or {})
        self._body = b""

    def ask(self) -> float:
        """Milliseconds. http.client, because what a client costs is the same for all and would soften the ratio."""
        begun = time.perf_counter()
        self._connection.request("GET", self._path, headers=self._headers)
        answer = self._connection.getresponse()
        self._body = answer.read()
        took = (time.perf_counter() - begun) * 1000
        if answer.status != http.client.OK:
            raise RuntimeError(f"{self._path} was answered with {answer.status}")
        return took

    def answer(self) -> Mapping[str, Any]:
        self.ask()
        found: Mapping[str, Any] = json.loads(self._body)
        return found

    def records(self) -> Sequence[Mapping[str, Any]]:
        """The records. Raises `RuntimeError` when they are not as many as they should be."""
        found: Sequence[Mapping[str, Any]] = self.answer()["data"]
        if len(found) != self._records:
            raise RuntimeError(f"{self._path} gave {len(found)} records, not {self._records}")
        return found


def p95(times: Sequence[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(times, n=100)[P95]


@dataclass(frozen=True)
class Server:
    """A server in a process of its own."""

    port: int
    process: int


@contextmanager
def served(module: str, *arguments: str) -> Iterator[Server]:
    """Serve until the block ends."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", module, *arguments, str(port)], cwd=ROOT)
    try:
        _wait_for(port, process)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        process.wait(timeout=START_SECONDS)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("A server did not start.")


def _driver_url(url: str) -> str:
    return url.replace("postgresql:", "postgresql+psycopg:")


def serve(arguments: Sequence[str]) -> None:
    """The gateway with its own settings, but for a clock that starts when the agreement is in force."""
    home, url, port = arguments
    begun = datetime.now(UTC)
    settings = Settings(home=Path(home), database_url=url, issuer=ISSUER, allowed_hosts="127.0.0.1")
    with open_gateway(settings, lambda: NOW + (datetime.now(UTC) - begun)) as gateway:
        api = build_app(gateway)
        settle_collector()
        uvicorn.run(api, host="127.0.0.1", port=int(port), access_log=False, log_level="warning", server_header=False)


if __name__ == "__main__":
    serve(sys.argv[1:])
