"""A whole gateway for tests: the demo's two institutions made small, loaded, with clients, a clock and an API to call."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal

from connectors.delimited import DelimitedSource
from connectors.source import Source
from gateway.agreements.activate import activate
from gateway.agreements.read_agreement import read_agreement
from gateway.app import Gateway, open_gateway
from gateway.audit import NOBODY
from gateway.cli.source.files import read_source
from gateway.clients import KeyPair, NewClient, add_client
from gateway.demo.extracts import Sizes, write_extracts
from gateway.domain.identifiers import InstitutionId
from gateway.ingest import ResourceReport, ingest, order_of
from gateway.metrics.meters import Meters
from gateway.prepare import prepare
from gateway.prove_client import ASSERTION_TYPE
from gateway.serve_api import build_app
from gateway.settings import Settings
from gateway.shipped import shipped
from gateway.store.audit_log import read_entries
from tests.oauth_world import signed
from tests.operations import operation_agreement

EXAMPLE = shipped("policies") / "agreements" / "lakeside-riverton.yaml"
DEMO = Path(__file__).resolve().parents[1] / "gateway" / "demo"
SMALL = Sizes(candidates=60, staff=30, placements=40, mentorships=20, openings=20)
ISSUER = "http://127.0.0.1"
NEW_IN_EACH_ANSWER = {
    "gateway-entry",
    "gateway-entry-index",
    "gateway-expanded-entries",
    "gateway-body-salt",
    "gateway-checkpoint",
    "gateway-request",
    "gateway-version",
    "link",
}
"""Headers: the entry's id, index, checkpoint and proof, the ids of those of what was expanded, the salt,
the request's id, the name of the version."""


class Api:
    """The ASGI application, called as over HTTP but from ordinary test code."""

    def __init__(self, portal: BlockingPortal, client: httpx.AsyncClient) -> None:
        self._portal = portal
        self._client = client

    def get_as(self, path: str, token: str, headers: Mapping[str, str], method: str = "GET", **parameters: str) -> httpx.Response:
        """A request with headers of its own."""
        return self._portal.call(self._get_as, method, path, {"authorization": f"Bearer {token}", **headers}, parameters)

    async def _get_as(self, method: str, path: str, headers: Mapping[str, str], parameters: Mapping[str, str]) -> httpx.Response:
        return await self._client.request(method, path, headers=dict(headers), params=dict(parameters) or None)

    def get(self, path: str, token: str | None = None, **parameters: str) -> httpx.Response:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return self._portal.call(self._get, path, headers, parameters)

    async def _get(self, path: str, headers: Mapping[str, str], parameters: Mapping[str, str]) -> httpx.Response:
        return await self._client.get(path, headers=dict(headers), params=dict(parameters) or None)

    def post(self, path: str, form: Mapping[str, str]) -> httpx.Response:
        return self._portal.call(self._post, path, form)

    def post_json(self, path: str, content: object, token: str | None = None, **headers: str) -> httpx.Response:
        """Post JSON, or bytes as they are; `headers` with `_` for `-`."""
        named = {"content-type": "application/json"} | {name.replace("_", "-"): text for name, text in headers.items()}
        if token is not None:
            named["authorization"] = f"Bearer {token}"
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self._portal.call(self._post_bytes, path, body, named)

    def request(self, method: str, path: str, token: str) -> httpx.Response:
        """A request by any method, without a body."""
        return self._portal.call(self._request, method, path, {"authorization": f"Bearer {token}"})

    async def _request(self, method: str, path: str, headers: Mapping[str, str]) -> httpx.Response:
        return await self._client.request(method, path, headers=dict(headers))

    def put(self, path: str, content: bytes, token: str, media_type: str) -> httpx.Response:
        """Put a file in the place of what stands."""
        headers = {"authorization": f"Bearer {token}", "content-type": media_type}
        return self._portal.call(self._put, path, content, headers)

    async def _put(self, path: str, content: bytes, headers: Mapping[str, str]) -> httpx.Response:
        return await self._client.put(path, content=content, headers=dict(headers))

    async def _post_bytes(self, path: str, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        return await self._client.post(path, content=body, headers=dict(headers))

    async def _post(self, path: str, form: Mapping[str, str]) -> httpx.Response:
        return await self._client.post(path, data=dict(form))


@dataclass
class World:
    """An opened gateway with its API; `now` is the clock."""

    folder: Path
    settings: Settings
    gateway: Gateway = field(init=False)
    api: Api = field(init=False)
    now: datetime = field(default_factory=lambda: datetime(2026, 11, 24, 13, 0, tzinfo=UTC))
    keys: dict[str, str] = field(default_factory=dict)
    pushed: dict[tuple[InstitutionId, str], Source] = field(default_factory=dict)

    def clock(self) -> datetime:
        return self.now

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    def agree(self, file: Path = EXAMPLE) -> None:
        """Put a file in force, and the operation agreement of each of its providers, so that their sources can be pulled."""
        found = read_agreement(file, self.gateway.catalog)
        activate(found, "test", self.gateway.registry())
        self.operate(*sorted({grant.provider for grant in found.grants}))

    def operate(self, *providers: str) -> None:
        """Each runs the gateway itself from now on, so that its sources can be pulled."""
        for provider in providers:
            activate(operation_agreement(provider), "test", self.gateway.registry())

    def client(
        self, name: str, institution: str, purposes: tuple[str, ...] = ("placement",), scopes: tuple[str, ...] = ("records:read",)
    ) -> None:
        issued = add_client(NewClient(name, institution, name, purposes, scopes=scopes), KeyPair(), self.gateway.desk())
        self.keys[name] = issued.private_key or ""

    def token(self, name: str) -> str:
        now = int(self.now.timestamp())
        claims = {"iss": name, "sub": name, "aud": ISSUER, "exp": now + 60, "jti": secrets.token_hex(16)}
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": signed(claims, self.keys[name], {}),
        }
        answer = self.api.post("/oauth/token", form)
        assert answer.status_code == httpx.codes.OK, answer.text
        return str(answer.json()["access_token"])

    def source(self, name: str, extracts: Path) -> Source:
        return read_source(DEMO / f"{name}.source.yaml", self.gateway.catalog, {"DEMO_EXTRACTS": str(extracts)})

    def sync(self, source: Source, *, allow_shrink: bool = False) -> dict[str, ResourceReport]:
        order = order_of(source, allow_shrink=allow_shrink)
        reports = ingest(order, DelimitedSource(source), self.gateway.intake(), lambda *_: None)
        return {report.resource: report for report in reports}

    def load(self, sizes: Sizes = SMALL) -> None:
        """Write the extracts and pull both."""
        extracts = self.folder / "extracts"
        write_extracts(extracts, sizes)
        for name in ("lakeside", "riverton"):
            self.sync(self.source(name, extracts))

    def leaves(self, kind: str | None = None) -> list[dict[str, Any]]:
        with self.gateway.database.read() as connection:
            leaves = [json.loads(entry.leaf) for entry in read_entries(connection, self.gateway.log_id)]
        return [leaf for leaf in leaves if kind is None or leaf["kind"] == kind]


@contextmanager
def gateway_world(folder: Path, database_url: str, meters: Meters | None = None, **settings: Any) -> Iterator[World]:
    """A gateway on a migrated database, without an API, agreements, clients or records; `meters` count what it does."""
    folder.mkdir(parents=True, exist_ok=True)
    switched_on = {"state_modules": "personnel-default", **settings}
    configured = Settings(home=folder, database_url=database_url, issuer=ISSUER, allowed_hosts="127.0.0.1", **switched_on)
    world = World(folder, configured)
    prepare(configured, world.clock)
    with open_gateway(configured, world.clock, meters or NOBODY) as gateway:
        world.gateway = gateway
        yield world


@contextmanager
def open_world(folder: Path, database_url: str, meters: Meters | None = None, **settings: Any) -> Iterator[World]:
    """The same with its API."""
    with gateway_world(folder, database_url, meters, **settings) as world, start_blocking_portal() as portal:
        answered = None if meters is None else meters.answered
        transport = httpx.ASGITransport(build_app(world.gateway, lambda: world.pushed, answered=answered))
        client = httpx.AsyncClient(transport=transport, base_url=ISSUER)
        world.api = Api(portal, client)
        yield world
        portal.call(client.aclose)


@contextmanager
def placement_world(folder: Path, database_url: str, **settings: Any) -> Iterator[World]:
    """The same with the example agreement in force, both institutions' records, and a client of each."""
    with open_world(folder, database_url, **settings) as world:
        world.agree()
        world.client("riverton-sis", "riverton", ("placement", "hiring"))
        world.client("lakeside-sis", "lakeside", ("pipeline",))
        world.load()
        yield world
