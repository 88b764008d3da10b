"""An OPA server for tests: started as it is deployed, and stopped in every way there is."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opa_client.opa import OpaClient

from tests.databases import free_port


class OpaProcess:
    """`bundle` is what the next start loads, if any; `arguments` are more of its command line, such as files to load."""

    def __init__(self, binary: str, bundle: Path | None, port: int | None = None, arguments: tuple[str, ...] = ()) -> None:
        self.binary = binary
        self.bundle = bundle
        self.port = port or free_port()
        self.arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True) -> None:
        command = [self.binary, "run", "--server", "--skip-version-check", "--log-level", "error", *self.arguments]
        command += ["--addr", f"127.0.0.1:{self.port}"]
        command += ["--bundle", str(self.bundle)] if self.bundle is not None else []
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if wait:
            self.wait_until_ready()

    def wait_until_ready(self) -> None:
        client = OpaClient(port=self.port, retries=0, timeout=1.0)
        client._session.trust_env = False
        client.wait_for_ready(timeout=20, interval=0.02)
        client.close_connection()

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """SIGSTOP: it keeps its sockets and says nothing."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def _signal(self, which: signal.Signals) -> None:
        if self.running and self._process is not None:
            self._process.send_signal(which)


@contextmanager
def opa_process(binary: str, bundle: Path | None, *arguments: str) -> Iterator[OpaProcess]:
    """A server that is ready; killed at the end."""
    process = OpaProcess(binary, bundle, arguments=arguments)
    process.start()
    try:
        yield process
    finally:
        process.kill()


def until(holds: object, seconds: float = 30.0) -> float:
    """Seconds until `holds()` is true. Raises `AssertionError` when it is not in time."""
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        if callable(holds) and holds():
            return time.monotonic() - begun
        time.sleep(0.005)
    raise AssertionError(f"not within {seconds} seconds")
