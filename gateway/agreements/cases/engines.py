"""The engines that cases run on: the embedded one, and an OPA server of this run's own where the program is installed."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Literal

from gateway.errors import ConfigurationError
from gateway.pdp.engine import Pdp
from gateway.pdp.open_engine import open_pdp
from gateway.pdp.policies import Policies
from gateway.pdp.read_bundle import ARCHIVE

EMBEDDED: Literal["embedded"] = "embedded"
OPA: Literal["opa"] = "opa"
CHOICES = ("both", EMBEDDED, OPA)
START_SECONDS = 20.0
POLL_SECONDS = 0.05


@contextmanager
def opened_engines(choice: str, policies: Policies) -> Iterator[Mapping[str, Pdp]]:
    """Engines by name. `both` leaves the server out where there is no `opa` program; `opa` alone raises `ConfigurationError`
    then."""
    with ExitStack() as stack:
        engines: dict[str, Pdp] = {}
        if choice in ("both", EMBEDDED):
            engines[EMBEDDED] = stack.enter_context(closing(open_pdp(policies, EMBEDDED)))
        program = shutil.which("opa")
        if choice == OPA and program is None:
            raise ConfigurationError("There is no opa program on PATH; install OPA, or use --engine embedded.")
        if choice in ("both", OPA) and program is not None:
            place = policies.place
            port = stack.enter_context(_server(program, place / ARCHIVE if place.is_dir() else place))
            engines[OPA] = stack.enter_context(closing(open_pdp(policies, OPA, port=port)))
        yield engines


@contextmanager
def _server(program: str, archive: Path) -> Iterator[int]:
    """The port of an OPA server on the loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [program, "run", "--server", "--log-level", "error", "--addr", f"127.0.0.1:{port}", "--bundle", str(archive)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=START_SECONDS)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(POLL_SECONDS)
        else:
            return
    raise ConfigurationError("The OPA server for the cases did not start.")
