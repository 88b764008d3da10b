"""`kind: rest`: any source that answers with JSON; its source file says the paths, how to sign in and how to page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import parse_qs, urlsplit

from connectors.http import Answer, Http, HttpPlace
from connectors.http_rules import HTTP_MEMBERS, read_http
from connectors.json_rows import Json, json_table
from connectors.kind import Origin, PlainKind
from connectors.mapped import MappedSource
from connectors.place import Place
from connectors.rest_auth import Auth, SignIn, read_auth, sign_in
from connectors.rest_paging import Turn, walk
from connectors.rest_rules import REQUEST_MEMBERS, RestOrigin, read_headers, read_request
from connectors.rows import Table
from connectors.secrets import Secrets
from connectors.shapes import REST as REST_SHAPES
from connectors.source import ResourceRule, Source
from gateway.domain.yaml_nodes import Entry, NodeReader


@dataclass(frozen=True)
class RestConnection:
    """Where a source is, how it is signed in to, and what every request has in its head."""

    place: HttpPlace
    auth: Auth | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class RestKind(PlainKind):
    """`kind: rest`."""

    members = ("auth", "headers", *HTTP_MEMBERS)
    required = ("base",)
    resource_members = REQUEST_MEMBERS
    resource_required = ("path", "paging")
    each = True
    shapes = REST_SHAPES

    def read(self, reader: NodeReader, top: Mapping[str, Entry], place: Place) -> RestConnection | None:
        http = read_http(reader, top, place)
        auth = read_auth(reader, top["auth"].value, place) if "auth" in top else None
        headers = read_headers(reader, top["headers"].value, place) if "headers" in top else {}
        if http is None or ("auth" in top and auth is None):
            return None
        return RestConnection(http, auth, headers)

    def read_origin(self, reader: NodeReader, resource: Entry, entries: Mapping[str, Entry]) -> Origin | None:
        request = read_request(reader, entries)
        if request is None:
            return None
        # One path may give several resources, told apart by what is asked of it.
        plain = not request.query and request.body is None
        return Origin(request.path if plain else f"{request.path} ({resource.name})", request)

    def open(self, source: Source, secrets: Secrets) -> MappedSource:
        return MappedSource(source, RestTables(cast("RestConnection", source.connection), secrets), may_repeat=True)


class RestTables:
    """The lists of one source, connected to for as long as one is read."""

    def __init__(self, connection: RestConnection, secrets: Secrets) -> None:
        self._connection = connection
        self._secrets = secrets

    @contextmanager
    def open(self, rule: ResourceRule) -> Iterator[Table]:
        signed = sign_in(self._connection.auth, self._secrets)
        with Http(self._connection.place, signed.authorise) as http:
            yield json_table(rule, enumerate(self._items(http, signed, rule), start=1))

    def rows_in(self, rule: ResourceRule) -> int | None:
        return None

    def _items(self, http: Http, signed: SignIn, rule: ResourceRule) -> Iterator[Json]:
        origin = cast("RestOrigin", rule.origin)
        base = self._connection.place.base if signed.base is None else signed.base(http)
        address = f"{base.rstrip('/')}/{origin.path}"

        def ask(turn: Turn) -> Answer:
            if turn.link is not None:
                known = parse_qs(urlsplit(turn.link).query, keep_blank_values=True)
                own = {name: value for name, value in signed.query.items() if name not in known}
                return http.send("GET", turn.link, params=own, headers=self._connection.headers)
            body = None if origin.method == "GET" else {**(origin.body or {}), **turn.body}
            return http.send(
                origin.method,
                address,
                params={**origin.query, **turn.query, **signed.query},
                headers=self._connection.headers,
                json=body,
            )

        for items in walk(ask, origin.paging, origin.listing, rule.file):
            yield from items
