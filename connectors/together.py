"""Read several parts of a source at once, each in a thread of its own, with only a few pages waiting in memory."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TypeVar

_Page = TypeVar("_Page")
Walk = Callable[[], Iterator[_Page]]
PATIENCE_SECONDS = 0.2
"""How often a thread that waits for room looks whether anybody still reads."""


def together(walks: Sequence[Walk[_Page]], at_once: int) -> Iterator[_Page]:
    """The pages of every walk, in no order between walks. What one raises is raised here, and the others end at their next page."""
    waiting = list(reversed(walks))
    ready: queue.Queue[_Page | Exception | None] = queue.Queue(maxsize=2 * at_once)
    given_up, turn = threading.Event(), threading.Lock()

    def give(page: _Page | Exception | None) -> None:
        while not given_up.is_set():
            with suppress(queue.Full):
                ready.put(page, timeout=PATIENCE_SECONDS)
                return

    def work() -> None:
        try:
            while not given_up.is_set():
                with turn:
                    walk = waiting.pop() if waiting else None
                if walk is None:
                    break
                for page in walk():
                    if given_up.is_set():
                        return
                    give(page)
            give(None)
        except Exception as why:  # noqa: BLE001 it is raised in the thread that reads
            give(why)

    threads = [threading.Thread(target=work, daemon=True, name=f"source-{number}") for number in range(min(at_once, len(walks)))]
    for thread in threads:
        thread.start()
    try:
        working = len(threads)
        while working:
            page = ready.get()
            if page is None:
                working -= 1
            elif isinstance(page, Exception):
                raise page
            else:
                yield page
    finally:
        given_up.set()
        for thread in threads:
            thread.join()
