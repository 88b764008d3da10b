"""`kind: oneroster-csv`: OneRoster 1.1 and 1.2 CSV bundles in a folder, on an SFTP server or in a bucket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from connectors.base import Page, PositionExpired
from connectors.file_rules import FilesConnection, read_files
from connectors.file_source import open_place
from connectors.kind import Origin, PlainKind, Preset
from connectors.mapped import MappedSource
from connectors.oneroster_bundles import MANIFEST, ZIP, Shelf
from connectors.oneroster_presets import ASSIGNMENTS, SECTIONS, STAFFS, TEACHING, preset
from connectors.oneroster_records import CsvRoster
from connectors.oneroster_rows import RosterTables
from connectors.oneroster_rules import WORDING_MEMBERS, read_resource_origin, read_wording
from connectors.oneroster_words import Wording
from connectors.place import Place
from connectors.place_rules import read_file, read_limits
from connectors.secrets import Secrets
from connectors.shapes import ONEROSTER_CSV as ONEROSTER_CSV_SHAPES
from connectors.source import ArchiveLimits, Known, ResourceRule, Source
from gateway.domain.identifiers import ResourceName
from gateway.domain.yaml_nodes import Entry, NodeReader

_NAMES = {STAFFS: "users.csv", ASSIGNMENTS: "roles", SECTIONS: "classes.csv", TEACHING: "enrollments.csv"}
"""What rows are called in messages; those of orgs are `orgs.csv`. Only 1.2 has a file of roles."""


@dataclass(frozen=True)
class CsvConnection:
    """Where bundles lie, which they are, what a zip may unpack to, and how their words are taken."""

    files: FilesConnection
    bundle: str
    limits: ArchiveLimits
    wording: Wording


class OneRosterCsvKind(PlainKind):
    """`kind: oneroster-csv`."""

    members = ("place", "bundle", "limits", *WORDING_MEMBERS)
    required = ("place", "bundle")
    each = True
    shapes = ONEROSTER_CSV_SHAPES

    def read(self, reader: NodeReader, top: Mapping[str, Entry], place: Place) -> CsvConnection | None:
        files = read_files(reader, {"place": top["place"]}, place) if "place" in top else None
        bundle = read_file(reader, top["bundle"].value) if "bundle" in top else None
        limits = read_limits(reader, top["limits"].value) if "limits" in top else ArchiveLimits()
        wording = read_wording(reader, top)
        if bundle is not None and not bundle.endswith((ZIP, MANIFEST)):
            reader.problem(top["bundle"].value, f"bundle must end with {ZIP} or {MANIFEST}", 'write "oneroster-*.zip"')
            return None
        return None if files is None or bundle is None else CsvConnection(files, bundle, limits, wording)

    def read_origin(self, reader: NodeReader, resource: Entry, entries: Mapping[str, Entry]) -> Origin | None:
        return read_resource_origin(reader, resource, _NAMES.get(ResourceName(resource.name), "orgs.csv"), None)

    def preset(self, resource: ResourceName, known: Known) -> Preset | None:
        return preset(resource)

    def open(self, source: Source, secrets: Secrets) -> CsvSource:
        return CsvSource(source, secrets)


class CsvSource(MappedSource):
    """Bundles of one place. Changes are applied to the whole that they go with before anything is mapped, because a change names a
    user's school or a role's user by a sourcedId that the changes alone do not explain. So as an `Incremental` source it knows
    one thing: whether the bundles are those that they were."""

    def __init__(self, source: Source, secrets: Secrets) -> None:
        connection = cast("CsvConnection", source.connection)
        self._shelf = Shelf(open_place(connection.files.place, secrets), connection.bundle, connection.limits)

        @contextmanager
        def opened(_: ResourceRule) -> Iterator[CsvRoster]:
            with self._shelf.opened() as bundles:
                yield CsvRoster(bundles, connection.wording)

        super().__init__(source, RosterTables(opened, connection.wording))

    def offers(self) -> Iterator[str]:
        yield from self._shelf.names()

    def position(self, resource: ResourceName) -> str:
        return self._shelf.stamp()

    def changes(self, resource: ResourceName, since: str, until: str) -> Iterator[Page]:
        """Nothing, where the bundles are those that were read; else everything is to be pulled."""
        if since != until:
            raise PositionExpired
        return iter(())
