"""`kind: files`: files of five formats in a folder, on an SFTP server or in a bucket; nothing is changed there unless the source
file says what becomes of files `after` they were read."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import cast

from connectors.base import Connector, Page, PositionExpired
from connectors.file_formats import format_of
from connectors.file_rules import FileOrigin, FilesConnection, PlaceAddress, read_file_origin, read_files
from connectors.file_sets import check_digest, choose, is_none_there, read_manifest, superseded
from connectors.formats import open_table
from connectors.kind import Origin, PlainKind
from connectors.mapped import MappedSource
from connectors.pgp import ENDINGS as ENCRYPTED
from connectors.pgp import decrypted
from connectors.place import Place
from connectors.places import FilePlace, LocalPlace, PlacedFile
from connectors.rows import Table
from connectors.s3 import Bucket, S3Place
from connectors.secrets import Secrets
from connectors.sftp import SftpAddress, SftpPlace
from connectors.shapes import FILES as FILES_SHAPES
from connectors.source import DELIMITED, ResourceRule, Source
from gateway.domain.identifiers import ResourceName
from gateway.domain.rights import RightsKind
from gateway.domain.yaml_nodes import Entry, NodeReader
from gateway.errors import IngestError

CLEARED = "cleared"
"""The position where files are taken away after they were read, and none have come since."""


class FilesKind(PlainKind):
    """`kind: files`: `place` says where; each resource names a `file`, by a glob or with `{set}`."""

    members = ("place", "set", "pgp", "after")
    required = ("place",)
    resource_members = ("file", "format", "sheet", *DELIMITED)
    resource_required = ("file",)
    defaults = DELIMITED
    each = True
    shapes = FILES_SHAPES

    def read(self, reader: NodeReader, top: Mapping[str, Entry], place: Place) -> FilesConnection | None:
        return read_files(reader, top, place)

    def read_origin(self, reader: NodeReader, resource: Entry, entries: Mapping[str, Entry]) -> Origin | None:
        return read_file_origin(reader, entries)

    def open(self, source: Source, secrets: Secrets) -> Connector:
        return FileSource(source, secrets)


class FileSource(MappedSource):
    """One place of files, looked at once: each sync opens its own. As an `Incremental` source it knows one thing: whether a
    resource's file is the one that it was. As a `Settling` one it deletes or moves what was read, and is `CLEARED` until more
    comes."""

    def __init__(self, source: Source, secrets: Secrets) -> None:
        self._files = PlacedTables(source, secrets)
        super().__init__(source, self._files)

    def position(self, resource: ResourceName) -> str:
        return CLEARED if self._files.is_cleared() else self._files.stamp(self.rule(resource))

    def changes(self, resource: ResourceName, since: str, until: str) -> Iterator[Page]:
        """Nothing, where the file is the one that was read or has not come yet; else everything is to be pulled."""
        if until not in (since, CLEARED):
            raise PositionExpired
        return iter(())

    def rights(self) -> tuple[tuple[RightsKind, ResourceName], ...]:
        return () if self._files.is_cleared() else super().rights()

    def unmapped(self) -> Mapping[str, tuple[str, ...]]:
        return {} if self._files.is_cleared() else super().unmapped()

    def settle(self) -> None:
        """As `Settling.settle`."""
        self._files.settle()


class PlacedTables:
    """The tables of the files of one place."""

    def __init__(self, source: Source, secrets: Secrets) -> None:
        self._connection = cast("FilesConnection", source.connection)
        self._secrets = secrets
        self._place = open_place(self._connection.place, secrets)
        self._patterns = [rule.file for rule in source.every_rule()]
        self._kept: Sequence[PlacedFile] | None = None
        self._chosen: tuple[Mapping[str, PlacedFile], str] | None = None

    def names(self) -> Iterator[str]:
        yield from (file.name for file in self._listed())

    def stamp(self, rule: ResourceRule) -> str:
        """What changes when another file is chosen for a rule, or the file itself changes."""
        file = self._choice()[rule.file]
        return hashlib.sha256(f"{file.name}|{file.size}|{file.stamp}".encode()).hexdigest()

    def is_cleared(self) -> bool:
        """Whether files are taken away after they were read, and none have come since."""
        return self._connection.after is not None and is_none_there(self._patterns, self._connection.sets, self._listed())

    def settle(self) -> None:
        """Delete or move what was read and what it replaces; nothing, where nothing was looked at or nothing is to be done."""
        after = self._connection.after
        if after is None or self._chosen is None:
            return
        for file in superseded(self._patterns, self._connection.sets, self._listed(), *self._chosen):
            if after.move:
                self._place.move(file, after.move)
            else:
                self._place.remove(file)

    def rows_in(self, rule: ResourceRule) -> int | None:
        return None

    @contextmanager
    def open(self, rule: ResourceRule) -> Iterator[Table]:
        file, origin = self._choice()[rule.file], cast("FileOrigin", rule.origin)
        with tempfile.TemporaryDirectory(prefix="gateway-source-") as private, ExitStack() as held:
            folder = Path(private)
            path = held.enter_context(self._place.held(file, folder))
            self._check(file, path, folder)
            name = file.name
            if PurePosixPath(name).suffix.lower() in ENCRYPTED:
                if self._connection.pgp is None:
                    raise IngestError(f"{name} is encrypted: say under pgp in the source file by which key.")
                path = held.enter_context(decrypted(path, name, self._connection.pgp, self._secrets, folder))
                name = str(PurePosixPath(name).with_suffix(""))
            form = origin.format or format_of(name)
            if form is None:
                raise IngestError(f"{name} does not tell its format by its ending: write format: in the source file.")
            try:
                yield held.enter_context(open_table(path, rule, form, origin.sheet))
            except OSError as why:
                raise IngestError(f"{file.name} cannot be read whole ({type(why).__name__}): export it again.") from None

    def _listed(self) -> Sequence[PlacedFile]:
        """What lies there, without the folder that files are moved to: listed once, so that all resources are of one set and what
        comes later waits for the next sync."""
        if self._kept is None:
            after = self._connection.after
            away = f"{after.move}/" if after is not None and after.move else None
            self._kept = [file for file in self._place.files() if away is None or not file.name.startswith(away)]
        return self._kept

    def _choice(self) -> Mapping[str, PlacedFile]:
        """The files of this sync."""
        if self._chosen is None:
            self._chosen = choose(self._patterns, self._connection.sets, self._listed())
        return self._chosen[0]

    def _check(self, file: PlacedFile, path: Path, folder: Path) -> None:
        rule = self._connection.sets
        if rule.manifest:
            manifest = self._choice()[rule.manifest]
            with self._place.held(manifest, folder) as listed:
                digests = read_manifest(listed, manifest.name)
            folder_of = PurePosixPath(manifest.name).parent
            names = (file.name.removeprefix(f"{folder_of}/"), file.name, PurePosixPath(file.name).name)
            stated = next((digests[name] for name in names if name in digests), None)
            check_digest(path, file.name, stated, manifest.name)
        if rule.checksum:
            beside = next((f for f in self._listed() if f.name == file.name + rule.checksum), None)
            if beside is None:
                raise IngestError(f"{file.name}{rule.checksum} is missing: wait for the export.")
            with self._place.held(beside, folder) as written:
                text = written.read_text(encoding="ascii", errors="replace").split()
            check_digest(path, file.name, text[0] if text else None, beside.name)


def open_place(address: PlaceAddress, secrets: Secrets) -> FilePlace:
    """A place of files; it is connected to when it is asked."""
    match address:
        case SftpAddress():
            return SftpPlace(address, secrets)
        case Bucket():
            return S3Place(address, secrets)
    return LocalPlace(address)
