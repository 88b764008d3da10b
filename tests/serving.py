"""A world's API on a port of its own, for programs that are not in this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from gateway.serve_api import build_app
from tests.world import World

START_SECONDS = 30


@contextmanager
def served(world: World) -> Iterator[str]:
    """The address, until the end of the block."""
    server = uvicorn.Server(uvicorn.Config(build_app(world.gateway), host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until = time.monotonic() + START_SECONDS
        while not server.started:
            assert thread.is_alive(), "the server ended"
            assert time.monotonic() < until, "the server did not start"
            time.sleep(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
