"""A network that stops at one moment. httpx limits each read; a server that sends a byte a second would hold it for ever."""

from __future__ import annotations

import ipaddress
import ssl
import time
from collections.abc import Callable, Iterable
from math import inf
from typing import Any

import httpcore
import httpx


class Deadline:
    """The moment at which everything that is sent or received ends; until `start` there is none."""

    def __init__(self) -> None:
        self._until = inf

    def start(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    @property
    def passed(self) -> bool:
        return time.monotonic() >= self._until

    def left(self, timeout: float | None) -> float:
        """Seconds that one operation may take. Raises httpcore.ReadTimeout when none are left."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the whole answer took too long")
        return min(left, inf if timeout is None else timeout)


def deadline_transport(
    context: ssl.SSLContext, deadline: Deadline, check_peer: Callable[[str, int, str], None]
) -> httpx.HTTPTransport:
    """httpx's own transport over a network with a deadline. `check_peer` is told host, port and the address that was reached,
    before anything is sent, and raises when it must not be asked: a name may lead elsewhere the second time it is looked up."""
    transport = httpx.HTTPTransport(verify=context, trust_env=False)
    # httpx has no argument for the network that its transport speaks over; test_http fails if this place is ever renamed.
    transport._pool = httpcore.ConnectionPool(ssl_context=context, network_backend=_Network(deadline, check_peer))
    return transport


def is_forbidden(address: str) -> bool:
    """Whether an IP address is one that no source has: a cloud gives away its keys at a link-local one to whoever asks."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return found.is_link_local or found.is_multicast or found.is_unspecified


class _Network(httpcore.NetworkBackend):
    def __init__(self, deadline: Deadline, check_peer: Callable[[str, int, str], None]) -> None:
        self._network = httpcore.SyncBackend()
        self._deadline = deadline
        self._check_peer = check_peer

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._network.connect_tcp(host, port, self._deadline.left(timeout), local_address, socket_options)
        try:
            self._check_peer(host, port, str(stream.get_extra_info("server_addr")[0]))
        except BaseException:
            stream.close()
            raise
        return _Stream(stream, self._deadline)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, self._deadline.left(timeout)), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
