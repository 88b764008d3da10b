"""Prism (Stoplight), a mock server of others: it answers as an OpenAPI document says, with examples or with records by chance."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.databases import free_port

_START_SECONDS = 60.0
SPECIFICATIONS = Path(__file__).resolve().parents[2] / "shared" / "data" / "edfi-openapi"


def prism_program() -> str | None:
    """Prism's command: from GATEWAY_TEST_PRISM, else from PATH (npm package @stoplight/prism-cli)."""
    return os.environ.get("GATEWAY_TEST_PRISM") or shutil.which("prism")


def edfi_specification() -> Path | None:
    """The Ed-Fi Alliance's own document of its resources (Data Standard 6.0): from the folder that EDFI_OPENAPI names, else from
    beside the repository."""
    file = Path(os.environ.get("EDFI_OPENAPI", SPECIFICATIONS)) / "resources-ds-6.0.yaml"
    return file if file.is_file() else None


@contextmanager
def prism_server(program: str, specification: Path) -> Iterator[str]:
    """The address of a mock server of a specification, which is read as it is."""
    port = free_port()
    command = [program, "mock", str(specification), "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        try:
            _wait(running, f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            running.terminate()


def _wait(running: subprocess.Popen[bytes], base: str) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and running.poll() is None:
        try:
            httpx.get(base)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("Prism did not start: run its command by hand to see why")
