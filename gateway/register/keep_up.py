"""Keep the subject index up while a server runs, a little at a time, so that a look finds little left to do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.errors import GatewayError
from gateway.register.desk import RegisterDesk
from gateway.register.index import catch_up
from gateway.telemetry import logger

EVERY_SECONDS = 60.0


@contextmanager
def index_kept_up(desk: RegisterDesk, every: float = EVERY_SECONDS) -> Iterator[None]:
    """Index what came, every so many seconds, in a thread of its own. What fails is logged and tried again: a look catches up by
    itself, so that nobody is told less."""
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(every):
            try:
                catch_up(desk)
            except GatewayError as why:
                logger().error("subject index behind", code=why.code, why=why.detail)

    thread = threading.Thread(target=run, name="subject-index", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
