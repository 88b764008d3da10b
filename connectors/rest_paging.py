"""Walk through the pages of a REST collection to its end: a walk that repeats itself or falls short is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Literal, Protocol

import httpx
import orjson

from connectors.http import Answer
from connectors.http_request import joined
from connectors.json_rows import Json, at_path
from gateway.errors import IngestError

Where = Literal["query", "body"]
MOST_PAGES = 100_000
"""No list has more; one that does goes on for ever."""


_MOST_DIGITS = 18


@dataclass(frozen=True)
class Turn:
    """What one request has beside what the resource says: members of its query and its body, or (`link`) an address in place of
    all that. `size` is how many items the first page had, for a way of paging that wants to know."""

    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Json] = field(default_factory=dict)
    link: str | None = None
    position: int = 0
    size: int = 0


@dataclass(frozen=True)
class Got:
    """One answer: what its JSON says, how many items it lists, and of what (for messages)."""

    answer: Answer
    found: Json
    items: int
    what: str


class Paging(Protocol):
    """How a source hands out a list in pages."""

    def first(self) -> Turn: ...

    def after(self, turn: Turn, got: Got) -> Turn | None:
        """What to ask next; None at the end. Raises IngestError when the answer does not say."""
        ...


@dataclass(frozen=True)
class NoPages:
    """One answer holds everything."""

    def first(self) -> Turn:
        return Turn()

    def after(self, turn: Turn, got: Got) -> Turn | None:
        return None


@dataclass(frozen=True)
class Numbered:
    """Pages by their number. A short page is not the end, because a server may give less than is asked for: an empty one is, or
    (`pages`: a path in the answer) the last of as many as the server says there are."""

    param: str
    size_param: str = ""
    size: int = 0
    start: int = 1
    where: Where = "query"
    pages: str = ""

    def first(self) -> Turn:
        return self._turn(self.start)

    def after(self, turn: Turn, got: Got) -> Turn | None:
        read = turn.position - self.start + 1
        ended = read >= _number(got.found, self.pages, got.what) if self.pages else got.items == 0
        return None if ended else self._turn(turn.position + 1)

    def _turn(self, number: int) -> Turn:
        said: dict[str, int] = {self.param: number}
        if self.size_param:
            said[self.size_param] = self.size
        return _placed(said, self.where, number)


@dataclass(frozen=True)
class Offset:
    """Rows by how many come before them; the next offset counts what came, not what was asked for. An empty page is the end."""

    param: str
    limit_param: str = ""
    limit: int = 0
    start: int = 0
    where: Where = "query"

    def first(self) -> Turn:
        return self._turn(self.start)

    def after(self, turn: Turn, got: Got) -> Turn | None:
        return None if got.items == 0 else self._turn(turn.position + got.items)

    def _turn(self, offset: int) -> Turn:
        said: dict[str, int] = {self.param: offset}
        if self.limit_param:
            said[self.limit_param] = self.limit
        return _placed(said, self.where, offset)


@dataclass(frozen=True)
class NextLink:
    """The answer holds the address of the next page at `path`; `done` is the path of a flag that says whether it was the last."""

    path: str
    done: str = ""

    def first(self) -> Turn:
        return Turn()

    def after(self, turn: Turn, got: Got) -> Turn | None:
        link = _next(got, self.path, self.done)
        return None if link is None else Turn(link=joined(got.answer.url, link))


@dataclass(frozen=True)
class LinkHeader:
    """The header `Link` holds the address of the next page (RFC 8288)."""

    def first(self) -> Turn:
        return Turn()

    def after(self, turn: Turn, got: Got) -> Turn | None:
        links = httpx.Response(200, headers={"link": got.answer.headers.get("link", "")}).links.values()
        found = [link["url"] for link in links if "next" in link.get("rel", "").casefold().split()]
        return Turn(link=joined(got.answer.url, found[0])) if found else None


@dataclass(frozen=True)
class Cursor:
    """The answer holds at `path` what to send as `param` for the next page; `done` as for a link."""

    path: str
    param: str
    where: Where = "query"
    done: str = ""

    def first(self) -> Turn:
        return Turn()

    def after(self, turn: Turn, got: Got) -> Turn | None:
        cursor = _next(got, self.path, self.done)
        return None if cursor is None else _placed({self.param: cursor}, self.where, 0)


@dataclass(frozen=True)
class Listing:
    """Where an answer has its list (empty: it is one), whether an empty list is left out of it, and where it says how many items
    there are in all (empty: it does not)."""

    items: str = ""
    may_lack: bool = False
    total: str = ""


def walk(ask: Callable[[Turn], Answer], paging: Paging, listing: Listing, what: str) -> Iterator[list[Json]]:
    """The items of every page. `what` names the resource in messages.

    Raises IngestError, so that nothing is promoted, when an answer has no list, a page or an address comes twice, the walk has no
    end, or fewer items came than the source said there are.
    """
    turn: Turn | None = paging.first()
    asked: set[bytes] = set()
    seen: set[bytes] = set()
    count, total = 0, None
    while turn is not None:
        _once(asked, [turn.query, turn.body, turn.link], f"{what}: the source leads back to a page that was read")
        if len(asked) > MOST_PAGES:
            raise IngestError(f"{what}: the source has more than {MOST_PAGES} pages; ask for larger ones, if it has that many.")
        answer = ask(turn)
        found = answer.json(what)
        items = _listed(found, listing, what)
        if items:
            _once(seen, items, f"{what}: the source gave the same page twice; does it know the parameters of paging?")
        if listing.total:
            total = _number(found, listing.total, what)
        yield items
        count += len(items)
        turn = paging.after(turn, Got(answer, found, len(items), what))
    if total is not None and count < total:
        raise IngestError(f"{what}: the source says that it has {total} items, and gave {count}; the source is not read.")


def _once(known: set[bytes], said: object, message: str) -> None:
    try:
        mark = blake2b(orjson.dumps(said), digest_size=16).digest()
    except orjson.JSONEncodeError:
        raise IngestError("An answer is nested too deeply; the source is not read.") from None
    if mark in known:
        raise IngestError(f"{message}; it is not read.")
    known.add(mark)


def _listed(found: Json, listing: Listing, what: str) -> list[Json]:
    items = at_path(found, listing.items)
    if isinstance(items, list):
        return items
    if items is None and listing.may_lack and isinstance(found, dict):
        return []
    if isinstance(items, dict) and listing.items:
        # PowerSchool and others that make JSON of XML write a list of one as the one.
        return [items]
    where = f"at {listing.items}" if listing.items else "of its own; name the path of the list as items"
    raise IngestError(f"{what}: the answer has no list {where}; the source is not read.")


def _number(found: Json, path: str, what: str) -> int:
    number = at_path(found, path)
    if isinstance(number, str) and number.isascii() and number.isdigit() and len(number) <= _MOST_DIGITS:
        number = int(number)
    if not isinstance(number, int) or isinstance(number, bool):
        raise IngestError(f"{what}: the answer has no whole number at {path}; the source is not read.")
    return number


def _next(got: Got, path: str, done: str) -> str | None:
    """The link or cursor at a path, None at the end."""
    said = at_path(got.found, path)
    if isinstance(said, bool) or not isinstance(said, (str, int, type(None))):
        raise IngestError(f"{got.what}: the answer has no text at {path} to find the next page by; the source is not read.")
    text = "" if said is None else str(said)
    if not done:
        return text or None
    ended = at_path(got.found, done)
    if not isinstance(ended, bool):
        raise IngestError(f"{got.what}: the answer has neither true nor false at {done}; the source is not read.")
    if not ended and not text:
        raise IngestError(f"{got.what}: the answer says that more comes, and nothing at {path} says where; the source is not read.")
    return None if ended else text


def _placed(said: Mapping[str, int] | Mapping[str, str], where: Where, position: int) -> Turn:
    if where == "body":
        return Turn(body=dict(said), position=position)
    return Turn(query={name: str(value) for name, value in said.items()}, position=position)
