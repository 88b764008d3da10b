"""An OpenSSH server of this run's own on a free port, for SFTP only, with one user and a key for them."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.databases import free_port

PATIENCE_SECONDS = 20


@dataclass(frozen=True)
class Sshd:
    """A running server: where, its host key as `ssh-keyscan` prints it, and the file of the user's private key."""

    port: int
    host_key: str
    user: str
    private_key: Path


def sshd_programs() -> tuple[str, str] | None:
    """`sshd` and `ssh-keygen`; None where one is missing."""
    found = [shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") for name in ("sshd", "ssh-keygen")]
    return (found[0], found[1]) if found[0] and found[1] else None


@contextmanager
def sftp_server(programs: tuple[str, str]) -> Iterator[Sshd]:
    """A server that serves the files of this machine as its own user; ended afterwards."""
    serve, keygen = programs
    home = Path(tempfile.mkdtemp(prefix="gateway-sshd-"))
    port = free_port()
    for name in ("host", "user"):
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(home / name)], check=True)
    shutil.copy(home / "user.pub", home / "authorized_keys")
    (home / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {home}/host\nAuthorizedKeysFile {home}/authorized_keys\nPidFile none\n"
        "StrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nUsePAM no\nPermitRootLogin yes\n"
        "Subsystem sftp internal-sftp\nForceCommand internal-sftp\n",
        encoding="utf-8",
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    command = [serve, "-D", "-e", "-f", str(home / "config")]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _await(port, running)
        host_key = " ".join((home / "host.pub").read_text(encoding="ascii").split()[:2])
        yield Sshd(port, host_key, getpass.getuser(), home / "user")
    finally:
        running.terminate()
        running.wait(timeout=30)
        shutil.rmtree(home)


def _await(port: int, running: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        with suppress(subprocess.TimeoutExpired):
            running.wait(timeout=0.05)
            break
    raise RuntimeError("sshd does not start")
