"""HTTP that ends in time: one exchange, from connecting to the last byte, is over after so many seconds and so many bytes.

`requests` bounds the wait between two bytes only, so that a server that drips could hold a decision for as long as it likes.
"""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, PoolManager
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError


class _BoundedSocket(socket.socket):
    """A socket that stops receiving at `until` (of the monotonic clock), or after `room` bytes."""

    until: float = 0.0
    room: int = 0

    def recv_into(self, *arguments: Any, **named: Any) -> int:
        left = self.until - time.monotonic()
        if left <= 0 or self.room <= 0:
            raise TimeoutError("the exchange took too long or gave too much")
        usual = self.gettimeout()
        self.settimeout(left if usual is None else min(left, usual))
        try:
            received = super().recv_into(*arguments, **named)
        finally:
            self.settimeout(usual)
        self.room -= received
        return received


class _BoundedConnection(HTTPConnection):
    seconds: float = 0.0
    bytes: int = 0
    _until: float = 0.0

    def request(self, *arguments: Any, **named: Any) -> None:
        self._until = time.monotonic() + self.seconds
        self._bound()
        super().request(*arguments, **named)

    def connect(self) -> None:
        super().connect()
        self._bound()

    def _bound(self) -> None:
        if isinstance(self.sock, _BoundedSocket):
            self.sock.until, self.sock.room = self._until, self.bytes

    def _new_conn(self) -> socket.socket:
        """Connect in a thread of its own, which may be left behind: looking a name up cannot be interrupted."""
        attempt = _Attempt(super()._new_conn)
        attempt.start()
        attempt.join(max(0.0, self._until - time.monotonic()))
        return attempt.result(self)


class _Attempt(threading.Thread):
    def __init__(self, connect: Any) -> None:
        super().__init__(daemon=True, name="gateway-opa-connect")
        self._connect = connect
        self._lock = threading.Lock()
        self._left = False
        self._socket: socket.socket | None = None
        self._error: HTTPError | None = None

    def run(self) -> None:
        try:
            found = self._connect()
        except HTTPError as why:
            self._error = why
            return
        with self._lock:
            self._socket = found
            if self._left:
                found.close()

    def result(self, connection: HTTPConnection) -> socket.socket:
        with self._lock:
            if self._error is not None:
                raise self._error
            if self._socket is None:
                self._left = True
                raise ConnectTimeoutError(connection, "the connection took too long")
            found = self._socket
        timeout = found.gettimeout()
        bounded = _BoundedSocket(found.family, found.type, found.proto, found.detach())
        bounded.settimeout(timeout)
        return bounded


class BoundedAdapter(HTTPAdapter):
    """For a `requests` session over plain HTTP: `seconds` an exchange, `largest` bytes an answer. Nothing is asked twice."""

    def __init__(self, seconds: float, largest: int) -> None:
        self._seconds = seconds
        self._largest = largest
        super().__init__(max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **named: Any) -> None:
        connection = type("Connection", (_BoundedConnection,), {"seconds": self._seconds, "bytes": self._largest})
        pool = type("Pool", (HTTPConnectionPool,), {"ConnectionCls": connection})
        self.poolmanager = PoolManager(num_pools=connections, maxsize=maxsize, block=block, **named)
        self.poolmanager.pool_classes_by_scheme = {"http": pool}
