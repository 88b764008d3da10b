"""`kind: oneroster`: a OneRoster 1.1 or 1.2 server as a source of staff, schools, districts, assignments, sections and who
teaches them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import cast

from connectors.http_rules import HTTP_MEMBERS, read_http
from connectors.json_rows import Json
from connectors.kind import Origin, PlainKind, Preset
from connectors.mapped import MappedSource
from connectors.oneroster_api import PATHS, SCOPE, OneRosterApi, OneRosterPlace, Version
from connectors.oneroster_presets import ASSIGNMENTS, SECTIONS, STAFFS, TEACHING, preset
from connectors.oneroster_rows import Item, RosterTables, roles_of_users
from connectors.oneroster_rules import FILTERED, WORDING_MEMBERS, read_resource_origin, read_wording
from connectors.oneroster_words import Trouble, Wording, later_user
from connectors.place import Place
from connectors.rest_auth import OAuth2, read_auth
from connectors.secrets import Secrets
from connectors.shapes import ONEROSTER as ONEROSTER_SHAPES
from connectors.source import Known, ResourceRule, Source
from gateway.domain.identifiers import ResourceName
from gateway.domain.yaml_nodes import Entry, NodeReader

_WAYS = ("oauth2", "oauth1", "bearer")
_MOST_ROWS = 10_000
_NAMES = {STAFFS: "users", ASSIGNMENTS: "users.roles", SECTIONS: "classes", TEACHING: "enrollments"}
"""What rows are called in messages; those of orgs are `orgs`."""


@dataclass(frozen=True)
class OneRosterConnection:
    """A OneRoster server and how its words are taken."""

    place: OneRosterPlace
    wording: Wording


class OneRosterKind(PlainKind):
    """`kind: oneroster`."""

    members = ("oneroster", "path", "auth", "page_rows", *WORDING_MEMBERS, *HTTP_MEMBERS)
    required = ("base", "auth")
    resource_members = ("filter",)
    each = True
    shapes = ONEROSTER_SHAPES

    def read(self, reader: NodeReader, top: Mapping[str, Entry], place: Place) -> OneRosterConnection | None:
        http = read_http(reader, top, place)
        said = reader.choice(top["oneroster"].value, "oneroster", tuple(PATHS)) if "oneroster" in top else "1.2"
        path = reader.words(top["path"].value, "path") if "path" in top else None
        auth = read_auth(reader, top["auth"].value, place, _WAYS) if "auth" in top else None
        rows = reader.whole(top["page_rows"].value, "page_rows", 1, _MOST_ROWS) if "page_rows" in top else OneRosterPlace.page_rows
        wording = read_wording(reader, top)
        if path is not None and ("://" in path or "?" in path or "#" in path):
            reader.problem(top["path"].value, "path is what comes after the base", "write the address of the server under base")
        if http is None or said is None or auth is None or rows is None:
            return None
        version = cast("Version", said)
        if version == "1.1" and wording.staff_id == "userMasterIdentifier":
            reader.problem(top["staff_id"].value, "OneRoster 1.1 has no userMasterIdentifier", "write identifier or sourcedId")
        if isinstance(auth, OAuth2) and not auth.scope and version == "1.2":
            auth = replace(auth, scope=SCOPE)
        return OneRosterConnection(OneRosterPlace(http, (path or PATHS[version]).strip("/"), auth, rows), wording)

    def read_origin(self, reader: NodeReader, resource: Entry, entries: Mapping[str, Entry]) -> Origin | None:
        chosen = (reader.words(entries["filter"].value, "filter") or "") if "filter" in entries else ""
        if chosen and resource.name not in FILTERED:
            reason = "filter chooses users and enrolments, and this resource is made of orgs or classes"
            reader.problem(entries["filter"].key, reason, "take it out")
        return read_resource_origin(reader, resource, _NAMES.get(ResourceName(resource.name), "orgs"), chosen)

    def preset(self, resource: ResourceName, known: Known) -> Preset | None:
        return preset(resource)

    def open(self, source: Source, secrets: Secrets) -> MappedSource:
        connection = cast("OneRosterConnection", source.connection)

        @contextmanager
        def opened(rule: ResourceRule) -> Iterator[RestRoster]:
            with OneRosterApi(connection.place, secrets) as api:
                yield RestRoster(api, {FILTERED[rule.resource]: cast("str", rule.origin)} if rule.origin else {})

        return MappedSource(source, RosterTables(opened, connection.wording), may_repeat=True)


class RestRoster:
    """A roster over HTTP. Users of 1.1 come as those of 1.2 whatever version the source file says: some servers say one and
    speak the other."""

    def __init__(self, api: OneRosterApi, chosen: Mapping[str, str]) -> None:
        """`chosen` are filters by the collection that they choose from."""
        self._api = api
        self._chosen = chosen

    def orgs(self) -> Iterator[Item]:
        yield from self._collection("orgs")

    def users(self) -> Iterator[Item]:
        for item in self._collection("users"):
            yield replace(item, found=later_user(item.found))

    def roles(self) -> Iterator[Item]:
        yield from roles_of_users(self.users())

    def classes(self) -> Iterator[Item]:
        yield from self._collection("classes")

    def courses(self) -> Iterator[Item]:
        yield from self._collection("courses")

    def sessions(self) -> Iterator[Item]:
        yield from self._collection("academicSessions")

    def enrolments(self) -> Iterator[Item]:
        yield from self._collection("enrollments")

    def _collection(self, name: str) -> Iterator[Item]:
        yield from _numbered(self._api.collection(name, self._chosen.get(name, "")))


def _numbered(found: Iterator[Json]) -> Iterator[Item]:
    for number, item in enumerate(found, start=1):
        if isinstance(item, dict) and item:
            yield Item(number, item)
        else:
            yield Item(number, {}, Trouble("not_an_object", "an item of the list is not an object"))
