"""A source that speaks JSON over HTTP on the loopback: a test says what it answers, and sees what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import orjson


@dataclass(frozen=True)
class Asked:
    """One request; `query` and `headers` (small letters) by name, `host` as the client wrote it."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def host(self) -> str:
        return self.headers["host"]

    @property
    def form(self) -> Mapping[str, str]:
        return dict(parse_qsl(self.body.decode("ascii"), keep_blank_values=True))


@dataclass(frozen=True)
class Reply:
    """One answer: `body` as JSON, or as the bytes that it is."""

    body: object
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class JsonServer:
    """A running server: where it is, and what it was asked so far."""

    base: str
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def json_server(answer: Callable[[Asked], Reply]) -> Iterator[JsonServer]:
    """A server that answers as the function says."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 5
        # With it a small answer would wait for the client's acknowledgement of its head.
        disable_nagle_algorithm = True

        def _answer(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            asked = Asked(self.command, parts.path, query, headers, body)
            found.asked.append(asked)
            reply = answer(asked)
            text = reply.body if isinstance(reply.body, bytes) else orjson.dumps(reply.body)
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", "Content-Length": str(len(text)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = _answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: a test's output is its own."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = JsonServer(f"http://127.0.0.1:{server.server_address[1]}")
        running = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        running.start()
        try:
            yield found
        finally:
            server.shutdown()
            running.join()
