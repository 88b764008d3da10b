"""A proxy on the loopback that does to a source's answers what networks, tired servers and liars do."""

from __future__ import annotations

import gzip
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from ipaddress import IPv4Address
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

BIG = 8 * 1024 * 1024
"""What the bomb unpacks to, in bytes; tests allow less."""
_HEAD_END = b"\r\n\r\n"
_PAUSE = 0.02


class Fault(Enum):
    """What is done to one answer."""

    BUSY = auto()
    """429, with `Retry-After: 0`."""
    DOWN = auto()
    """503, with a page of HTML."""
    HTML = auto()
    """200, with a page of HTML: a login form, a notice of maintenance."""
    SAME_PAGE = auto()
    """The answer before this one, once more."""
    CUT = auto()
    """The connection ends in the middle of the body."""
    CUT_JSON = auto()
    """Half the body, with a length that says it is whole."""
    DRIP = auto()
    """The body a byte at a time, without end."""
    DRIP_HEAD = auto()
    """The headers a byte at a time, without end."""
    BAD_UTF8 = auto()
    NAN = auto()
    ENDLESS = auto()
    """A body that says 2 GB and does not stop before it is refused."""
    BOMB = auto()
    """8 KB of gzip that unpack to 8 MB."""
    NESTED_BOMB = auto()
    """The same packed once more."""
    CUT_GZIP = auto()
    """The whole answer packed, less its last bytes, with a length that says it is whole."""
    TO_LOOPBACK = auto()
    """A redirect to another port of this machine."""
    TO_METADATA = auto()
    """A redirect to where clouds keep their keys."""
    IN_A_CIRCLE = auto()
    """A redirect to the same address."""
    EXPIRED = auto()
    """401."""
    PARTIAL = auto()
    """The first half with status 206."""


@dataclass(frozen=True)
class Seen:
    """One request: its number (from 1) at this proxy, its path with query, its headers in small letters."""

    number: int
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Rule:
    """A fault for the requests that `when` holds of, at most `times` times."""

    fault: Fault
    when: Callable[[Seen], bool]
    times: int = 1


def nth(*numbers: int) -> Callable[[Seen], bool]:
    """The requests with these numbers."""
    return lambda seen: seen.number in numbers


def path_has(text: str) -> Callable[[Seen], bool]:
    """The requests whose path and query hold that text."""
    return lambda seen: text in seen.path


@dataclass
class FaultProxy:
    """Stands before a server at `upstream` (its base address). The Host header goes through as it is, so a server that makes
    links of it leads back here. `seen` are the requests, `base` is where to ask."""

    upstream: str
    base: str = ""
    rules: list[Rule] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    before: bytes = b""
    ended: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, fault: Fault, when: Callable[[Seen], bool], times: int = 1) -> None:
        self.rules.append(Rule(fault, when, times))

    def fault_of(self, seen: Seen) -> Fault | None:
        for rule in self.rules:
            if rule.times > 0 and rule.when(seen):
                rule.times -= 1
                return rule.fault
        return None


@contextmanager
def fault_proxy(upstream: str, certificate: Path | None = None) -> Iterator[FaultProxy]:
    """A running proxy; with a `certificate` (see `self_signed`) it speaks TLS."""
    proxy = FaultProxy(upstream)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                _serve(self.request, proxy)

    with _Server(("127.0.0.1", 0), Handler) as server:
        server.context = _context(certificate)
        proxy.base = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_address[1]}"
        running = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        running.start()
        try:
            yield proxy
        finally:
            proxy.ended.set()
            server.shutdown()
            running.join()


def self_signed(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody but itself vouches for, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "certificate.pem"
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return file


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    context: ssl.SSLContext | None = None

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        connection.settimeout(5)
        if self.context is not None:
            # The handshake comes with the first read, in the connection's own thread.
            connection = self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def shutdown_request(self, request: object) -> None:
        # Not `shutdown`: with TLS it would wait for a client that has gone.
        self.close_request(request)  # type: ignore[arg-type]


def _context(certificate: Path | None) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def _serve(connection: socket.socket, proxy: FaultProxy) -> None:
    """One request and its answer; then the connection ends."""
    request = _received(connection)
    if request is None:
        return
    seen = _understood(request, len(proxy.seen) + 1)
    with proxy.lock:
        proxy.seen.append(seen)
        fault = proxy.fault_of(seen)
    answer = b"" if fault in _WITHOUT_SOURCE else _asked(proxy.upstream, request)
    for piece in _pieces(fault, answer, proxy, seen):
        connection.sendall(piece)
    if fault is None:
        proxy.before = answer


def _received(connection: socket.socket) -> bytes | None:
    """A whole request: its head, and as much body as it says."""
    found = b""
    while _HEAD_END not in found:
        piece = connection.recv(65536)
        if not piece:
            return None
        found += piece
    head, _, body = found.partition(_HEAD_END)
    length = int(_headers(head).get("content-length", "0"))
    while len(body) < length:
        piece = connection.recv(65536)
        if not piece:
            return None
        body += piece
    return head + _HEAD_END + body


def _understood(request: bytes, number: int) -> Seen:
    head, _, body = request.partition(_HEAD_END)
    method, path, _ = head.partition(b"\r\n")[0].decode("ascii").split(" ")
    return Seen(number, method, path, _headers(head), body)


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    return {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _asked(upstream: str, request: bytes) -> bytes:
    """The whole answer of the server, which ends its connection after it."""
    parts = urlsplit(upstream)
    head, _, body = request.partition(_HEAD_END)
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as server:
        server.sendall(b"\r\n".join([*lines, b"Connection: close"]) + _HEAD_END + body)
        found = b""
        while piece := server.recv(65536):
            found += piece
    # Said, or the client would send its next request into a connection that is about to end.
    said, end, content = found.partition(_HEAD_END)
    return said + b"\r\nConnection: close" + end + content


_WITHOUT_SOURCE = frozenset(
    {
        Fault.BUSY,
        Fault.DOWN,
        Fault.HTML,
        Fault.SAME_PAGE,
        Fault.DRIP_HEAD,
        Fault.ENDLESS,
        Fault.TO_LOOPBACK,
        Fault.TO_METADATA,
        Fault.IN_A_CIRCLE,
        Fault.EXPIRED,
    }
)
"""The faults for which the server behind is not asked at all."""
_PAGE = b"<!DOCTYPE html><html><body>Down for maintenance</body></html>"


def _pieces(fault: Fault | None, answer: bytes, proxy: FaultProxy, seen: Seen) -> Iterator[bytes]:
    """What is sent instead of the answer."""
    body = answer.partition(_HEAD_END)[2]
    match fault:
        case None:
            yield answer
        case Fault.BUSY:
            yield _message(429, b"{}", "Retry-After: 0")
        case Fault.DOWN:
            yield _message(503, _PAGE, kind="text/html")
        case Fault.HTML:
            yield _message(200, _PAGE, kind="text/html")
        case Fault.SAME_PAGE:
            yield proxy.before
        case Fault.CUT:
            yield answer[: len(answer) - len(body) // 2]
        case Fault.CUT_JSON:
            yield _message(200, body[: len(body) // 2])
        case Fault.PARTIAL:
            yield _message(206, body[: len(body) // 2])
        case Fault.DRIP:
            yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n"
            yield from _dripped(proxy.ended)
        case Fault.DRIP_HEAD:
            yield b"HTTP/1.1 200 OK\r\nX-Slow: "
            yield from _dripped(proxy.ended)
        case Fault.BAD_UTF8:
            yield _message(200, b'[{"id": "\xff\xfe"}]')
        case Fault.NAN:
            yield _message(200, b'[{"id": NaN}]')
        case Fault.ENDLESS:
            yield f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {2 * 1024**3}\r\n\r\n[".encode()
            while not proxy.ended.is_set():
                yield b'{"id": "1"},' * 4096
        case Fault.BOMB:
            yield _message(200, gzip.compress(b" " * BIG), "Content-Encoding: gzip")
        case Fault.NESTED_BOMB:
            yield _message(200, gzip.compress(gzip.compress(b" " * BIG)), "Content-Encoding: gzip, gzip")
        case Fault.CUT_GZIP:
            yield _message(200, gzip.compress(body)[:-9], "Content-Encoding: gzip")
        case Fault.TO_LOOPBACK:
            yield _message(302, b"", "Location: http://127.0.0.1:9/keys?secret=value")
        case Fault.TO_METADATA:
            yield _message(302, b"", "Location: http://169.254.169.254/latest/meta-data/")
        case Fault.IN_A_CIRCLE:
            yield _message(302, b"", f"Location: {seen.path}")
        case Fault.EXPIRED:
            yield _message(401, b"{}")


def _dripped(ended: threading.Event) -> Iterator[bytes]:
    while not ended.wait(_PAUSE):
        yield b" "


def _message(status: int, body: bytes, *headers: str, kind: str = "application/json") -> bytes:
    lines = (f"HTTP/1.1 {status} Said", f"Content-Type: {kind}", f"Content-Length: {len(body)}", "Connection: close", *headers)
    return "\r\n".join(lines).encode() + _HEAD_END + body
