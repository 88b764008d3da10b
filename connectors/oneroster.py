"""`kind: oneroster`: a OneRoster 1.2 or 1.1 service over REST, read into the catalog's words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

from connectors.http import Answer, Http, HttpPlace
from connectors.http_rules import HTTP_MEMBERS, read_http
from connectors.kind import Origin, PlainKind, Preset
from connectors.mapped import MappedSource
from connectors.oneroster_words import GIVEN, ORG_IDS, STAFF_IDS, Item, Words, preset_of, roster_table
from connectors.place import Place
from connectors.rest_auth import Auth, read_auth, sign_in
from connectors.rest_paging import Got, LinkHeader, Listing, Turn, walk
from connectors.rows import Table
from connectors.secrets import Secrets
from connectors.shapes import ONEROSTER as ONEROSTER_SHAPES
from connectors.source import Known, ResourceRule, Source
from gateway.domain.identifiers import ResourceName
from gateway.domain.yaml_nodes import Entry, NodeReader
from gateway.errors import IngestError

WORDS = ("staff_id", "org_id", "begin_date")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LARGEST_PAGE = 10_000
_GONE = "tobedeleted"


@dataclass(frozen=True)
class OneRosterConnection:
    """A service below its base path (`.../ims/oneroster/rostering/v1p2`), how it is signed in to, the collection that staff are
    read from, and rows a page."""

    place: HttpPlace
    auth: Auth
    users: str = "teachers"
    page_rows: int = 100
    words: Words = field(default_factory=Words)


class OneRosterKind(PlainKind):
    """`kind: oneroster`: nothing to map; `users` is the collection of people, of which those with a role of staff are taken."""

    members = ("auth", "users", "page_rows", *WORDS, *HTTP_MEMBERS)
    required = ("base", "auth")
    shapes = ONEROSTER_SHAPES

    def read(self, reader: NodeReader, top: Mapping[str, Entry], place: Place) -> OneRosterConnection | None:
        http = read_http(reader, top, place)
        auth = read_auth(reader, top["auth"].value, place) if "auth" in top else None
        users = reader.choice(top["users"].value, "users", ("teachers", "users")) if "users" in top else "teachers"
        rows = reader.whole(top["page_rows"].value, "page_rows", 1, _LARGEST_PAGE) if "page_rows" in top else 100
        words = read_words(reader, top)
        if http is None or auth is None or users is None or rows is None or words is None:
            return None
        return OneRosterConnection(http, auth, users, rows, words)

    def read_origin(self, reader: NodeReader, resource: Entry, entries: Mapping[str, Entry]) -> Origin | None:
        return origin_of(reader, resource)

    def preset(self, resource: ResourceName, known: Known) -> Preset | None:
        return preset_of(resource)

    def open(self, source: Source, secrets: Secrets) -> MappedSource:
        return MappedSource(source, OneRosterTables(cast("OneRosterConnection", source.connection), secrets), may_repeat=True)


def read_words(reader: NodeReader, top: Mapping[str, Entry]) -> Words | None:
    """Which identifiers count, and since when roles are held that do not say it."""
    usual = Words()
    staff = reader.choice(top["staff_id"].value, "staff_id", STAFF_IDS) if "staff_id" in top else usual.staff_id
    org = reader.choice(top["org_id"].value, "org_id", ORG_IDS) if "org_id" in top else usual.org_id
    begin = (reader.text(top["begin_date"].value, "begin_date") or "") if "begin_date" in top else ""
    if begin and not _DAY.fullmatch(begin):
        reader.problem(top["begin_date"].value, f'"{begin}" is not a day', "write it as in 2026-08-01")
        return None
    return None if staff is None or org is None else Words(staff, org, begin)


def origin_of(reader: NodeReader, resource: Entry) -> Origin | None:
    """A resource that OneRoster has something for."""
    if resource.name not in GIVEN:
        reader.problem(resource.key, f"OneRoster has nothing for {resource.name}", f"it gives {', '.join(sorted(GIVEN))}")
        return None
    return Origin(resource.name)


@dataclass(frozen=True)
class _Pages(LinkHeader):
    """The header `Link` leads on where there is one; else offsets, until a page is short."""

    limit: int = 100

    def first(self) -> Turn:
        return self._turn(0)

    def after(self, turn: Turn, got: Got) -> Turn | None:
        if got.answer.headers.get("link"):
            return super().after(turn, got)
        return None if got.items < self.limit or turn.link is not None else self._turn(turn.position + got.items)

    def _turn(self, offset: int) -> Turn:
        return Turn(query={"limit": str(self.limit), "offset": str(offset)}, position=offset)


class OneRosterTables:
    """The collections of one service, connected to for as long as one resource is read."""

    def __init__(self, connection: OneRosterConnection, secrets: Secrets) -> None:
        self._connection = connection
        self._secrets = secrets

    @contextmanager
    def open(self, rule: ResourceRule) -> Iterator[Table]:
        signed = sign_in(self._connection.auth, self._secrets)
        with Http(self._connection.place, signed.authorise) as http:
            yield roster_table(rule, _Service(self._connection, http, signed.query), self._connection.words)

    def rows_in(self, rule: ResourceRule) -> int | None:
        return None


class _Service:
    """A connected service, as a `Roster`."""

    def __init__(self, connection: OneRosterConnection, http: Http, query: Mapping[str, str]) -> None:
        self._connection = connection
        self._http = http
        self._query = query

    def users(self) -> Iterator[Item]:
        return self._read(self._connection.users, "users")

    def orgs(self) -> Iterator[Item]:
        return self._read("orgs", "orgs")

    def _read(self, collection: str, wrapped: str) -> Iterator[Item]:
        address = f"{self._connection.place.base.rstrip('/')}/{collection}"
        what = self._http.shown(address)

        def ask(turn: Turn) -> Answer:
            if turn.link is not None:
                return self._http.get(turn.link, params=self._query)
            return self._http.get(address, params={**turn.query, **self._query})

        listing = Listing(wrapped, total_header="x-total-count")
        for page in walk(ask, _Pages(limit=self._connection.page_rows), listing, what):
            for item in page:
                if not isinstance(item, dict):
                    raise IngestError(f"{what}: an item of the list is not an object; the source is not read.")
                if not is_gone(item):
                    yield item


def is_gone(item: Item) -> bool:
    """Whether OneRoster says that it has this no longer."""
    return item.get("status") == _GONE
