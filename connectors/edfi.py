"""`kind: edfi`: an Ed-Fi API as a source. Its words are the catalog's, so that a resource needs no mapping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

from connectors.base import Page, PositionExpired
from connectors.edfi_api import EdfiApi, EdfiPlace
from connectors.http_rules import HTTP_MEMBERS, read_http
from connectors.json_rows import Json, json_table
from connectors.kind import Origin, PlainKind, Preset
from connectors.mapped import MappedSource, pages_of_changes
from connectors.place import Place
from connectors.rows import Table
from connectors.secrets import SecretRef, Secrets, read_secret, read_text_or_secret, revealed
from connectors.shapes import EDFI as EDFI_SHAPES
from connectors.source import CollectionRule, ColumnRule, Known, ResourceRule, Source
from gateway.domain.identifiers import ElementPath, ResourceName
from gateway.domain.records import Location, RawRecord
from gateway.domain.yaml_nodes import Entry, NodeReader
from gateway.errors import IngestError

_MOST_ROWS, _MOST_PARALLEL = 500, 32
_NOT_RECORDS = frozenset({"id", "_etag", "_lastModifiedDate", "link", "_ext"})
_TPDM = frozenset(
    {
        "candidates",
        "candidateEducatorPreparationProgramAssociations",
        "educatorPreparationPrograms",
        "evaluations",
        "financialAids",
        "performanceEvaluationRatings",
        "surveyResponsePersonTargetAssociations",
    }
)
"""What Data Standard 5 has under `/tpdm`; what it lacks besides (`fieldworkExperiences`, `applications`) it has nowhere."""


@dataclass(frozen=True)
class EdfiConnection:
    """An Ed-Fi API and who asks it."""

    place: EdfiPlace
    key: SecretRef | str
    secret: SecretRef


@dataclass(frozen=True)
class EdfiOrigin:
    """A collection: `path` below the data API (empty: where the data standard has it), and the rows that are asked for."""

    path: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)


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
        rows = reader.whole(top["page_rows"].value, "page_rows", 1, _MOST_ROWS) if "page_rows" in top else _MOST_ROWS
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
    """One Ed-Fi API; an `Incremental` source where it keeps change versions."""

    def __init__(self, source: Source, secrets: Secrets) -> None:
        self._server = _Server(cast("EdfiConnection", source.connection), secrets)
        super().__init__(source, self._server, may_repeat=True)

    def position(self, resource: ResourceName) -> str | None:
        """None where only some rows are asked for: change queries do not tell which left them."""
        if cast("EdfiOrigin", self.rule(resource).origin).filters:
            return None
        with self._server.connected() as api:
            versions = api.newest()
        return None if versions is None else str(versions[1])

    def changes(self, resource: ResourceName, since: str, until: str) -> Iterator[Page]:
        """First the changed keys, then what is new or edited, then what was deleted."""
        with self._server.connected() as api:
            versions = api.newest()
            # A counter that is behind where it was belongs to a server that was set up anew.
            if versions is None or not versions[0] <= int(since) + 1 <= versions[1] + 1:
                raise PositionExpired
            if int(until) > int(since):
                window = {"minChangeVersion": str(int(since) + 1), "maxChangeVersion": until}
                yield from _changes(api, self.rule(resource), window)


def _changes(api: EdfiApi, rule: ResourceRule, window: Mapping[str, str]) -> Iterator[Page]:
    path = path_of(rule, api)
    for found in api.listed(f"{path}/keyChanges", window):
        renamed = [(_keyed(rule, item.get("oldKeyValues")), _keyed(rule, item.get("newKeyValues"))) for item in found]
        yield Page((), (), 0, rekeyed=tuple(renamed))
    table = _table(rule, api, window)
    yield from pages_of_changes(table, rule, ())
    for found in api.listed(f"{path}/deletes", window):
        yield Page((), (), 0, deleted=tuple(_keyed(rule, item.get("keyValues")) for item in found))


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
            yield _table(rule, api, {})

    def rows_in(self, rule: ResourceRule) -> int | None:
        return None


def path_of(rule: ResourceRule, api: EdfiApi) -> str:
    """Where the data standard of a server has a resource, unless the source file says it."""
    said = cast("EdfiOrigin", rule.origin).path
    return said or f"{'tpdm' if api.discovery.has_tpdm and rule.resource in _TPDM else 'ed-fi'}/{rule.resource}"


def _table(rule: ResourceRule, api: EdfiApi, window: Mapping[str, str]) -> Table:
    filters = {**cast("EdfiOrigin", rule.origin).filters, **window}
    items = (item for page in api.collection(path_of(rule, api), filters) for item in page)
    return json_table(rule, ((number, _plain(item)) for number, item in enumerate(items, start=1)))


def _plain(item: dict[str, Json]) -> Json:
    """The record alone: without the server's own members, an extension's members beside the core's, and what Data Standard 5 calls
    otherwise under its later name."""
    extensions = item.get("_ext")
    found = {name: value for name, value in item.items() if name not in _NOT_RECORDS}
    if isinstance(extensions, dict):
        for extension in extensions.values():
            if isinstance(extension, dict):
                found = {**extension, **found}
    results = found.get("results")
    if isinstance(results, list):
        found["results"] = [_later_words(result) for result in results]
    return found


def _later_words(result: Json) -> Json:
    if isinstance(result, dict) and "rating" in result and "numericRating" not in result:
        return {**result, "numericRating": result["rating"]}
    return result


def _keyed(rule: ResourceRule, values: Json) -> RawRecord:
    """The record that the key values of a delete or a changed key name: each value goes to the element of the identity that ends
    with its name."""
    if not isinstance(values, dict):
        raise IngestError(f"{rule.file}: a delete or a changed key says nothing of the record's key; pull everything: --whole.")
    named = {name.casefold(): value for name, value in values.items()}
    elements: dict[ElementPath, str] = {}
    for path in rule.identity:
        steps = path.casefold().split(".")
        value = named.get(steps[-1], named.get("".join(steps).replace("reference", "")))
        if not isinstance(value, (str, int)) or isinstance(value, bool):
            raise IngestError(f"{rule.file}: a delete or a changed key does not say the record's {path}; pull everything: --whole.")
        elements[ElementPath(path)] = str(value)
    return RawRecord(rule.resource, Location(rule.file, 0), elements)
