"""Access tokens of sources, kept for the whole process: a source may allow a client only a few at a time (Ed-Fi ODS 7.3: 15)."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal, cast

from connectors.http import Answer, Authorise, Http
from connectors.http_request import Request
from gateway.errors import IngestError

Style = Literal["basic", "form"]
EARLY_SECONDS = 60.0
"""A token is not used any more so long before it ends: a page takes its time."""
USUAL_SECONDS = 300.0
"""The life of a token whose answer does not say."""
_REFUSED = frozenset({HTTPStatus.BAD_REQUEST.value, HTTPStatus.UNAUTHORIZED.value})


@dataclass(frozen=True)
class Credentials:
    """Where a client gets its tokens and by which credentials; `scope` and `further` fields go with the request. `styles` are tried
    in their order: as HTTP Basic, or as form fields."""

    url: str
    key: str
    secret: str
    scope: str = ""
    further: Mapping[str, str] | None = None
    styles: tuple[Style, ...] = ("basic", "form")

    def __repr__(self) -> str:
        return f"Credentials({self.url})"

    def asked(self) -> tuple[str, ...]:
        """All that decides which token comes; the secret too, so that a wrong one is not served with what the right one got."""
        return (
            self.url,
            self.key,
            self.secret,
            self.scope,
            *(text for pair in sorted((self.further or {}).items()) for text in pair),
        )


@dataclass(frozen=True)
class _Token:
    text: str
    until: float
    answer: Mapping[str, object]

    def __repr__(self) -> str:
        return "_Token"


_KEPT: dict[tuple[str, ...], _Token] = {}
_TURNS: dict[tuple[str, ...], threading.Lock] = {}
"""One for each token: who waits for a slow server makes nobody wait for another."""


def access_token(http: Http, credentials: Credentials, *, refused: str | None = None) -> str:
    """A token that is not about to end. `refused` is one that the source does not take any more.

    Raises IngestError when the source gives none.
    """
    return _token(http, credentials, refused).text


def token_answer(http: Http, credentials: Credentials) -> Mapping[str, object]:
    """What came with the token beside it."""
    return _token(http, credentials, None).answer


def bearer(credentials: Callable[[Http], Credentials]) -> Authorise:
    """An `Authorise` that sends tokens of these credentials."""
    last: list[str] = []

    def headers(http: Http, fresh: bool, _: Request) -> Mapping[str, str]:
        token = access_token(http, credentials(http), refused=last[-1] if fresh and last else None)
        last[:] = [token]
        return {"Authorization": f"Bearer {token}"}

    return headers


def _token(http: Http, credentials: Credentials, refused: str | None) -> _Token:
    asked = credentials.asked()
    with _TURNS.setdefault(asked, threading.Lock()):
        kept = _KEPT.get(asked)
        if kept is None or kept.text == refused or time.monotonic() > kept.until:
            kept = _KEPT[asked] = _fetched(http, credentials)
        return kept


def _fetched(http: Http, credentials: Credentials) -> _Token:
    for style in credentials.styles:
        answer = _asked(http, credentials, style)
        if answer.status not in _REFUSED:
            return _read(http, answer)
    raise IngestError(f"{http.shown(answer.url)} does not know this key and secret: check them in the source file.")


def _asked(http: Http, credentials: Credentials, style: Style) -> Answer:
    form = {"grant_type": "client_credentials", **(credentials.further or {})}
    if credentials.scope:
        form["scope"] = credentials.scope
    headers = {}
    if style == "basic":
        pair = base64.b64encode(f"{credentials.key}:{credentials.secret}".encode()).decode("ascii")
        headers["Authorization"] = f"Basic {pair}"
    else:
        form |= {"client_id": credentials.key, "client_secret": credentials.secret}
    return http.send("POST", credentials.url, form=form, headers=headers, authorised=False, accept=_REFUSED)


def _read(http: Http, answer: Answer) -> _Token:
    where = http.shown(answer.url)
    found = answer.json(where)
    text = found.get("access_token") if isinstance(found, dict) else None
    if not isinstance(found, dict) or not isinstance(text, str) or not text:
        raise IngestError(f"{where}: the answer holds no access_token.")
    kind, life = found.get("token_type", "bearer"), found.get("expires_in")
    if not isinstance(kind, str) or kind.casefold() != "bearer":
        raise IngestError(f"{where}: the token is of another type than bearer.")
    seconds = _seconds(life)
    return _Token(text, time.monotonic() + max(seconds - EARLY_SECONDS, seconds / 2), cast("Mapping[str, object]", found))


def _seconds(life: object) -> float:
    """The life that a server states, as a number or (PowerSchool) as a text of digits."""
    if isinstance(life, str) and life.isascii() and life.isdigit():
        return float(life)
    return float(life) if isinstance(life, (int, float)) and not isinstance(life, bool) else USUAL_SECONDS
