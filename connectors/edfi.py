"""`kind: edfi`: an Ed-Fi API as a source. Its words are the catalog's, so that a resource needs no mapping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import cast

from connectors.base import Page
from connectors.edfi_api import EdfiApi, EdfiPlace
from connectors.edfi_changes import changes, tells_changes
from connectors.edfi_origin import EdfiOrigin, items, path_of, records
from connectors.http_rules import HTTP_MEMBERS, read_http
from connectors.json_rows import leaves
from connectors.kind import Origin, PlainKind, Preset
from connectors.mapped import MappedSource
from connectors.place import Place
from connectors.rows import Table
from connectors.secrets import SecretRef, Secrets, read_secret, read_text_or_secret, revealed
from connectors.shapes import EDFI as EDFI_SHAPES
from connectors.source import CollectionRule, ColumnRule, Known, ResourceRule, Source
from gateway.domain.identifiers import ResourceName
from gateway.domain.yaml_nodes import Entry, NodeReader

_FEWEST_ROWS, _MOST_ROWS, _MOST_PARALLEL = 2, 500, 32


@dataclass(frozen=True)
class EdfiConnection:
    """An Ed-Fi API and who asks it."""

    place: EdfiPlace
    key: SecretRef | str
    secret: SecretRef


class EdfiKind(PlainKind):
    """`kind: edfi`."""

    members = ("key", "secret", "page_rows", "parallel", "snapshot", *HTTP_MEMBERS)
    required = ("base", "key", "secret")
    resource_members = ("path", "filter")
    each = True
    shapes = EDFI_SHAPES

    def read(self, reader: NodeReader, top: Mapping[str, Entry], place: Place) -> EdfiConnection | None:
        http = read_http(reader, top, place)
        key = read_text_or_secret(reader, top["key"].value, "key", place) if "key" in top else None
        secret = read_secret(reader, top["secret"].value, "secret", place) if "secret" in top else None
        rows = reader.whole(top["page_rows"].value, "page_rows", _FEWEST_ROWS, _MOST_ROWS) if "page_rows" in top else _MOST_ROWS
        at_once = reader.whole(top["parallel"].value, "parallel", 1, _MOST_PARALLEL) if "parallel" in top else EdfiPlace.parallel
        snapshot = reader.flag(top["snapshot"].value, "snapshot") if "snapshot" in top else False
        if http is None or key is None or secret is None or rows is None or at_once is None or snapshot is None:
            return None
        return EdfiConnection(EdfiPlace(http, rows, at_once, snapshot), key, secret)

    def read_origin(self, reader: NodeReader, resource: Entry, entries: Mapping[str, Entry]) -> Origin | None:
        path = reader.words(entries["path"].value, "path") if "path" in entries else ""
        listed = reader.entries(entries["filter"].value, "filter").values() if "filter" in entries else ()
        filters = {entry.name: reader.text(entry.value, entry.name) or "" for entry in listed}
        if path is None:
            return None
        return Origin(path or resource.name, EdfiOrigin(path.strip("/"), filters))

    def preset(self, resource: ResourceName, known: Known) -> Preset:
        """Each element under its own path."""
        return Preset(
            columns=tuple(ColumnRule(path, (path,)) for path in sorted(known.elements)),
            collections=tuple(
                CollectionRule(name, tuple(ColumnRule(path, (path,)) for path in sorted(paths)), each=name)
                for name, paths in sorted(known.collections.items())
            ),
        )

    def open(self, source: Source, secrets: Secrets) -> EdfiSource:
        return EdfiSource(source, secrets)


class EdfiSource(MappedSource):
    """One Ed-Fi API; an `Incremental` source where it keeps change versions, and `Probing`."""

    def __init__(self, source: Source, secrets: Secrets) -> None:
        self._server = _Server(cast("EdfiConnection", source.connection), secrets)
        super().__init__(source, self._server, may_repeat=True)

    def position(self, resource: ResourceName) -> str | None:
        if not tells_changes(self.rule(resource)):
            return None
        with self._server.connected() as api:
            versions = api.newest()
        return None if versions is None else str(versions[1])

    def changes(self, resource: ResourceName, since: str, until: str) -> Iterator[Page]:
        """As `Incremental.changes`."""
        with self._server.connected() as api:
            yield from changes(api, self.rule(resource), int(since), int(until), self.watched)

    def offers(self) -> Iterator[str]:
        """Every collection of the server; those that the source file reads by the names that it has for them."""
        with self._server.connected() as api:
            read = {path_of(rule, api): rule.file for rule in self._source.every_rule()}
            offered = api.offered()
            yield from read.values() if offered is None else (read.get(path, path) for path in offered)

    def sample(self, resource: ResourceName, most: int) -> Mapping[str, Sequence[str]]:
        """As `Probing.sample`: the catalog's elements, and beside them what else the objects hold, by its path."""
        rule = self.rule(resource)
        with self._server.connected() as api:
            found = [leaves(item) for item in islice(items(rule, api, {}), most)]
        names = dict.fromkeys((*rule.header_names(), *(name for texts in found for name in texts)))
        return {name: [texts.get(name, "") for texts in found] for name in names}


class _Server:
    """The tables of one API, connected to for as long as one is read."""

    def __init__(self, connection: EdfiConnection, secrets: Secrets) -> None:
        self._connection = connection
        self._secrets = secrets

    def connected(self) -> EdfiApi:
        key = revealed(self._connection.key, self._secrets)
        return EdfiApi(self._connection.place, key, self._secrets(self._connection.secret))

    @contextmanager
    def open(self, rule: ResourceRule) -> Iterator[Table]:
        with self.connected() as api:
            yield records(rule, api, {})

    def rows_in(self, rule: ResourceRule) -> int | None:
        return None
