"""All records in one answer: the same as page by page, of one version, and on the log before the first byte."""

from __future__ import annotations

import gc
import hashlib
import io
from base64 import b64decode
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import orjson
import pyarrow
import pyarrow.parquet
import pytest
from pyroaring import BitMap
from starlette.types import ASGIApp, Message

import gateway.api.records
import gateway.export
import gateway.spool
from gateway.domain.identifiers import AgreementId, InstitutionId, ResourceName
from gateway.encode import MEDIA_TYPES
from gateway.serve_api import build_app
from gateway.spool import Spool
from gateway.tlog.subjects import subject_commitment
from tests.conftest import new_database
from tests.databases import BACKENDS
from tests.registrar import correct
from tests.world import EXAMPLE, World, placement_world

CLIENT = "riverton-sis"
PLACEMENTS = "fieldworkExperiences"
RESOURCES = ("candidates", PLACEMENTS)
FORMATS = "        formats: [json, ndjson, csv, parquet, arrow]\n"


@pytest.fixture(scope="module", params=BACKENDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("export")
    with new_database(request.param, request, folder) as url, placement_world(folder / "home", url) as placed:
        amend(placed)
        yield placed


@pytest.fixture(autouse=True)
def in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway.export, "AT_ONCE", 7)


def amend(world: World, *changes: tuple[str, str]) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    for old, new in (*((f"      {name}:\n", f"      {name}:\n{FORMATS}") for name in RESOURCES), *changes):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    file = Path(world.folder / "amended.yaml")
    file.write_text(text, encoding="utf-8")
    world.agree(file)


def ask(world: World, form: str = "ndjson", resource: str = "candidates", **parameters: str) -> httpx.Response:
    headers = {"accept": MEDIA_TYPES[form]}  # type: ignore[index]
    return world.api.get_as(f"/v1/{resource}/export", world.token(CLIENT), headers, **parameters)


def page(world: World, resource: str = "candidates", form: str = "json", **parameters: str) -> httpx.Response:
    headers = {"accept": MEDIA_TYPES[form]}  # type: ignore[index]
    return world.api.get_as(f"/v1/{resource}", world.token(CLIENT), headers, limit="1000", **parameters)


@pytest.mark.parametrize("resource", RESOURCES)
def test_an_export_is_what_the_pages_are(world: World, resource: str) -> None:
    for form in ("ndjson", "csv"):
        exported = ask(world, form, resource)
        assert exported.content == page(world, resource, form).content
        assert int(exported.headers["content-length"]) == len(exported.content)
    parquet = pyarrow.parquet.read_table(io.BytesIO(ask(world, "parquet", resource).content))
    assert parquet.equals(pyarrow.parquet.read_table(io.BytesIO(page(world, resource, "parquet").content)))
    assert b"99.33" in parquet.schema.metadata[b"notice"]
    arrow = pyarrow.ipc.open_stream(ask(world, "arrow", resource).content).read_all()
    assert arrow.equals(pyarrow.ipc.open_stream(page(world, resource, "arrow").content).read_all())


def test_a_filter_and_a_selection_go_along(world: World) -> None:
    asked = {"filter": "schoolReference.schoolId le 600120", "select": "schoolReference.schoolId,beginDate"}
    exported = ask(world, "ndjson", PLACEMENTS, **asked)
    assert [orjson.loads(line) for line in exported.content.splitlines()] == page(world, PLACEMENTS, **asked).json()["data"]
    for form in ("ndjson", "csv", "parquet", "arrow"):
        nothing = ask(world, form, PLACEMENTS, filter="schoolReference.schoolId eq 1")
        assert nothing.status_code == httpx.codes.OK
        assert (len(nothing.content) > 0) is (form != "ndjson"), "a header, or a schema"


def test_its_entry_is_about_its_bytes_and_everybody_in_it(world: World) -> None:
    exported = ask(world)
    leaf = world.leaves("disclosure")[-1]
    assert leaf["id"] == exported.headers["gateway-entry"]
    assert (leaf["operation"], leaf["rows"]) == ("export", str(len(exported.content.splitlines())))
    salted = b64decode(exported.headers["gateway-body-salt"]) + exported.content
    assert (leaf["body"], leaf["body_length"]) == (hashlib.sha256(salted).hexdigest(), str(len(exported.content)))
    rows = world.gateway.tables[ResourceName("candidates")].rows
    with world.gateway.database.read() as connection:
        persons = BitMap(connection.execute(rows.select().with_only_columns(rows.c.person_id)).scalars())
    key = world.gateway.ring.agreement(AgreementId("lakeside-riverton"), InstitutionId("lakeside")).subject.secret
    salt = b64decode(exported.headers["gateway-body-salt"])
    assert leaf["subjects"] == subject_commitment(key, salt, "candidates", persons).hex()
    assert exported.headers["gateway-redisclosure"].startswith("prohibited")
    assert "99.33" in exported.headers["gateway-notice"]


def test_it_is_of_one_version_whatever_is_promoted_meanwhile(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    before = ask(world).content
    once(monkeypatch, lambda: correct(world, "candidates.csv", lambda line: {**line, "Last": f"{line['Last']}-new"}))
    assert ask(world).content == before
    monkeypatch.undo()
    assert ask(world).content != before


def test_what_is_suspended_meanwhile_does_not_leave(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    once(monkeypatch, lambda: world.client("another", "riverton"))
    answer = ask(world)
    assert (answer.status_code, answer.json()["reasons"][0]["rule"]) == (403, "GW-AUD-01")


def once(monkeypatch: pytest.MonkeyPatch, happen: Callable[[], object]) -> None:
    """Let something happen between the first part and the second."""
    plain = getattr(gateway.export, "read")  # noqa: B009 -- a name that the module imports
    read: list[int] = []

    def reading(*given: Any) -> Any:
        read.append(1)
        rows = plain(*given)
        if len(read) == 1:
            happen()
        return rows

    monkeypatch.setattr(gateway.export, "read", reading)


def test_limits_hold_for_all_of_it(world: World) -> None:
    amend(world, ("    purposes:\n      placement:", "    limits: {rows_per_day: 50}\n    purposes:\n      placement:"))
    try:
        for resource, status in (("candidates", 403), ("fieldworkExperiences", 200), ("fieldworkExperiences", 403)):
            answer = ask(world, resource=resource)
            assert answer.status_code == status, answer.text
        assert answer.json()["reasons"][0]["rule"] == "GW-LIM-01"
    finally:
        amend(world)


@pytest.fixture
def spools(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Spool]]:
    """Every spool that is made, in small blocks; there is room for one. Nobody waits for the garbage collector."""
    made: list[Spool] = []

    class Remembered(Spool):
        def __init__(self, folder: Path, prefix: bytes) -> None:
            super().__init__(folder, prefix)
            made.append(self)

    monkeypatch.setattr(gateway.export, "Spool", Remembered)
    monkeypatch.setattr(gateway.spool, "BLOCK", 100)
    monkeypatch.setattr(gateway.api.records, "MOST_SPOOLS", 1)
    gc.disable()
    yield made
    gc.enable()


@dataclass
class Reader:
    """A client of an export, below HTTP; `hears` is called before it takes a message of the answer."""

    app: ASGIApp
    token: str
    hears: Callable[[int], Awaitable[None]]
    gone: anyio.Event = field(default_factory=anyio.Event)
    status: int = 0
    heard: int = 0
    asked: bool = False

    async def read(self) -> None:
        path = "/v1/candidates/export"
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(b"host", b"127.0.0.1"), (b"authorization", f"Bearer {self.token}".encode())],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "root_path": "",
        }
        await self.app(scope, self._receive, self._send)

    async def _receive(self) -> Message:
        if self.asked:
            await self.gone.wait()
            return {"type": "http.disconnect"}
        self.asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def _send(self, message: Message) -> None:
        self.status = message.get("status", self.status)
        await self.hears(self.heard)
        self.heard += 1


@pytest.mark.parametrize("most", [0, 1, 3])
def test_a_spool_is_closed_whenever_its_reader_leaves(world: World, spools: list[Spool], most: int) -> None:
    """Before the first byte, at it and behind it."""
    app, token = build_app(world.gateway), world.token(CLIENT)

    async def leave() -> None:
        async def hears(heard: int) -> None:
            if heard == most:
                reader.gone.set()
                await anyio.sleep_forever()

        reader = Reader(app, token, hears)
        await reader.read()

    for number in (1, 2):
        anyio.run(leave)
        assert [spool.closed for spool in spools] == [True] * number, "and its place is free for the next"


def test_nobody_fills_the_disk_with_what_is_not_read(world: World, spools: list[Spool]) -> None:
    app, token = build_app(world.gateway), world.token(CLIENT)

    async def read() -> list[int]:
        async def slow(heard: int) -> None:
            if heard == 1:
                await quick.read()

        async def hears(heard: int) -> None:
            await anyio.lowlevel.checkpoint()

        first, quick, later = Reader(app, token, slow), Reader(app, token, hears), Reader(app, token, hears)
        await first.read()
        await later.read()
        return [first.status, quick.status, later.status]

    assert anyio.run(read) == [200, 503, 200]
    assert len(spools) == 2


def test_without_room_nothing_leaves_and_the_log_says_so(world: World) -> None:
    folder = world.folder / "spool"
    for left in folder.iterdir() if folder.exists() else ():
        raise AssertionError(f"{left} was left")
    if folder.exists():
        folder.rmdir()
    folder.write_text("not a folder")
    try:
        answer = ask(world)
        assert (answer.status_code, answer.content) == (503, b"")
    finally:
        folder.unlink()
    assert ask(world).status_code == httpx.codes.OK


def test_a_refusal_says_that_it_was_of_an_export(world: World) -> None:
    assert ask(world, select="nothing").status_code == httpx.codes.BAD_REQUEST
    assert world.leaves("refusal")[-1]["operation"] == "export"


@pytest.mark.parametrize("name", ["cursor", "limit", "sort", "count", "as_of", "expand"])
def test_what_an_export_has_no_use_for_is_refused(world: World, name: str) -> None:
    answer = ask(world, **{name: "x"})
    assert (answer.status_code, f"`{name}`" in answer.json()["detail"]) == (400, True)


def test_an_export_comes_as_lines_where_nothing_is_said(world: World) -> None:
    answer = world.api.get("/v1/candidates/export", world.token(CLIENT))
    assert answer.headers["content-type"] == "application/x-ndjson"
    refused = world.api.get_as("/v1/candidates/export", world.token(CLIENT), {"accept": "application/json"})
    assert (refused.status_code, refused.json()["code"]) == (406, "GW-REQ-06")
