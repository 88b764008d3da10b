"""A MariaDB server of this run's own, on a free port, with a database and a reader."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pymysql

from tests.databases import free_port, owned_by_somebody

USER, PASSWORD, NAME = "reader", "reader's secret", "sis"
PATIENCE = 200


def mariadb_programs() -> tuple[str, str] | None:
    """`mariadb-install-db` and `mariadbd`, where Debian puts them; None where one is missing."""
    found = [shutil.which(name, path="/usr/bin:/usr/sbin:/usr/local/bin") for name in ("mariadb-install-db", "mariadbd")]
    return (found[0], found[1]) if found[0] and found[1] else None


@contextmanager
def mariadb_server(programs: tuple[str, str]) -> Iterator[int]:
    """The port of a server; ended and removed afterwards."""
    install, serve = programs
    home = Path(tempfile.mkdtemp(prefix="gateway-maria-"))
    as_owner = owned_by_somebody(home)
    port, data, socket = free_port(), home / "data", home / "s"
    common = [f"--datadir={data}", f"--socket={socket}", f"--pid-file={home / 'pid'}"]
    prepare = [
        *as_owner,
        install,
        "--no-defaults",
        f"--datadir={data}",
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
    ]
    subprocess.run(prepare, check=True, capture_output=True, cwd=home)
    running = subprocess.Popen(
        [*as_owner, serve, "--no-defaults", *common, f"--port={port}", "--bind-address=127.0.0.1", "--skip-log-bin"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=home,
    )
    try:
        root = _answering(running, socket)
        with root, root.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {NAME} CHARACTER SET utf8mb4")
            cursor.execute(f"CREATE USER {USER} IDENTIFIED BY %s", (PASSWORD,))
            cursor.execute(f"GRANT ALL ON {NAME}.* TO {USER}")
        yield port
    finally:
        running.terminate()
        running.wait(timeout=60)
        shutil.rmtree(home)


def _answering(running: subprocess.Popen[bytes], socket: Path) -> pymysql.Connection[pymysql.cursors.Cursor]:
    for _ in range(PATIENCE):
        if socket.exists():
            return pymysql.connect(unix_socket=str(socket), user="root")
        with suppress(subprocess.TimeoutExpired):
            running.wait(timeout=0.1)
            break
    raise RuntimeError("MariaDB does not start")
