"""The connector for CSV and TSV extracts in a folder or a zip."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import cast

from connectors.files import list_files, open_file
from connectors.kind import Origin, PlainKind
from connectors.mapped import MappedSource
from connectors.place import Place
from connectors.place_rules import read_file, read_limits, read_path
from connectors.rows import Table, read_rows
from connectors.secrets import Secrets
from connectors.shapes import LOCAL as LOCAL_SHAPES
from connectors.source import DELIMITED, ArchiveLimits, LocalFolder, ResourceRule, Source
from gateway.domain.yaml_nodes import Entry, NodeReader

_CHUNK = 1024 * 1024


class DelimitedSource(MappedSource):
    """One source whose records lie in delimited files."""

    def __init__(self, source: Source) -> None:
        super().__init__(source, DelimitedTables(source))


class DelimitedTables:
    """The rows of a source's delimited files."""

    def __init__(self, source: Source) -> None:
        self._folder = cast("LocalFolder", source.connection)
        self._lines: dict[str, int] = {}

    @contextmanager
    def open(self, rule: ResourceRule) -> Iterator[Table]:
        with (
            open_file(self._folder.location, rule.file, self._folder.limits) as stream,
            read_rows(stream, rule.file, delimiter=rule.delimiter, encoding=rule.encoding, quoted=rule.quoted) as table,
        ):
            yield table

    def names(self) -> Iterator[str]:
        """Every file of the folder or zip."""
        yield from list_files(self._folder.location)

    def rows_in(self, rule: ResourceRule) -> int | None:
        """Lines of the file less the header: at least the number of rows, more where a cell spans lines."""
        if rule.file not in self._lines:
            self._lines[rule.file] = self._count_lines(rule.file)
        return max(0, self._lines[rule.file] - 1)

    def _count_lines(self, file: str) -> int:
        lines = 0
        ended = True
        with open_file(self._folder.location, file, self._folder.limits) as stream:
            while chunk := stream.read(_CHUNK):
                lines += chunk.count(b"\n")
                ended = chunk.rstrip(b"\x00").endswith(b"\n")
        return lines if ended else lines + 1


class DelimitedKind(PlainKind):
    """`kind: delimited`: `location` is a folder or a zip, each resource names a `file` in it."""

    members = ("location", "limits")
    required = ("location",)
    resource_members = ("file", *DELIMITED)
    resource_required = ("file",)
    defaults = DELIMITED
    shapes = LOCAL_SHAPES

    def read(self, reader: NodeReader, top: Mapping[str, Entry], place: Place) -> LocalFolder | None:
        location = read_path(reader, top["location"].value, place, "location") if "location" in top else None
        limits = read_limits(reader, top["limits"].value) if "limits" in top else ArchiveLimits()
        return None if location is None else LocalFolder(location, limits)

    def read_origin(self, reader: NodeReader, resource: Entry, entries: Mapping[str, Entry]) -> Origin | None:
        file = read_file(reader, entries["file"].value)
        return None if file is None else Origin(file)

    def open(self, source: Source, secrets: Secrets) -> DelimitedSource:
        return DelimitedSource(source)
