"""What an operator does at a terminal, for journeys: run commands, serve, ask over HTTP."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.databases import free_port

START_SECONDS = 60


@dataclass(frozen=True)
class Operator:
    """Somebody with a gateway home; `python` is the interpreter whose environment has the gateway."""

    home: Path
    database_url: str
    port: int
    python: str = sys.executable
    more: tuple[tuple[str, str], ...] = ()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: text for name, text in os.environ.items() if not name.startswith("GATEWAY_")}
        own = {
            "GATEWAY_HOME": str(self.home),
            "GATEWAY_DATABASE_URL": self.database_url,
            "GATEWAY_PORT": str(self.port),
            "GATEWAY_ISSUER": self.address,
        }
        return kept | own | dict(self.more)

    def run(self, *arguments: str, expect: int = 0) -> str:
        """Run `gateway ...`; gives what it printed on both streams."""
        done = subprocess.run(
            [self.python, "-m", "gateway", *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == expect, done.stdout
        return done.stdout

    @contextmanager
    def serving(self) -> Iterator[httpx.Client]:
        """`gateway serve`, with a client on it."""
        server = subprocess.Popen([self.python, "-m", "gateway", "serve"], env=self.environment)
        try:
            with httpx.Client(base_url=self.address, timeout=30) as client:
                self._await(client, server)
                yield client
        finally:
            server.terminate()
            server.wait()

    def _await(self, client: httpx.Client, server: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            assert server.poll() is None, "the server ended"
            try:
                if client.get("/readyz").is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError("the server did not become ready")


def operator(home: Path, database_url: str, **more: str) -> Operator:
    """Somebody with a new home, on a free port."""
    return Operator(home, database_url, free_port(), more=tuple(more.items()))


def token_by_secret(client: httpx.Client, name: str, secret: str) -> str:
    """An access token over HTTP Basic."""
    answer = client.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=(name, secret))
    assert answer.status_code == httpx.codes.OK, answer.text
    return str(answer.json()["access_token"])
