"""What every test may ask for: a migrated database on SQLite or PostgreSQL, and the `opa` binary.

What this machine lacks is skipped with its reason, unless GATEWAY_TEST_ALL=1 (as in CI) makes that a failure.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from gateway.catalog.load import load_catalog
from gateway.shipped import shipped
from gateway.store.engine import Database, open_database
from gateway.store.migrate import upgrade
from tests.world import World, placement_world

BACKENDS = ("sqlite", "postgresql")
DEBIAN = Path("/usr/lib/postgresql")
TEMPLATE = "gateway_template"
_numbers = count()


def lacking(reason: str) -> None:
    """Skip, or fail where everything must be there."""
    if os.environ.get("GATEWAY_TEST_ALL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def opa_binary() -> str:
    """Path of the `opa` program: from OPA, else from PATH."""
    found = os.environ.get("OPA") or shutil.which("opa")
    if found is None:
        lacking("needs the opa binary: put it on PATH or name it in OPA")
    return str(found)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    file = tmp_path_factory.mktemp("template") / "gateway.db"
    database = open_database(f"sqlite:///{file}")
    upgrade(database, shipped("migrations"), load_catalog())
    database.close()
    return file


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Address of a PostgreSQL cluster of this run's own, on a free port, with a migrated template database."""
    binaries = _postgres_binaries()
    if binaries is None:
        lacking("needs PostgreSQL's server programs (initdb, pg_ctl)")
        return
    home = Path(tempfile.mkdtemp(prefix="gateway-pg-"))
    as_owner = _owner(home)
    port = free_port()
    cluster = home / "cluster"
    subprocess.run(
        [*as_owner, str(binaries / "initdb"), "-D", str(cluster), "-U", "gateway", "--auth=trust", "-E", "UTF8", "--locale=C"],
        check=True,
        capture_output=True,
        cwd=home,
    )
    options = f"-p {port} -k {home} -c listen_addresses=127.0.0.1 -c max_connections=200 -c shared_buffers=64MB"
    control = [*as_owner, str(binaries / "pg_ctl"), "-D", str(cluster), "-w"]
    subprocess.run([*control, "-l", str(home / "server.log"), "-o", options, "start"], check=True, capture_output=True, cwd=home)
    address = f"postgresql://gateway@127.0.0.1:{port}"
    try:
        _statement(address, f"CREATE DATABASE {TEMPLATE}")
        database = open_database(f"{address}/{TEMPLATE}")
        upgrade(database, shipped("migrations"), load_catalog())
        database.close()
        yield address
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, capture_output=True, cwd=home)
        shutil.rmtree(home)


@contextmanager
def new_database(backend: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """The address of a new migrated database."""
    if backend == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        file = folder / "gateway.db"
        shutil.copy(template, file)
        yield f"sqlite:///{file}"
        return
    address: str = request.getfixturevalue("postgres_server")
    name = f"test_{next(_numbers)}"
    _statement(address, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield f"{address}/{name}"
    _statement(address, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=BACKENDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A new migrated database on each backend."""
    with new_database(request.param, request, tmp_path) as url:
        yield url


@pytest.fixture(scope="module", params=BACKENDS)
def placement(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The example agreement in force over the small extracts, on each backend; shared by a module, so only to be read."""
    folder = tmp_path_factory.mktemp("placement")
    with new_database(request.param, request, folder) as url, placement_world(folder / "home", url) as world:
        yield world


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The same, opened."""
    opened = open_database(database_url)
    yield opened
    opened.close()


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _statement(address: str, sql: str) -> None:
    engine = create_engine(address.replace("postgresql:", "postgresql+psycopg:") + "/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(sql))
    engine.dispose()


def _postgres_binaries() -> Path | None:
    on_path = shutil.which("initdb")
    folders = [Path(on_path).parent] if on_path else sorted(DEBIAN.glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "pg_ctl").exists()), None)


def _owner(home: Path) -> list[str]:
    """PostgreSQL refuses to run as root: hand the folder to somebody else and start it as them."""
    if os.geteuid() != 0:
        return []
    name = next(user for user in ("postgres", "nobody") if user in {entry.pw_name for entry in pwd.getpwall()})
    account = pwd.getpwnam(name)
    os.chown(home, account.pw_uid, account.pw_gid)
    return ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
