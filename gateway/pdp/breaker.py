"""Leave a server that fails alone for a moment, so that nobody waits for it and it has time to recover."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Breaker:
    """After `failures` failures in a row nobody asks for `rest` seconds; then one caller tries, and the others wait for it.

    `clock` gives seconds that never run backwards.
    """

    clock: Callable[[], float]
    failures: int = 3
    rest: float = 2.0
    _failed: int = field(default=0, init=False)
    _rest_until: float = field(default=0.0, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def admit(self) -> bool:
        """Whether this caller may ask."""
        with self._lock:
            if self._failed < self.failures:
                return True
            now = self.clock()
            if now < self._rest_until:
                return False
            self._rest_until = now + self.rest
            return True

    def succeeded(self) -> None:
        """An answer came."""
        with self._lock:
            self._failed = 0

    def failed(self) -> None:
        """No answer came."""
        with self._lock:
            self._failed += 1
            self._rest_until = self.clock() + self.rest
