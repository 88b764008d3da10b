"""Ask a source over HTTP: bounded in size and time, patient with a busy server, and never led to another machine.

Nothing of a query string, a body or a header is ever in an error: they may hold a secret or a record's value.
"""

from __future__ import annotations

import logging
import re
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
import orjson
import stamina

from connectors.deadline import Deadline, deadline_transport, is_forbidden
from connectors.http_body import PACKINGS, BodyDamaged, BodyPacked, BodyTooLong, read_body
from connectors.http_request import REDIRECTS, SAME_REQUEST, Request, joined, machine, with_query
from connectors.json_rows import Json
from gateway.errors import IngestError

# They log every request with its query; a source's keys and cursors are nobody's business.
logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.WARNING)

BUSY = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})
_MOST_REDIRECTS = 5
_MEDIA_TYPE = re.compile(r"[a-z]{1,20}/[a-z0-9.+-]{1,40}")


@dataclass(frozen=True)
class HttpLimits:
    """What a source may cost: bytes of one answer (unpacked), seconds for the whole of one answer, and how often and how long
    (seconds, between two tries) a busy or broken server is asked again."""

    response_bytes: int = 64 * 1024 * 1024
    seconds: float = 120.0
    tries: int = 6
    longest_wait: float = 60.0


@dataclass(frozen=True)
class HttpPlace:
    """Where a source is: its base address, what else it may lead to (`host` or `host:port`), and how its certificate is
    checked (`ca_file`: a file of certificates beside the machine's own)."""

    base: str
    allow_hosts: frozenset[str] = frozenset()
    ca_file: Path | None = None
    limits: HttpLimits = field(default_factory=HttpLimits)


@dataclass(frozen=True)
class Answer:
    """One whole answer: its status, its headers (names in small letters), its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str

    def json(self, what: str) -> Json:
        """The body as JSON. Raises IngestError when it is none (NaN, a cut text, bytes that are not UTF-8, HTML)."""
        try:
            found: Json = orjson.loads(self.body)
        except orjson.JSONDecodeError as why:
            kind = self.headers.get("content-type", "").partition(";")[0].strip().casefold()
            kind = kind if _MEDIA_TYPE.fullmatch(kind) else "no type"
            # Not `from why`: it carries the whole body.
            raise IngestError(
                f"{what}: the answer is not JSON ({kind}, wrong at byte {why.pos}); the source is not read."
            ) from None
        return found


Authorise = Callable[["Http", bool], Mapping[str, str]]
"""Headers that authorise a request; the flag asks for a fresh token, because the source refused the last one."""
Sign = Callable[[str, str], Mapping[str, str]]
"""Headers that sign one request, of its method and its whole address; asked for anew at each try and each redirect."""


class _Busy(Exception):
    """Worth another try; `wait` in seconds where the server said how long."""

    def __init__(self, why: str, wait: float | None) -> None:
        super().__init__(why)
        self.wait = wait


class Http:
    """Asks one source. `authorise` gives each request its headers, `sign` those that hold for this one request only."""

    def __init__(self, place: HttpPlace, authorise: Authorise | None = None, sign: Sign | None = None) -> None:
        self._place = place
        self._authorise = authorise
        self._sign = sign
        self._deadline = Deadline()
        self._client = httpx.Client(
            follow_redirects=False,
            timeout=httpx.Timeout(30.0, connect=10.0),
            transport=deadline_transport(_context(place.ca_file), self._deadline, self._check_peer),
            headers={"Accept": "application/json", "Accept-Encoding": PACKINGS, "User-Agent": "educator-data-gateway"},
            trust_env=False,
        )
        self._checked: set[str] = set()

    def __enter__(self) -> Http:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, url: str, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """GET an address, relative to the base or absolute. As `send`."""
        return self.send("GET", url, params=params, headers=headers)

    def send(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        json: Json = None,
        authorised: bool = True,
        accept: frozenset[int] = frozenset(),
    ) -> Answer:
        """The whole answer to one request with a status of 2xx (not 206, which is a part), or one of `accept`. `params` are
        added to the query that the address has.

        A busy server (429, 502, 503, 504, a connection that breaks, an answer that is too slow) is asked again, after
        `Retry-After` where it says so. A 401 gets one more try with fresh authorisation. Raises IngestError for everything else:
        another status, an answer that is too long, a certificate that does not hold, an address that the source file does not
        allow.
        """
        target = self.absolute(url)
        asked = Request(method, with_query(target, params), form, json)
        limits = self._place.limits
        refreshed = False
        try:
            for attempt in stamina.retry_context(
                on=_worth_another_try, attempts=limits.tries, timeout=None, wait_max=limits.longest_wait
            ):
                with attempt:
                    found = self._once(asked, headers or {}, authorised=authorised, fresh=False)
                    if found.status == HTTPStatus.UNAUTHORIZED and authorised and self._authorise is not None and not refreshed:
                        refreshed = True
                        found = self._once(asked, headers or {}, authorised=authorised, fresh=True)
                    if found.status in BUSY and attempt.num < limits.tries:
                        raise _Busy(f"status {found.status}", _retry_after(found.headers, limits.longest_wait))
        except _Busy as why:
            raise IngestError(f"{self.shown(target)} could not be read in {limits.tries} tries ({why}); try again later.") from None
        whole = HTTPStatus.OK <= found.status < HTTPStatus.MULTIPLE_CHOICES and found.status != HTTPStatus.PARTIAL_CONTENT
        if whole or found.status in accept:
            return found
        raise IngestError(f"{self.shown(target)} answered with status {found.status} ({_advice(found.status)}).")

    def absolute(self, url: str) -> str:
        """The address that a source gave, or a path below the base. Raises IngestError when it leads to another machine than
        the source file names."""
        base = self._place.base if self._place.base.endswith("/") else self._place.base + "/"
        try:
            target = urljoin(base, url)
            parts = urlsplit(target)
            there, here = machine(target), machine(base)
        except ValueError:
            raise IngestError(f"{self.shown(base)} gave an address that cannot be read.") from None
        _, host, port = there
        if parts.scheme not in ("http", "https") or parts.username is not None:
            raise IngestError(f"{self.shown(base)} leads to an address that is not http or https, or holds a name; refused.")
        if there != here and not self._allowed(host, port):
            raise IngestError(
                f"{self.shown(base)} leads to {host}:{port}, which is another machine. If that is right, name it under allow_hosts "
                "in the source file."
            )
        if (here[0], there[0]) == ("https", "http"):
            raise IngestError(f"{self.shown(base)} leads from https to http; refused.")
        self._check_address(host, port)
        return target

    def shown(self, url: str) -> str:
        """An address as it may stand in a message: without its query."""
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    def _allowed(self, host: str, port: int) -> bool:
        return host in self._place.allow_hosts or f"{host}:{port}" in self._place.allow_hosts

    def _check_address(self, host: str, port: int) -> None:
        """A cloud's link-local address gives away its keys to whoever asks: only the source file itself may name one."""
        if host in self._checked or self._allowed(host, port):
            return
        try:
            found = {str(address[0]) for *_, address in socket.getaddrinfo(host, port)}
        except (OSError, UnicodeError):
            raise IngestError(f"There is no machine {host}: check base in the source file, and the network.") from None
        for address in found:
            self._check_peer(host, port, address)
        self._checked.add(host)

    def _check_peer(self, host: str, port: int, address: str) -> None:
        if is_forbidden(address) and not self._allowed(host, port):
            raise IngestError(
                f"{host} is a link-local address; refused. If that is right, name it under allow_hosts in the source file."
            )

    def _once(self, asked: Request, headers: Mapping[str, str], *, authorised: bool, fresh: bool) -> Answer:
        own = dict(self._authorise(self, fresh)) if authorised and self._authorise is not None else {}
        sent = {**headers, **own}
        sign = self._sign if authorised else None
        for _ in range(_MOST_REDIRECTS):
            found = self._read(asked, sent if sign is None else {**sent, **sign(asked.method, asked.url)})
            if found.status not in REDIRECTS or "location" not in found.headers:
                return found
            target = self.absolute(joined(asked.url, found.headers["location"]))
            if machine(target) != machine(asked.url):
                # Who answers there was not given these credentials by the source file; nor what the body holds.
                sent, sign = {}, None
                if asked.has_body and found.status in SAME_REQUEST:
                    raise IngestError(f"{self.shown(asked.url)} sends what was written to it on to another machine; refused.")
            asked = asked.redirected(target, found.status)
        raise IngestError(f"{self.shown(asked.url)} leads in a circle.")

    def _read(self, asked: Request, headers: Mapping[str, str]) -> Answer:
        limits, where = self._place.limits, self.shown(asked.url)
        self._deadline.start(limits.seconds)
        # Each `from None`: an error of the network below may quote a header, or what the server sent.
        try:
            with self._client.stream(
                asked.method,
                asked.url,
                headers=dict(headers),
                data=asked.form,
                json=asked.json,
            ) as response:
                body = read_body(response, limits.response_bytes)
                return Answer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, body, asked.url)
        except BodyTooLong:
            raise IngestError(
                f"{where}: the answer is longer than {limits.response_bytes} bytes; refused. Ask for smaller pages, or raise "
                "limits.response_bytes in the source file."
            ) from None
        except BodyPacked:
            raise IngestError(f"{where}: the answer is packed in another way than gzip; refused.") from None
        except BodyDamaged:
            raise _Busy("the answer cannot be unpacked", None) from None
        except (httpx.LocalProtocolError, httpx.InvalidURL, UnicodeEncodeError):
            raise IngestError(
                f"{where} cannot be asked: a header, a secret or the address holds a character that HTTP does not allow (a secret "
                "file with more than one line?)."
            ) from None
        except httpx.HTTPError as why:
            trouble = _tls_trouble(why)
            if trouble:
                raise IngestError(f"{where}: {trouble}") from None
            late = self._deadline.passed
            raise _Busy(f"no whole answer within {limits.seconds:g} seconds" if late else type(why).__name__, None) from None


def _worth_another_try(why: Exception) -> bool | float:
    """Whether to ask again, or after how many seconds."""
    if not isinstance(why, _Busy):
        return False
    return True if why.wait is None else why.wait


def _retry_after(headers: Mapping[str, str], longest: float) -> float | None:
    """Seconds that the server asks to wait, at most `longest`."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return min(float(text), longest)
    try:
        seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError):
        return None
    return min(max(seconds, 0.0), longest)


def _advice(status: int) -> str:
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return "it does not know these credentials: check key and secret"
        case HTTPStatus.FORBIDDEN:
            return "these credentials may not read this: ask its operator for the right to"
        case HTTPStatus.NOT_FOUND:
            return "there is nothing at this path: check it in the source file"
        case status if status in BUSY:
            return "it stayed busy; try again later"
    return "it did not take the request"


def _context(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as why:
            raise IngestError(f"{ca_file} holds no certificates that can be read: name another as ca_file.") from why
    return context


def _tls_trouble(why: BaseException | None) -> str:
    """What is wrong with the server's TLS, where asking again cannot help; else nothing."""
    while why is not None:
        if isinstance(why, ssl.SSLCertVerificationError):
            return "the certificate does not hold. Have it renewed, or name the file of its issuer as ca_file."
        # One that breaks off may come whole the next time.
        if isinstance(why, ssl.SSLError) and not isinstance(why, ssl.SSLEOFError):
            return "it does not speak TLS as it should: check the address, and whether it is https."
        why = why.__cause__ or why.__context__
    return ""
