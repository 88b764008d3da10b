"""One request to a source, and the address it goes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

from connectors.json_rows import Json
from gateway.errors import IngestError

REDIRECTS = frozenset({301, 302, 303, 307, 308})
SAME_REQUEST = frozenset({HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT})
"""Redirects after which the request goes out again with its body."""


@dataclass(frozen=True)
class Request:
    """What is asked; `form` or `json` is its body."""

    method: str
    url: str
    form: Mapping[str, str] | None
    json: Json

    @property
    def has_body(self) -> bool:
        return self.form is not None or self.json is not None

    def redirected(self, target: str, status: int) -> Request:
        """The same of another address, where the server says so; else a GET of it (RFC 9110, 15.4)."""
        return replace(self, url=target) if status in SAME_REQUEST else Request("GET", target, None, None)


def joined(url: str, link: str) -> str:
    """The address of a link that stood in the answer of another. Raises IngestError when it is none."""
    try:
        return urljoin(url, link)
    except ValueError:
        raise IngestError("The source gave an address that cannot be read.") from None


def machine(url: str) -> tuple[str, str, int]:
    """What two addresses of one machine have in common: scheme, host and port. Raises ValueError when it has none of these."""
    parts = urlsplit(url)
    standard = 443 if parts.scheme == "https" else 80
    return parts.scheme, parts.hostname or "", standard if parts.port is None else parts.port


def with_query(url: str, params: Mapping[str, str] | None) -> str:
    """The address with more in its query; httpx would put it in place of what stands there."""
    if not params:
        return url
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query="&".join(part for part in (parts.query, urlencode(params)) if part)))
