"""Speak to a OneRoster server (1.1, 1.2): whole collections, page by page, as many records as the server says there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from connectors.http import Answer, Http, HttpPlace
from connectors.json_rows import Json
from connectors.rest_auth import Auth, sign_in
from connectors.rest_paging import Got, LinkHeader, Listing, Turn, walk
from connectors.secrets import Secrets
from gateway.errors import IngestError

Version = Literal["1.1", "1.2"]
PATHS: Mapping[Version, str] = {"1.1": "ims/oneroster/v1p1", "1.2": "ims/oneroster/rostering/v1p2"}
"""Where a server has its rosters unless the source file says otherwise."""
SCOPE = "https://purl.imsglobal.org/spec/or/v1p2/scope/roster-core.readonly"
"""What a client of 1.2 asks for unless the source file says otherwise: no demographics, no single class's students."""
_TOTAL = "x-total-count"
_MOST_DIGITS = 18


@dataclass(frozen=True)
class OneRosterPlace:
    """A server, the path of its rosters below its address, how it is signed in to, and how many records a page shall have."""

    http: HttpPlace
    path: str
    auth: Auth
    page_rows: int = 500


class OneRosterApi:
    """One server. Raises IngestError wherever it does not answer as OneRoster says."""

    def __init__(self, place: OneRosterPlace, secrets: Secrets) -> None:
        signed = sign_in(place.auth, secrets)
        self._place = place
        self._http = Http(place.http, signed.authorise)

    def __enter__(self) -> OneRosterApi:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.__exit__()

    def collection(self, name: str, chosen: str = "") -> Iterator[Json]:
        """Every object of a collection, or those that a OneRoster filter chooses.

        Raises IngestError, at the latest after the last object, when the server gave more or fewer than it says there are.
        """
        address = f"{self._place.http.base.rstrip('/')}/{self._place.path}/{name}"
        said = {"filter": chosen} if chosen else {}
        count, total = 0, None

        def ask(turn: Turn) -> Answer:
            nonlocal total
            if turn.link is not None:
                answer = self._http.send("GET", turn.link)
            else:
                answer = self._http.send("GET", address, params={**said, **turn.query})
            total = _same(total, stated(answer, name), name)
            return answer

        for items in walk(ask, LinkOrOffset(self._place.page_rows), Listing(name), name):
            count += len(items)
            yield from items
        if total is not None and count != total:
            raise IngestError(f"{name}: the source says that it has {total} records, and gave {count}; the source is not read.")


@dataclass(frozen=True)
class LinkOrOffset:
    """By the header `Link` where the server sends one. Else by offsets, until as many records came as the server says there are;
    where it does not say, until a page is empty or shorter than the first: the first may be shorter than asked for itself,
    because a server may give less."""

    limit: int

    def first(self) -> Turn:
        return self._turn(0, 0)

    def after(self, turn: Turn, got: Got) -> Turn | None:
        if turn.link is not None or got.answer.headers.get("link"):
            return LinkHeader().after(turn, got)
        reached, size, total = turn.position + got.items, turn.size or got.items, stated(got.answer, got.what)
        ended = got.items < size if total is None else reached >= total
        return None if ended or not got.items else self._turn(reached, size)

    def _turn(self, offset: int, size: int) -> Turn:
        return Turn({"limit": str(self.limit), "offset": str(offset)}, position=offset, size=size)


def stated(answer: Answer, what: str) -> int | None:
    """How many records there are in all by the header `X-Total-Count`; None where it is not sent."""
    text = answer.headers.get(_TOTAL, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise IngestError(f"{what}: the header X-Total-Count is not a whole number; the source is not read.")
    return int(text)


def _same(before: int | None, now: int | None, what: str) -> int | None:
    if None not in (before, now) and before != now:
        raise IngestError(f"{what}: the source had {before} records, then {now}: it changed while it was read. Sync again.")
    return before if now is None else now
