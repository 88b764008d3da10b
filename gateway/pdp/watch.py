"""Watch bundles: read one again when its files change, and take it only when it verifies and runs; else the present one stays."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from gateway.errors import GatewayError
from gateway.pdp.read_bundle import ARCHIVE, FILES, Bundle
from gateway.telemetry import logger

POLL_SECONDS = 1.0
ROUNDS_UNTIL_READ_ANYWAY = 30
"""A file that is exchanged for one of the same size, time and number is found by its digest."""

Stamp = tuple[tuple[int, int, int] | None, ...]


class BundleWatch:
    """One bundle's place. `name` is its check in readiness; `read` reads and verifies it, `take` puts it to use; both may raise a
    `GatewayError`, and then nothing has changed."""

    def __init__(
        self,
        name: str,
        place: Path,
        read: Callable[[], Bundle | None],
        take: Callable[[Bundle], None],
        present: Bundle,
        stamp: Stamp,
    ) -> None:
        self.name = name
        self.holds = True
        self._place = place
        self._read = read
        self._take = take
        self._digest = present.digest
        self._stamp = stamp
        self._said = ""
        self._looks = 0

    def look(self, *, anyway: bool = False) -> None:
        """Read the bundle again if its files have changed, or did not verify before; `anyway` if they have not changed."""
        self._looks += 1
        stamp = stamp_of(self._place)
        if stamp == self._stamp and self.holds and not anyway and self._looks % ROUNDS_UNTIL_READ_ANYWAY:
            return
        self._stamp = stamp
        try:
            bundle = self._read()
            if bundle is not None and bundle.digest != self._digest:
                self._take(bundle)
                logger().warning("policy changed", check=self.name, before=self._digest, after=bundle.digest)
                self._digest = bundle.digest
        except GatewayError as why:
            self.holds = False
            if why.detail != self._said:
                logger().error("policy not changed", check=self.name, code=why.code, detail=why.detail, stays=self._digest)
                self._said = why.detail
        else:
            self.holds, self._said = True, ""


def stamp_of(place: Path) -> Stamp:
    """What shows that a bundle's files were exchanged: modification time, size and number of each."""
    files = [place / name for name in (*FILES, ARCHIVE)] if place.is_dir() else [place]
    return tuple(_stamp(file) for file in files)


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


class Watcher:
    """A thread that does a round every `seconds`, or when it is woken."""

    def __init__(self, seconds: float = POLL_SECONDS) -> None:
        self._seconds = seconds
        self._wake = threading.Event()
        self._done = threading.Condition()
        self._begun = 0
        self._finished = 0
        self._anyway = False
        self._ended = False
        self._thread: threading.Thread | None = None

    @property
    def alive(self) -> bool:
        """Whether rounds are done."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def died(self) -> bool:
        """Whether it was begun and does no rounds any more."""
        return self._thread is not None and not self._thread.is_alive()

    def start(self, round_of: Callable[[bool], None]) -> None:
        """Begin, with a round at once; `round_of` is told whether it was woken by `reload`."""
        self._wake.set()
        self._thread = threading.Thread(target=self._run, args=(round_of,), name="gateway-policy-watch", daemon=True)
        self._thread.start()

    def reload(self) -> None:
        """Have everything read again soon; may be called by a signal's handler."""
        self._anyway = True
        self._wake.set()

    def hurry(self, seconds: float) -> None:
        """Have a round begun now, and wait for its end as long as `seconds`; at once where no rounds are done."""
        if threading.current_thread() is self._thread:
            return
        with self._done:
            # The round that is on may have looked already; the next one has not.
            wanted = self._begun + 1
            self._wake.set()
            self._done.wait_for(lambda: self._finished >= wanted or not self.alive, seconds)

    def close(self) -> None:
        """End after the round that is on."""
        self._ended = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self, round_of: Callable[[bool], None]) -> None:
        while True:
            self._wake.wait(self._seconds)
            self._wake.clear()
            if self._ended:
                return
            anyway, self._anyway = self._anyway, False
            with self._done:
                self._begun += 1
            round_of(anyway)
            with self._done:
                self._finished = self._begun
                self._done.notify_all()
