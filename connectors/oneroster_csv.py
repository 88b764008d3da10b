"""`kind: oneroster-csv`: OneRoster bundles (zips of CSV files with a manifest), 1.2 and 1.1, whole ones and those of changes.

Each file of a bundle is, by the manifest, all there is (`bulk`), what changed (`delta`) or not there. A sync reads the newest whole
file and over it every later one of changes, so that it does not matter which of them an earlier sync has seen.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import cast

from connectors.base import Connector, Page, PositionExpired
from connectors.file_rules import PlaceAddress, read_place
from connectors.file_source import open_place
from connectors.files import open_file
from connectors.json_rows import Json
from connectors.kind import Origin, PlainKind, Preset
from connectors.mapped import MappedSource
from connectors.oneroster import WORDS, is_gone, origin_of, read_words
from connectors.oneroster_words import Item, Words, preset_of, roster_table
from connectors.place import Place
from connectors.place_rules import read_file, read_limits
from connectors.places import PlacedFile
from connectors.rows import Table, read_rows
from connectors.secrets import Secrets
from connectors.shapes import ONEROSTER_CSV as ONEROSTER_CSV_SHAPES
from connectors.source import ArchiveLimits, Known, ResourceRule, Source
from gateway.domain.identifiers import ResourceName
from gateway.domain.yaml_nodes import Entry, NodeReader
from gateway.errors import IngestError

MANIFEST = "manifest.csv"
MOST_BUNDLES = 400
"""How far back the newest whole one is looked for: more than a year of daily changes."""
_MODES = ("absent", "bulk", "delta")
_VERSIONS = ("1.1", "1.2")


@dataclass(frozen=True)
class BundlesConnection:
    """Where bundles lie and how they are called; the newest by name is the newest."""

    place: PlaceAddress
    bundle: str = "*.zip"
    limits: ArchiveLimits = field(default_factory=ArchiveLimits)
    words: Words = field(default_factory=Words)


class OneRosterCsvKind(PlainKind):
    """`kind: oneroster-csv`: nothing to map."""

    members = ("place", "bundle", "limits", *WORDS)
    required = ("place",)
    shapes = ONEROSTER_CSV_SHAPES

    def read(self, reader: NodeReader, top: Mapping[str, Entry], place: Place) -> BundlesConnection | None:
        where = read_place(reader, top["place"].value, place) if "place" in top else None
        bundle = read_file(reader, top["bundle"].value) if "bundle" in top else "*.zip"
        limits = read_limits(reader, top["limits"].value) if "limits" in top else ArchiveLimits()
        words = read_words(reader, top)
        return None if where is None or bundle is None or words is None else BundlesConnection(where, bundle, limits, words)

    def read_origin(self, reader: NodeReader, resource: Entry, entries: Mapping[str, Entry]) -> Origin | None:
        return origin_of(reader, resource)

    def preset(self, resource: ResourceName, known: Known) -> Preset | None:
        return preset_of(resource)

    def open(self, source: Source, secrets: Secrets) -> Connector:
        return BundleSource(source, secrets)


class BundleSource(MappedSource):
    """One place of bundles. As an `Incremental` source it knows one thing: whether the bundles are those that they were."""

    def __init__(self, source: Source, secrets: Secrets) -> None:
        self._bundles = BundleTables(cast("BundlesConnection", source.connection), secrets)
        super().__init__(source, self._bundles)

    def position(self, resource: ResourceName) -> str:
        return self._bundles.stamp()

    def changes(self, resource: ResourceName, since: str, until: str) -> Iterator[Page]:
        """Nothing, where the bundles are those that were read; else everything is to be pulled."""
        if since != until:
            raise PositionExpired
        return iter(())


class BundleTables:
    """The rows of the bundles of one place."""

    def __init__(self, connection: BundlesConnection, secrets: Secrets) -> None:
        self._connection = connection
        self._place = open_place(connection.place, secrets)

    def names(self) -> Iterator[str]:
        yield from (file.name for file in self._place.files())

    def stamp(self) -> str:
        """What changes when a bundle comes, goes or changes."""
        said = [f"{file.name}|{file.size}|{file.stamp}" for file in self._files()]
        return hashlib.sha256("\n".join(said).encode()).hexdigest()

    def rows_in(self, rule: ResourceRule) -> int | None:
        return None

    @contextmanager
    def open(self, rule: ResourceRule) -> Iterator[Table]:
        with tempfile.TemporaryDirectory(prefix="gateway-source-") as private, ExitStack() as held:
            bundles = _Bundles(self._held(Path(private), held))
            yield roster_table(rule, bundles, self._connection.words)

    def _files(self) -> Sequence[PlacedFile]:
        """The newest first."""
        found = [file for file in self._place.files() if fnmatchcase(file.name, self._connection.bundle)]
        if not found:
            raise IngestError(f"There is no bundle {self._connection.bundle}: check place and bundle in the source file.")
        return sorted(found, key=lambda file: file.name, reverse=True)[:MOST_BUNDLES]

    def _held(self, folder: Path, held: ExitStack) -> Iterator[_Bundle]:
        for file in self._files():
            yield _read_manifest(file.name, held.enter_context(self._place.held(file, folder)), self._connection.limits)


@dataclass(frozen=True)
class _Bundle:
    """A zip: its name, where it is, what its manifest says of each file, and how large it may become."""

    name: str
    path: Path
    version: str
    modes: Mapping[str, str]
    limits: ArchiveLimits

    def rows(self, file: str) -> Iterator[tuple[int, Item]]:
        """The rows of one file by column, each with its line."""
        shown = f"{self.name}/{file}"
        with (
            open_file(self.path, file, self.limits) as stream,
            read_rows(stream, shown, delimiter=",", encoding="utf-8", quoted=True) as table,
        ):
            for row in table.rows:
                if row.fault is not None or len(row.cells) != len(table.header):
                    why = row.fault.reason if row.fault else f"the row has {len(row.cells)} cells, the header {len(table.header)}"
                    raise IngestError(f"{shown}:{row.line}: {why}; the bundle is not read.")
                yield row.line, {name: cell.strip() for name, cell in zip(table.header, row.cells, strict=True)}


class _Bundles:
    """The bundles from the newest back to where every file is whole, as a `Roster`."""

    def __init__(self, newest_first: Iterator[_Bundle]) -> None:
        self._whole: dict[str, _Bundle] = {}
        self._changes: dict[str, list[_Bundle]] = {}
        wanted = ["users", "orgs"]
        for bundle in newest_first:
            if bundle.version == "1.2" and "roles" not in wanted:
                wanted.append("roles")
            for file in wanted:
                if file not in self._whole:
                    self._add(file, bundle)
            if all(file in self._whole for file in wanted):
                return
        missing = ", ".join(f"{file}.csv" for file in wanted if file not in self._whole)
        raise IngestError(f"No bundle has {missing} whole (bulk): ask for a full export once.")

    def _add(self, file: str, bundle: _Bundle) -> None:
        match bundle.modes.get(file, "absent"):
            case "bulk":
                self._whole[file] = bundle
            case "delta":
                self._changes.setdefault(file, []).append(bundle)

    def users(self) -> Iterator[Item]:
        roles: dict[str, list[Json]] = {}
        if "roles" in self._whole:
            for row in self._rows("roles"):
                roles.setdefault(str(row.get("userSourcedId", "")), []).append(_role(row))
        for row in self._rows("users"):
            if "roles" in self._whole:
                yield {**row, "roles": roles.get(str(row["sourcedId"]), [])}
            else:
                listed = str(row.get("orgSourcedIds", "")).split(",")
                yield {**row, "orgs": [{"sourcedId": org.strip()} for org in listed if org.strip()]}

    def orgs(self) -> Iterator[Item]:
        for row in self._rows("orgs"):
            yield {**row, "parent": {"sourcedId": row.get("parentSourcedId", "")}}

    def _rows(self, file: str) -> Iterator[Item]:
        """Those of the whole file with the changes over them; what is gone is left out."""
        changed: dict[str, Item] = {}
        for bundle in self._changes.get(file, ()):
            for row in _identified(bundle, file):
                # The newest comes first.
                changed.setdefault(str(row["sourcedId"]), row)
        for row in _identified(self._whole[file], file):
            newer = changed.pop(str(row["sourcedId"]), row)
            if not is_gone(newer):
                yield newer
        yield from (row for row in changed.values() if not is_gone(row))


def _identified(bundle: _Bundle, file: str) -> Iterator[Item]:
    for number, row in bundle.rows(f"{file}.csv"):
        if not row.get("sourcedId"):
            raise IngestError(f"{bundle.name}/{file}.csv:{number}: the row has no sourcedId; the bundle is not read.")
        yield row


def _role(row: Item) -> Json:
    return {
        "role": row.get("role"),
        "org": {"sourcedId": row.get("orgSourcedId")},
        "beginDate": row.get("beginDate"),
        "endDate": row.get("endDate"),
    }


def _read_manifest(name: str, path: Path, limits: ArchiveLimits) -> _Bundle:
    """Raises IngestError with the line for a mode or a version that there is not."""
    said: dict[str, str] = {}
    shown = f"{name}/{MANIFEST}"
    with (
        open_file(path, MANIFEST, limits) as stream,
        read_rows(stream, shown, delimiter=",", encoding="utf-8", quoted=True) as table,
    ):
        for row in table.rows:
            cells = [cell.strip() for cell in row.cells[:2]]
            if len(cells) == len(("propertyName", "value")):
                if cells[0].startswith("file.") and cells[1] not in _MODES:
                    raise IngestError(f"{shown}:{row.line}: a file is {', '.join(_MODES)}; the bundle is not read.")
                said[cells[0]] = cells[1]
    version = said.get("oneroster.version", "")
    if version not in _VERSIONS:
        raise IngestError(f"{shown} says another version of OneRoster than {' or '.join(_VERSIONS)}; the bundle is not read.")
    modes = {file.removeprefix("file."): mode for file, mode in said.items() if file.startswith("file.")}
    return _Bundle(name, path, version, modes, limits)
