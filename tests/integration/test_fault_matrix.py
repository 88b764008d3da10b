"""Whatever happens to page 7 of 20 of a source: the last good state stays whole or the new one is there whole, the error is clear
and holds no value, and the next sync goes on without a loss or a duplicate."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from connectors import http as http_module
from connectors import tokens
from gateway.cli.source.files import read_source
from gateway.domain.identifiers import ResourceName
from gateway.errors import IngestError
from gateway.ingest import ResourceReport
from gateway.store.schema import resource_head
from gateway.sync import SyncWishes, Told, sync_source
from tests.databases import copied_sqlite, migrated_sqlite
from tests.edfi_server import KEY, SECRET, EdfiServer
from tests.fault_proxy import Fault, FaultProxy, Seen, fault_proxy
from tests.json_server import Asked, Reply, json_server
from tests.world import World, gateway_world

PEOPLE, ROWS = 100, 5
PAGE = 7
FIRST = {f"C{number:03}": f"Ann{number}" for number in range(PEOPLE)}
HEAD = "version: 1\nid: faulty\nprovider: {provider}\nmaintainer: {{kind: {kind}}}\nlimits: {{seconds: 2, tries: 2}}\n"


@dataclass
class Upstream:
    """A source: the people whom it has by identifier, and what it answers. `collection` stands in the path of its pages."""

    collection: str
    provider: str
    resource: str
    text: Callable[[str], str]
    people: dict[str, str] = field(default_factory=dict)
    before: Callable[[Asked], Reply | None] = lambda _: None
    answer: Callable[[Asked], Reply] = lambda _: Reply({}, 404)


def edfi(**how: Any) -> Upstream:
    server = EdfiServer(partitions=False, **how)

    def text(base: str) -> str:
        server.base = base
        return f"kind: edfi\nbase: {base}\nkey: {KEY}\nsecret: {{env: T}}\npage_rows: {ROWS}\nresources: {{candidates: {{}}}}\n"

    def answer(asked: Asked) -> Reply:
        known = [({"candidateIdentifier": key, "firstName": name}, 1) for key, name in found.people.items()]
        server.rows = {"ed-fi/candidates": known}
        return server.answer(asked)

    found = Upstream("/candidates", "lakeside", "candidates", text, answer=answer)
    # Everything is compared: what changed is test_edfi's.
    server.change_queries = False
    return found


def rest() -> Upstream:
    def text(base: str) -> str:
        paging = f"{{offset: {{param: from, limit_param: rows, limit: {ROWS}}}}}"
        columns = "{id: candidateIdentifier, first: firstName}"
        rows = f"resources:\n  candidates: {{path: people, items: list, total: total, paging: {paging}, columns: {columns}}}\n"
        return f"kind: rest\nbase: {base}\nauth: {{bearer: {{env: T}}}}\n{rows}"

    def answer(asked: Asked) -> Reply:
        start = int(asked.query["from"])
        rows = [{"id": key, "first": name} for key, name in found.people.items()]
        return Reply({"list": rows[start : start + int(asked.query["rows"])], "total": len(rows)})

    found = Upstream("/people", "lakeside", "candidates", text, answer=answer)
    return found


def oneroster() -> Upstream:
    def text(base: str) -> str:
        return f"kind: oneroster\nbase: {base}\nauth: {{bearer: {{env: T}}}}\npage_rows: {ROWS}\nresources: {{staffs: {{}}}}\n"

    def answer(asked: Asked) -> Reply:
        start, limit = int(asked.query["offset"]), int(asked.query["limit"])
        roles = [{"roleType": "primary", "role": "teacher", "org": {"sourcedId": "s"}}]
        rows = [{"sourcedId": key, "identifier": key, "givenName": name, "roles": roles} for key, name in found.people.items()]
        more = f'<{asked.path}?limit={limit}&offset={start + limit}>; rel="next", ' if start + limit < len(rows) else ""
        headers = {"X-Total-Count": str(len(rows)), "Link": f'{more}<{asked.path}>; rel="first"'}
        return Reply({"users": rows[start : start + limit]}, headers=headers)

    found = Upstream("/users", "riverton", "staffs", text, answer=answer)
    return found


STAYING = (
    *(Fault.BUSY, Fault.HTML, Fault.SAME_PAGE, Fault.CUT, Fault.CUT_JSON, Fault.DRIP, Fault.NAN, Fault.ENDLESS, Fault.BOMB),
    *(Fault.TO_LOOPBACK, Fault.TO_METADATA, Fault.EXPIRED, Fault.PARTIAL),
)
"""One of each family; how the others end for good is test_http's."""
KINDS: dict[str, Callable[[], Upstream]] = {
    "edfi by cursor": edfi,
    "edfi by offset": lambda: edfi(cursors=False),
    "oneroster": oneroster,
    "rest": rest,
}


@dataclass
class Bench:
    """One source before one gateway, with the proxy between them."""

    world: World
    upstream: Upstream
    proxy: FaultProxy
    file: Path

    def sync(self) -> ResourceReport:
        source = read_source(self.file, self.world.gateway.catalog, {})
        [report] = sync_source(self.world.gateway, source, SyncWishes(whole=True, allow_shrink=True), Told()).resources
        return report

    def state(self) -> set[tuple[bytes, bytes]]:
        """What readers see: each record's key, and the digest of all that is stored of it."""
        rows = self.world.gateway.tables[ResourceName(self.upstream.resource)].rows
        head = select(resource_head.c.version).where(resource_head.c.resource == self.upstream.resource)
        with self.world.gateway.database.read() as connection:
            version = connection.execute(head).scalar() or 0
            seen = select(rows.c.source_key, rows.c.content).where(
                rows.c.from_version <= version, rows.c.to_version.is_(None) | (rows.c.to_version > version)
            )
            found = [tuple(row) for row in connection.execute(seen)]
        assert len({key for key, _ in found}) == len(found), "a record is there twice"
        return set(found)

    def is_in(self) -> None:
        """Everything that the source has is in, once: another whole sync finds nothing to do."""
        report = self.sync()
        assert (report.outcome, report.counts.unchanged, report.quarantined) == ("unchanged", len(self.upstream.people), 0)
        assert len(self.state()) == len(self.upstream.people)


@pytest.fixture(scope="module", params=KINDS)
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("matrix")
    with ExitStack() as held, pytest.MonkeyPatch.context() as patch:
        patch.setenv("T", SECRET)
        usual = http_module.HttpLimits
        patch.setattr("connectors.http_rules.HttpLimits", lambda *_, **__: usual(300_000, 1.5, 2, 0.01))
        url = held.enter_context(copied_sqlite(migrated_sqlite(folder), made(folder / "db")))
        world = held.enter_context(gateway_world(folder / "home", url))
        world.agree()
        upstream = KINDS[request.param]()
        server = held.enter_context(json_server(lambda asked: upstream.before(asked) or upstream.answer(asked)))
        proxy = held.enter_context(fault_proxy(server.base))
        file = folder / "faulty.source.yaml"
        kind = "epp" if upstream.provider == "lakeside" else "district"
        file.write_text(HEAD.format(provider=upstream.provider, kind=kind) + upstream.text(proxy.base), encoding="utf-8")
        yield Bench(world, upstream, proxy, file)


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@pytest.fixture
def settled(bench: Bench) -> Bench:
    """With the first state in."""
    tokens._KEPT.clear()
    bench.proxy.rules.clear()
    bench.upstream.before = lambda _: None
    bench.upstream.people = dict(FIRST)
    bench.sync()
    assert len(bench.state()) == PEOPLE
    return bench


def change(bench: Bench) -> None:
    """People come, go and are called otherwise, on every page."""
    bench.upstream.people = {key: f"{name} again" for number, (key, name) in enumerate(FIRST.items()) if number % 10} | {
        f"D{number:03}": "New" for number in range(15)
    }


def seventh(bench: Bench) -> Callable[[Seen], bool]:
    count = iter(range(1, 10_000))
    return lambda seen: bench.upstream.collection in seen.path and next(count) >= PAGE


@contextmanager
def old_or_new(bench: Bench) -> Iterator[list[str]]:
    """The block's sync ends with an error and the old state, or without one and the new state; the messages are told."""
    before, told = bench.state(), list[str]()
    yield told
    after = bench.state()
    if told:
        assert after == before, "a sync that failed changed what readers see"
        assert len(told[0]) < 10_000
        assert not any(value in told[0] for value in ("Ann", SECRET, "C00")), "the error holds a value"
    else:
        assert len(after) == len(bench.upstream.people)


def try_sync(bench: Bench, told: list[str]) -> None:
    try:
        bench.sync()
    except IngestError as why:
        told.append("".join(traceback.format_exception_only(why)))


@pytest.mark.parametrize("fault", Fault)
def test_a_fault_that_passes(settled: Bench, fault: Fault) -> None:
    change(settled)
    settled.proxy.put(fault, seventh(settled))
    with old_or_new(settled) as told:
        try_sync(settled, told)
    settled.proxy.rules.clear()
    if told:
        assert settled.sync().outcome == "promoted"
    settled.is_in()


@pytest.mark.parametrize("fault", STAYING)
def test_a_fault_that_stays(settled: Bench, fault: Fault) -> None:
    change(settled)
    settled.proxy.put(fault, seventh(settled), times=1_000)
    with old_or_new(settled) as told:
        try_sync(settled, told)
    assert told, "what stays must be told"
    settled.proxy.rules.clear()
    assert settled.sync().outcome == "promoted"
    settled.is_in()


def test_pages_that_get_smaller(settled: Bench) -> None:
    change(settled)
    count = iter(range(1, 10_000))
    sizes = ("limit", "pageSize", "rows")

    def smaller(asked: Asked) -> Reply | None:
        if settled.upstream.collection not in asked.path or next(count) < PAGE:
            return None
        shorter = {name: "3" if name in sizes and int(text) > 3 else text for name, text in asked.query.items()}
        return settled.upstream.answer(replace(asked, query=shorter))

    settled.upstream.before = smaller
    assert settled.sync().outcome == "promoted"
    settled.upstream.before = lambda _: None
    settled.is_in()


@pytest.mark.parametrize("status", [400, 404, 410])
def test_a_cursor_that_the_source_forgot(settled: Bench, status: int) -> None:
    change(settled)
    count = iter(range(1, 10_000))

    def forget(asked: Asked) -> Reply | None:
        forgotten = settled.upstream.collection in asked.path and next(count) >= PAGE
        return Reply({"title": "The page token is not valid."}, status) if forgotten else None

    settled.upstream.before = forget
    with old_or_new(settled) as told:
        try_sync(settled, told)
    assert told
    settled.upstream.before = lambda _: None
    assert settled.sync().outcome == "promoted"
    settled.is_in()
