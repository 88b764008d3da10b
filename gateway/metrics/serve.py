"""Serve metrics: plain HTTP on an address of its own, for a Prometheus that the operator runs."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from gateway.app import Gateway
from gateway.errors import ConfigurationError
from gateway.metrics.meters import Meters
from gateway.metrics.states import PATIENCE_SECONDS, SourceStates, read_standing
from gateway.store.engine import open_database

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

PATH = "/metrics"
SILENT_SECONDS = 10
"""So long may a connection say nothing."""


@contextmanager
def metrics_served(gateway: Gateway, meters: Meters, host: str, port: int) -> Iterator[int]:
    """Answers `GET /metrics` while it is open; gives the port, which the system chooses for 0.

    The database is read over a connection of its own: a scrape takes none from requests. Raises `ConfigurationError` when
    the address cannot be had.
    """
    database = open_database(gateway.settings.database, pool_size=1, patience=PATIENCE_SECONDS)
    meters.watch_pool(gateway.database.connections)
    meters.registry.register(SourceStates(lambda: read_standing(database), gateway.clock))
    try:
        server = make_server(host, port, _answering(meters.registry), _server_class(host), _Handler)
    except OSError as why:
        database.close()
        raise ConfigurationError(
            f"Metrics cannot be served on {host}, port {port}: {why.strerror}. Change GATEWAY_METRICS_HOST or GATEWAY_METRICS_PORT."
        ) from why
    thread = threading.Thread(target=server.serve_forever, name="metrics-server", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        database.close()


class _Server(ThreadingMixIn, WSGIServer):
    """A thread for each connection."""

    daemon_threads = True


class _ServerOf6(_Server):
    """The same for an address of IPv6."""

    address_family = socket.AF_INET6


class _Handler(WSGIRequestHandler):
    """Logs no request, and waits for none for ever."""

    timeout = SILENT_SECONDS

    def log_message(self, format: str, *args: object) -> None:
        pass


def _server_class(host: str) -> type[WSGIServer]:
    return _ServerOf6 if ":" in host else _Server


class _WithoutBirths:
    """The metrics of a registry without the moments at which the library made each of them: as many series again, that nobody asks
    for."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
            yield metric


def _answering(registry: CollectorRegistry) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
    told = _WithoutBirths(registry)

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] != PATH:
            return _text(start_response, "404 Not Found", f"Metrics are at {PATH}.\n")
        if environ["REQUEST_METHOD"] != "GET":
            return _text(start_response, "405 Method Not Allowed", "Metrics are read with GET.\n")
        start_response("200 OK", [("Content-Type", CONTENT_TYPE_PLAIN_0_0_4), ("Cache-Control", "no-store")])
        return [generate_latest(told)]

    return answer


def _text(start_response: StartResponse, status: str, text: str) -> Iterable[bytes]:
    start_response(status, [("Content-Type", "text/plain; charset=utf-8")])
    return [text.encode()]
