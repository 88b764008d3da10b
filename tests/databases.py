"""Databases for tests, campaigns and benchmarks: a PostgreSQL cluster of our own, and new migrated databases in it or on SQLite."""

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

from sqlalchemy import create_engine, text

from gateway.catalog.load import load_catalog
from gateway.shipped import shipped
from gateway.store.engine import open_database
from gateway.store.migrate import upgrade

BACKENDS = ("sqlite", "postgresql")
DEBIAN = Path("/usr/lib/postgresql")
TEMPLATE = "gateway_template"
_numbers = count()


def migrated_sqlite(folder: Path) -> Path:
    """A migrated SQLite file, to be copied."""
    file = folder / "gateway.db"
    database = open_database(f"sqlite:///{file}")
    upgrade(database, shipped("migrations"), load_catalog())
    database.close()
    return file


@contextmanager
def copied_sqlite(template: Path, folder: Path) -> Iterator[str]:
    """The address of a new migrated SQLite database."""
    file = folder / "gateway.db"
    shutil.copy(template, file)
    yield f"sqlite:///{file}"


def postgres_programs() -> Path | None:
    """The folder of PostgreSQL's server programs: on PATH, or where Debian puts them."""
    on_path = shutil.which("initdb")
    folders = [Path(on_path).parent] if on_path else sorted(DEBIAN.glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "pg_ctl").exists()), None)


@contextmanager
def postgres_cluster(programs: Path) -> Iterator[str]:
    """Address of a cluster on a free port, with a migrated template database; ended and removed afterwards."""
    home = Path(tempfile.mkdtemp(prefix="gateway-pg-"))
    as_owner = owned_by_somebody(home)
    port = free_port()
    cluster = str(home / "cluster")
    subprocess.run(
        [*as_owner, str(programs / "initdb"), "-D", cluster, "-U", "gateway", "--auth=trust", "-E", "UTF8", "--locale=C"],
        check=True,
        capture_output=True,
        cwd=home,
    )
    options = f"-p {port} -k {home} -c listen_addresses=127.0.0.1 -c max_connections=200 -c shared_buffers=64MB"
    control = [*as_owner, str(programs / "pg_ctl"), "-D", cluster, "-w"]
    subprocess.run([*control, "-l", str(home / "server.log"), "-o", options, "start"], check=True, capture_output=True, cwd=home)
    address = f"postgresql://gateway@127.0.0.1:{port}"
    try:
        run_statement(address, f"CREATE DATABASE {TEMPLATE}")
        database = open_database(f"{address}/{TEMPLATE}")
        upgrade(database, shipped("migrations"), load_catalog())
        database.close()
        yield address
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, capture_output=True, cwd=home)
        shutil.rmtree(home)


@contextmanager
def copied_postgres(cluster: str) -> Iterator[str]:
    """The address of a new migrated PostgreSQL database, dropped afterwards."""
    name = f"test_{next(_numbers)}"
    run_statement(cluster, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield f"{cluster}/{name}"
    run_statement(cluster, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def empty_postgres(cluster: str, *, as_people_sort: bool = False) -> Iterator[str]:
    """The address of a new database without tables; `as_people_sort`: its texts are ordered as in a dictionary (PostgreSQL 15)."""
    name = f"test_{next(_numbers)}"
    dictionary = " LOCALE_PROVIDER icu ICU_LOCALE 'en-US'" if as_people_sort else ""
    run_statement(cluster, f"CREATE DATABASE {name} TEMPLATE template0{dictionary}")
    yield f"{cluster}/{name}"
    run_statement(cluster, f"DROP DATABASE {name} WITH (FORCE)")


def run_statement(cluster: str, sql: str) -> None:
    """One statement outside any transaction, on the cluster's own database."""
    engine = create_engine(cluster.replace("postgresql:", "postgresql+psycopg:") + "/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(sql))
    engine.dispose()


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def owned_by_somebody(home: Path) -> list[str]:
    """A database server refuses to run as root: hand the folder to somebody else and start it as them."""
    if os.geteuid() != 0:
        return []
    name = next(user for user in ("postgres", "nobody") if user in {entry.pw_name for entry in pwd.getpwall()})
    account = pwd.getpwnam(name)
    os.chown(home, account.pw_uid, account.pw_gid)
    return ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
