"""Cancelled requests: twenty tenants ask one gateway at once and hang up at any moment; no row of one is in another's answer.

Connections are shared by the tenants, as behind a proxy. A request is given up half sent, unheard, or after some bytes of its
answer; every answer that is heard whole is, byte for byte, what its tenant heard when it was alone, and has its entry.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import orjson

from gateway.demo.extracts import Sizes, write_extracts
from gateway.store.audit_log import find_entry
from tests.campaigns.kills import ROOT, environment
from tests.databases import free_port
from tests.world import World, open_world

TENANTS = 20
AT_ONCE = 24
SIZES = Sizes(candidates=1_200, staff=60, placements=1_200, mentorships=20, openings=20)
FIRST_SCHOOL = 600_101
ASKED = ("/v1/fieldworkExperiences?limit=1000", "/v1/fieldworkExperiences/export")
LONGEST_WAIT = 0.03
"""Seconds until somebody hangs up."""
START_SECONDS, ANSWER_SECONDS = 60.0, 60.0
BUSY = 503
AGREEMENT = Path(__file__).with_name("cancelled.yaml")
Asked = tuple[str, str]
"""Tenant and path."""


@dataclass
class Toll:
    """What came of it: requests that were given up, those that there was no room for, and tenant and entry of each answer that was
    heard whole."""

    cancelled: int = 0
    busy: int = 0
    whole: list[tuple[str, str]] = field(default_factory=list)
    foreign: int = 0


@dataclass(frozen=True)
class _Heard:
    status: int
    headers: Mapping[str, str]
    body: bytes


def cancel_repeatedly(folder: Path, database_url: str, seed: int, cancelled: int) -> Toll:
    """Ask until so many requests were cancelled. Raises `AssertionError` where the log does not bear the answers out."""
    home = folder / "home"
    with open_world(home, database_url) as world:
        for number in range(TENANTS):
            world.agree(_agreement(folder, number))
            world.client(f"{_tenant(number)}-sis", _tenant(number))
        write_extracts(folder / "extracts", SIZES)
        world.sync(world.source("lakeside", folder / "extracts"))
        world.now = datetime.now(UTC)
        tokens = {_tenant(number): world.token(f"{_tenant(number)}-sis") for number in range(TENANTS)}
    port = free_port()
    command = [sys.executable, "-m", "tests.campaigns.crash", "serve", "never", "1"]
    process = subprocess.Popen(command, env=environment(home, database_url, GATEWAY_PORT=str(port)), cwd=ROOT)
    try:
        toll = asyncio.run(_Tenants(port, tokens, random.Random(seed)).ask(cancelled))
    finally:
        process.terminate()
        process.wait(timeout=START_SECONDS)
    with open_world(home, database_url) as world:
        world.gateway.verify_log()
        for tenant, entry in toll.whole:
            assert _recipient(world, entry) == tenant, "an answer was heard whose entry is of somebody else"
    return toll


def _tenant(number: int) -> str:
    return f"tenant-{number:02}"


def _agreement(folder: Path, number: int) -> Path:
    text = AGREEMENT.read_text(encoding="utf-8").replace("tenant", _tenant(number))
    first = FIRST_SCHOOL + 2 * number
    file = folder / f"{_tenant(number)}.yaml"
    file.write_text(text.replace("[600101, 600102]", f"[{first}, {first + 1}]"), encoding="utf-8")
    return file


def _recipient(world: World, entry: str) -> str:
    with world.gateway.database.read() as connection:
        found = find_entry(connection, world.gateway.log_id, entry)
    assert found is not None, "an answer was heard without its entry"
    return str(orjson.loads(found.leaf)["recipient"])


class _Tenants:
    """Twenty tenants on a few connections."""

    def __init__(self, port: int, tokens: Mapping[str, str], chance: random.Random) -> None:
        self._port = port
        self._tokens = tokens
        self._chance = chance
        self._alone: dict[Asked, bytes] = {}
        self._toll = Toll()

    async def ask(self, cancelled: int) -> Toll:
        await self._until_it_serves()
        for tenant in self._tokens:
            for path in ASKED:
                self._alone[tenant, path] = await self._alone_with(tenant, path)
        assert len(set(self._alone.values())) == len(self._alone), "two tenants see the same, so that nothing could be mixed up"
        await asyncio.gather(*(self._connection(cancelled) for _ in range(AT_ONCE)))
        for tenant, path in self._alone:
            assert await self._alone_with(tenant, path) == self._alone[tenant, path], "what was given up left something behind"
        return self._toll

    async def _until_it_serves(self) -> None:
        async with asyncio.timeout(START_SECONDS):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self._port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    return

    async def _alone_with(self, tenant: str, path: str) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(self._request(tenant, path))
        heard = await _hear(reader)
        writer.close()
        assert heard.status == 200, heard.body
        assert heard.body.count(b"schoolId") > 1
        return heard.body

    def _request(self, tenant: str, path: str) -> bytes:
        head = (f"GET {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {self._tokens[tenant]}")
        return "\r\n".join((*head, "", "")).encode()

    async def _connection(self, cancelled: int) -> None:
        """One connection after the other, each for one tenant after the other, until somebody hangs up on it."""
        while self._toll.cancelled < cancelled:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            try:
                while await self._one(reader, writer):
                    pass
            finally:
                writer.transport.abort()
            self._toll.cancelled += 1

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether the request was heard to its end."""
        chance = self._chance
        tenant, path = chance.choice(list(self._alone))
        request = self._request(tenant, path)
        manner = chance.choice(("whole", "half sent", "unheard", "unheard", "some bytes"))
        writer.write(request[: chance.randrange(1, len(request))] if manner == "half sent" else request)
        if manner == "whole":
            heard = await _hear(reader)
            if heard.status == BUSY:
                self._toll.busy += 1
            else:
                self._toll.foreign += heard.status != 200 or heard.body != self._alone[tenant, path]
                self._toll.whole.append((tenant, heard.headers.get("gateway-entry", "")))
            return True
        await writer.drain()
        if manner == "some bytes":
            async with asyncio.timeout(ANSWER_SECONDS):
                await reader.read(chance.randrange(1, 2_000))
        else:
            await asyncio.sleep(chance.uniform(0.0, LONGEST_WAIT))
        return False


async def _hear(reader: asyncio.StreamReader) -> _Heard:
    async with asyncio.timeout(ANSWER_SECONDS):
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
        headers = {name.lower(): text.strip() for name, _, text in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers["content-length"]))
    return _Heard(int(first.split()[1]), headers, body)
