"""What every test may ask for: a migrated database on SQLite or PostgreSQL, a loaded gateway, and the `opa` binary.

What this machine lacks is skipped with its reason, unless GATEWAY_TEST_ALL=1 (as in CI) makes that a failure.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

import hypothesis
import pytest

from gateway.store.engine import Database, open_database
from tests.databases import BACKENDS, copied_postgres, copied_sqlite, migrated_sqlite, postgres_cluster, postgres_programs
from tests.sshd import Sshd, sftp_server, sshd_programs
from tests.world import World, placement_world

# The machines that run this are shared: how long an example takes says nothing.
hypothesis.settings.register_profile("shared", deadline=None)
hypothesis.settings.load_profile("shared")


ON_ONE_DATABASE = frozenset(
    f"test_{name}.py"
    for name in (
        *("agreements_api", "alert_commands", "alerts", "archive", "edfi_sync", "edits", "finder", "incremental", "large_files"),
        *("log_keys", "metrics", "oneroster", "operation", "preview", "push", "resolution", "rights", "settling", "signing"),
        *("source_drift", "start_again", "timetable"),
    )
)
"""Files whose tests each make a world of their own: a test of these runs on one of the two databases, which its name decides, so
that both are tried and the suite stays short. GATEWAY_TEST_BOTH=1 runs each on both."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the other half of `ON_ONE_DATABASE`."""
    if os.environ.get("GATEWAY_TEST_BOTH") == "1":
        return
    other = [
        item for item in items if item.path.name in ON_ONE_DATABASE and item.path.parent.name == "integration" and _other(item)
    ]
    config.hook.pytest_deselected(items=other)
    left_out = set(other)
    items[:] = [item for item in items if item not in left_out]


def _other(item: pytest.Item) -> bool:
    """Whether a test is on the database that its name does not choose."""
    params = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    backend = params.get("database_url")
    name = item.nodeid.replace(str(backend), "")
    return backend is not None and backend != BACKENDS[crc32(name.encode()) % len(BACKENDS)]


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
    return migrated_sqlite(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Address of a PostgreSQL cluster of this run's own."""
    programs = postgres_programs()
    if programs is None:
        lacking("needs PostgreSQL's server programs (initdb, pg_ctl)")
        return
    with postgres_cluster(programs) as address:
        yield address


@pytest.fixture(scope="session")
def ssh_server() -> Iterator[Sshd]:
    """A real OpenSSH server on loopback."""
    programs = sshd_programs()
    if programs is None:
        lacking("needs an OpenSSH server (sshd, ssh-keygen)")
        return
    with sftp_server(programs) as running:
        yield running


@contextmanager
def new_database(backend: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """The address of a new migrated database."""
    if backend == "sqlite":
        with copied_sqlite(request.getfixturevalue("sqlite_template"), folder) as url:
            yield url
    else:
        with copied_postgres(request.getfixturevalue("postgres_server")) as url:
            yield url


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
