"""The log out of reach: nobody hears anything but 503 without a body, and what was answered is what the log holds.

Full disk, read-only database and a server that is gone, on both databases, before a request or in the middle of one.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import make_url

import gateway.disclose
from gateway.domain.identifiers import ResourceName
from gateway.domain.query_plan import QueryPlan
from gateway.domain.rows import Body, Rows, TreatedRows
from gateway.encode import encode
from gateway.prove_client import ASSERTION_TYPE
from gateway.read import read
from gateway.store.engine import Connection
from gateway.store.record_tables import RecordTables
from tests.conftest import lacking, new_database
from tests.copies import opened
from tests.databases import copied_postgres, copied_sqlite, postgres_cluster, postgres_programs, run_statement
from tests.oauth_world import signed
from tests.world import ISSUER, World, placement_world

CLIENT = "riverton-sis"
UNTIL_FULL = 200

Undo = Callable[[], None]
Trouble = Callable[[World], Undo]
"""Begins a trouble of the database and gives what ends it."""


# --- troubles -----------------------------------------------------------------------------------------------------------


def _every_connection(world: World, begin: str, end: str) -> Undo:
    """Set a pragma on each SQLite connection before it serves again, and another from the end of the trouble on."""
    now = [begin]

    def configure(connection: Any, _record: object, _proxy: object) -> None:
        connection.execute(now[0]).close()

    event.listen(world.gateway.database.engine, "checkout", configure)
    return lambda: now.__setitem__(0, end)


def full_file(world: World) -> Undo:
    """SQLite: not one page more (SQLITE_FULL, as on a full disk)."""
    with world.gateway.database.read() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
    return _every_connection(world, f"PRAGMA max_page_count = {pages}", "PRAGMA max_page_count = 1073741823")


def read_only_file(world: World) -> Undo:
    """SQLite: no connection may write (SQLITE_READONLY)."""
    return _every_connection(world, "PRAGMA query_only = ON", "PRAGMA query_only = OFF")


def full_server(world: World) -> Undo:
    """PostgreSQL: an entry finds no room (53100)."""
    return _no_entry(world, "disk_full")


def read_only_server(world: World) -> Undo:
    """PostgreSQL: the transaction that would write an entry may not (25006)."""
    return _no_entry(world, "read_only_sql_transaction")


def _no_entry(world: World, condition: str) -> Undo:
    body = f"BEGIN RAISE EXCEPTION 'out of reach' USING ERRCODE = '{condition}'; END"
    _on_server(world, f"CREATE FUNCTION no_entry() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
    _on_server(world, "CREATE TRIGGER no_entry BEFORE INSERT ON audit_entry EXECUTE FUNCTION no_entry()")
    return lambda: _on_server(world, "DROP TRIGGER no_entry ON audit_entry")


def server_gone(world: World) -> Undo:
    """PostgreSQL: every session ended, none may begin."""
    cluster, name = _place(world)
    run_statement(cluster, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    _end_sessions(world)
    return lambda: run_statement(cluster, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def _place(world: World) -> tuple[str, str]:
    url = make_url(world.settings.database)
    return f"postgresql://{url.username}@{url.host}:{url.port}", str(url.database)


def _end_sessions(world: World) -> None:
    cluster, name = _place(world)
    run_statement(cluster, f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'")


def _on_server(world: World, sql: str) -> None:
    with world.gateway.database.write() as connection:
        connection.execute(text(sql))


TROUBLES: dict[str, dict[str, Trouble]] = {
    "full": {"sqlite": full_file, "postgresql": full_server},
    "read-only": {"sqlite": read_only_file, "postgresql": read_only_server},
}


# --- what must hold -----------------------------------------------------------------------------------------------------


class Ledger:
    """What the world's callers were answered, to be compared with what the log holds."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.before = len(world.leaves())
        self.heard: list[tuple[str, str]] = []
        self.silent: set[str] = set()

    def get(self, token: str, **parameters: str) -> httpx.Response:
        answer = self.world.api.get("/v1/candidates", token, **parameters)
        if answer.status_code == httpx.codes.OK:
            self.heard.append(("disclosure", answer.headers["gateway-request"]))
        elif answer.status_code == httpx.codes.BAD_REQUEST:
            self.heard.append(("refusal", answer.headers["gateway-request"]))
        elif answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            self.silent.add(answer.headers["gateway-request"])
        return answer

    def token(self, assertion_id: str) -> httpx.Response:
        answer = _ask_token(self.world, assertion_id)
        if answer.status_code == httpx.codes.OK:
            self.heard.append(("token", ""))
        return answer

    def assert_kept(self) -> None:
        """The log verifies and holds the entries of what was answered, in that order, and no other.

        A refusal is smaller than a disclosure: it may find the room that the disclosure did not, and says that it was silence.
        """
        self.world.gateway.verify_log()
        leaves = self.world.leaves()[self.before :]
        silence = [leaf for leaf in leaves if leaf.get("code") == "GW-UNA-01"]
        assert {leaf["request"] for leaf in silence} <= self.silent
        assert [(leaf["kind"], leaf.get("request", "")) for leaf in leaves if leaf not in silence] == self.heard


def _ask_token(world: World, assertion_id: str) -> httpx.Response:
    now = int(world.now.timestamp())
    claims = {"iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "exp": now + 60, "jti": f"out-of-reach-{assertion_id}-0123456789"}
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": signed(claims, world.keys[CLIENT], {}),
    }
    return world.api.post("/oauth/token", form)


def assert_silent(answer: httpx.Response) -> None:
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert answer.content == b""
    assert answer.headers["content-length"] == "0"
    assert int(answer.headers["retry-after"]) > 0
    assert not {"gateway-entry", "gateway-entry-index", "gateway-body-salt"} & set(answer.headers)


def _until_silent(ask: Callable[[int], httpx.Response]) -> None:
    """A page that is not full yet may take a few entries more: each of them is answered, and kept."""
    for number in range(UNTIL_FULL):
        if ask(number).status_code == httpx.codes.SERVICE_UNAVAILABLE:
            return
    pytest.fail("the trouble never showed")


@contextmanager
def _begun(trouble: Trouble, world: World) -> Iterator[None]:
    undo = trouble(world)
    try:
        yield
    finally:
        undo()


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    with placement_world(tmp_path / "home", database_url) as placed:
        yield placed


@pytest.mark.parametrize("name", TROUBLES)
def test_a_log_that_cannot_be_written_silences_everything(world: World, name: str) -> None:
    trouble = TROUBLES[name][world.gateway.database.dialect]
    token = world.token(CLIENT)
    ledger = Ledger(world)
    assert ledger.get(token).status_code == httpx.codes.OK
    with _begun(trouble, world):
        # The smallest entries first: they are the last for which room is found.
        _until_silent(lambda _: ledger.get(token, birthDate="2000-01-01"))
        _until_silent(lambda number: ledger.token(str(number)))
        for parameters in ({}, {"limit": "1"}, {"birthDate": "2000-01-01"}, {"limit": "ten"}):
            assert_silent(ledger.get(token, **parameters))
        refused = ledger.token("silent")
        assert_silent(refused)
        assert "access_token" not in refused.text
    assert ledger.get(token).status_code == httpx.codes.OK
    assert ledger.token("silent").status_code == httpx.codes.OK, "an assertion that was answered 503 was not used up"
    assert ledger.get(token, birthDate="2000-01-01").status_code == httpx.codes.BAD_REQUEST
    ledger.assert_kept()


@pytest.mark.parametrize("name", TROUBLES)
def test_a_log_lost_between_decision_and_entry_discloses_nothing(world: World, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    trouble = TROUBLES[name][world.gateway.database.dialect]
    token = world.token(CLIENT)
    ledger = Ledger(world)
    undos: list[Undo] = []
    assert_silent_from_within(ledger, token, lambda: undos.append(trouble(world)), monkeypatch)
    undos.pop()()
    assert ledger.get(token).status_code == httpx.codes.OK
    ledger.assert_kept()


def assert_silent_from_within(ledger: Ledger, token: str, begin: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """One request whose trouble begins once its page is encoded; again until the trouble shows."""
    begun = False

    def encode_then_lose(rows: TreatedRows, plan: QueryPlan, **around: Any) -> Body:
        nonlocal begun
        body = encode(rows, plan, **around)
        if not begun:
            begun = True
            begin()
        return body

    monkeypatch.setattr(gateway.disclose, "encode", encode_then_lose)
    _until_silent(lambda _: ledger.get(token))
    assert_silent(ledger.get(token))


# --- the server gone ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [1, 60, 250], ids=["at once", "soon", "later"])
def test_a_file_that_fails_while_a_page_is_read_is_out_of_reach(
    tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    """SQLite reads as the rows are fetched: the driver's own error comes out then."""

    def read_interrupted(plan: QueryPlan, connection: Connection, tables: Mapping[ResourceName, RecordTables]) -> Rows:
        driver: Any = connection.connection.driver_connection
        driver.set_progress_handler(lambda: 1, steps)
        try:
            return read(plan, connection, tables)
        finally:
            driver.set_progress_handler(None, 0)

    (tmp_path / "db").mkdir()
    with copied_sqlite(sqlite_template, tmp_path / "db") as url, placement_world(tmp_path / "home", url) as world:
        token, ledger = world.token(CLIENT), Ledger(world)
        with monkeypatch.context() as patch:
            patch.setattr(gateway.disclose, "read", read_interrupted)
            assert_silent(ledger.get(token))
        assert ledger.get(token).status_code == httpx.codes.OK
        ledger.assert_kept()


@pytest.fixture
def on_server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with new_database("postgresql", request, tmp_path) as url, placement_world(tmp_path / "home", url) as placed:
        yield placed


def test_a_server_that_is_gone_silences_everything_and_is_not_ready(on_server: World) -> None:
    token = on_server.token(CLIENT)
    ledger = Ledger(on_server)
    assert ledger.get(token).status_code == httpx.codes.OK
    with _begun(server_gone, on_server):
        for _ in range(2):
            assert_silent(ledger.get(token))
            assert_silent(ledger.get(token, limit="ten"))
            assert_silent(ledger.token("gone"))
            assert on_server.api.get("/readyz").status_code == httpx.codes.SERVICE_UNAVAILABLE
            assert_silent(ledger.get("no token"))
        assert on_server.api.get("/healthz").status_code == httpx.codes.OK
    assert on_server.api.get("/readyz").status_code == httpx.codes.OK
    assert ledger.get(token).status_code == httpx.codes.OK
    assert ledger.token("gone").status_code == httpx.codes.OK
    ledger.assert_kept()


def test_a_server_lost_between_decision_and_entry_discloses_nothing(on_server: World, monkeypatch: pytest.MonkeyPatch) -> None:
    token = on_server.token(CLIENT)
    ledger = Ledger(on_server)
    undos: list[Undo] = []
    assert_silent_from_within(ledger, token, lambda: undos.append(server_gone(on_server)), monkeypatch)
    undos.pop()()
    assert ledger.get(token).status_code == httpx.codes.OK
    ledger.assert_kept()


def test_sessions_ended_by_the_server_cost_no_answer_once_it_takes_new_ones(on_server: World) -> None:
    token = on_server.token(CLIENT)
    ledger = Ledger(on_server)
    assert ledger.get(token).status_code == httpx.codes.OK
    _end_sessions(on_server)
    assert ledger.get(token).status_code == httpx.codes.OK
    ledger.assert_kept()


@contextmanager
def _standby(world: World, programs: Path) -> Iterator[None]:
    """Restart the cluster as a standby that waits for a primary: the real read-only server. Promoted at the end."""
    cluster, _ = _place(world)
    engine = world.gateway.database.engine
    with engine.connect() as connection:
        folder = Path(connection.execute(text("SHOW data_directory")).scalar_one())
    owner = folder.stat()
    user = ["setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups"] if os.geteuid() == 0 else []
    (folder / "standby.signal").touch()
    command = [*user, str(programs / "pg_ctl"), "-D", str(folder), "-w", "-m", "fast", "-l", str(folder / "standby.log"), "restart"]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    try:
        yield
    finally:
        run_statement(cluster, "SELECT pg_promote()")


def test_a_server_that_became_a_standby_silences_everything(tmp_path: Path) -> None:
    programs = postgres_programs()
    if programs is None:
        lacking("needs PostgreSQL's server programs (initdb, pg_ctl)")
        return
    with postgres_cluster(programs) as cluster, copied_postgres(cluster) as url, placement_world(tmp_path / "home", url) as world:
        token = world.token(CLIENT)
        ledger = Ledger(world)
        assert ledger.get(token).status_code == httpx.codes.OK
        with _standby(world, programs):
            for _ in range(3):
                assert_silent(ledger.get(token))
                assert_silent(ledger.get(token, birthDate="2000-01-01"))
                assert_silent(ledger.token("standby"))
        assert ledger.get(token).status_code == httpx.codes.OK
        assert ledger.token("standby").status_code == httpx.codes.OK
        ledger.assert_kept()


# --- a file that the process may not write --------------------------------------------------------------------------------


@contextmanager
def _as_nobody(*folders: Path) -> Iterator[None]:
    """Take the right to write these folders from this process: mode bits bind nobody who is root, so be nobody meanwhile."""
    places = [place for folder in folders for place in (folder, *folder.rglob("*"))]
    modes = {place: place.stat().st_mode for place in places}
    for place in places:
        place.chmod(0o555 if place.is_dir() else 0o444)
    root = os.geteuid() == 0
    if root:
        os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        for place, mode in modes.items():
            place.chmod(mode)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user of the machine may pass through, unlike pytest's."""
    folder = Path(tempfile.mkdtemp(prefix="gateway-read-only-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("kept_open", [True, False], ids=["with-its-journal", "alone"])
def test_a_file_that_may_not_be_written_silences_everything(open_folder: Path, sqlite_template: Path, *, kept_open: bool) -> None:
    (open_folder / "db").mkdir()
    with (
        copied_sqlite(sqlite_template, open_folder / "db") as url,
        placement_world(open_folder / "home", url) as world,
        ExitStack() as stack,
    ):
        token = world.token(CLIENT)
        ledger = Ledger(world)
        assert ledger.get(token).status_code == httpx.codes.OK
        engine = world.gateway.database.engine
        if kept_open:  # another process has it open: its journal stands beside it, and reading goes on
            stack.enter_context(opened(url)).engine.connect().close()
        engine.dispose()
        with _as_nobody(open_folder / "db", open_folder / "home"):
            for _ in range(2):
                assert_silent(ledger.get(token))
                assert_silent(ledger.get(token, birthDate="2000-01-01"))
                assert_silent(ledger.token("read-only"))
            engine.dispose()
        assert ledger.get(token).status_code == httpx.codes.OK
        assert ledger.token("read-only").status_code == httpx.codes.OK
        ledger.assert_kept()
