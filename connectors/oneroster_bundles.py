"""OneRoster CSV bundles: zips or folders with a manifest, the last whole one of a file and what later ones change of it."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path, PurePosixPath

from connectors.files import list_files, open_file
from connectors.places import FilePlace, PlacedFile
from connectors.rows import Table, read_rows
from connectors.source import ArchiveLimits
from gateway.errors import IngestError

MANIFEST = "manifest.csv"
ZIP = ".zip"
_VERSIONS = ("1.1", "1.2")
_MODES = frozenset({"absent", "bulk", "delta"})


@dataclass(frozen=True)
class Manifest:
    """What a bundle says of itself: its version of OneRoster, and by file (`users`) whether it is absent, whole or a change."""

    version: str
    modes: Mapping[str, str]


class Bundle:
    """One bundle, its files fetched when they are asked for."""

    def __init__(
        self, file: PlacedFile, files: Sequence[PlacedFile], fetch: Callable[[PlacedFile], Path], limits: ArchiveLimits
    ) -> None:
        self.name = file.name
        self._file = file
        self._files = files
        self._fetch = fetch
        self._limits = limits

    @cached_property
    def manifest(self) -> Manifest:
        with self.table(MANIFEST) as table:
            return read_manifest(table, self.name)

    @contextmanager
    def table(self, member: str) -> Iterator[Table]:
        """The rows of one of its files. Raises IngestError when it is not there or cannot be read whole."""
        location, name = self._located(member)
        with (
            open_file(location, name, self._limits) as stream,
            read_rows(stream, member, delimiter=",", encoding="utf-8", quoted=True) as table,
        ):
            yield table

    def _located(self, member: str) -> tuple[Path, str]:
        if self.name.endswith(ZIP):
            if member not in list_files(self._archive):
                raise IngestError(f"{self.name} holds no {member} (a OneRoster zip has no folders): have it made again.")
            return self._archive, member
        beside = str(PurePosixPath(self.name).with_name(member))
        found = next((file for file in self._files if file.name == beside), None)
        if found is None:
            raise IngestError(f"{beside} is missing, and the manifest says that it is there: wait for the export.")
        path = self._fetch(found)
        return path.parent, path.name

    @cached_property
    def _archive(self) -> Path:
        return self._fetch(self._file)


class Shelf:
    """The bundles of one place, in the order of their names, which is where exports write their day."""

    def __init__(self, place: FilePlace, pattern: str, limits: ArchiveLimits) -> None:
        self._place = place
        self._pattern = pattern
        self._limits = limits
        self._files: Sequence[PlacedFile] | None = None

    def names(self) -> Iterator[str]:
        yield from (file.name for file in self._place.files())

    def stamp(self) -> str:
        """What changes when a bundle comes, goes or changes. The bundles are chosen again."""
        self._files = None
        chosen, files = self._chosen()
        folders = {PurePosixPath(file.name).parent for file in chosen if not file.name.endswith(ZIP)}
        beside = [file for file in files if PurePosixPath(file.name).parent in folders]
        said = "\n".join(f"{file.name}|{file.size}|{file.stamp}" for file in (*chosen, *beside))
        return hashlib.sha256(said.encode()).hexdigest()

    @contextmanager
    def opened(self) -> Iterator[Sequence[Bundle]]:
        """Every bundle, the newest last."""
        with tempfile.TemporaryDirectory(prefix="gateway-source-") as private, ExitStack() as held:

            def fetch(file: PlacedFile) -> Path:
                return held.enter_context(self._place.held(file, Path(tempfile.mkdtemp(dir=private))))

            chosen, files = self._chosen()
            yield [Bundle(file, files, fetch, self._limits) for file in chosen]

    def _chosen(self) -> tuple[Sequence[PlacedFile], Sequence[PlacedFile]]:
        """The bundles by name, and every file of the place, listed once so that all resources are of the same."""
        if self._files is None:
            self._files = self._place.files()
        chosen = sorted(file for file in self._files if fnmatchcase(file.name, self._pattern))
        if not chosen:
            raise IngestError(f"There is no bundle {self._pattern}: check bundle and place in the source file.")
        return chosen, self._files


def chain(bundles: Sequence[Bundle], file: str) -> Sequence[Bundle]:
    """The last bundle that has a file whole, and those after it that have changes of it.

    Raises IngestError when there is none, when a bundle without changes lacks the file, or when they are of two versions.
    """
    changes: list[Bundle] = []
    for bundle in reversed(bundles):
        manifest = bundle.manifest
        if manifest.version != bundles[-1].manifest.version:
            raise IngestError(
                f"{bundle.name} is of OneRoster {manifest.version} and {bundles[-1].name} of {bundles[-1].manifest.version}: "
                "changes go with a whole of their own version."
            )
        mode = manifest.modes.get(file, "absent")
        if mode == "bulk":
            return [bundle, *reversed(changes)]
        if mode == "delta":
            changes.append(bundle)
        elif "delta" not in manifest.modes.values():
            raise IngestError(f"{bundle.name}: the manifest says that {file}.csv is absent, and this source needs it.")
    raise IngestError(
        f"{bundles[-1].name} holds only changes of {file}.csv, and no bundle before it has it whole (bulk): put the last one that "
        "has beside it, with all changes since."
    )


def read_manifest(table: Table, bundle: str) -> Manifest:
    """Raises IngestError with the line for what is no manifest."""
    where = f"{MANIFEST} of {bundle}"
    if not {"propertyName", "value"} <= set(table.header):
        raise IngestError(f"{where} has not the columns propertyName and value.")
    name_at, value_at = table.header.index("propertyName"), table.header.index("value")
    said: dict[str, str] = {}
    for row in table.rows:
        if row.fault is not None or len(row.cells) != len(table.header):
            raise IngestError(f"{where}:{row.line}: the line is no property and value.")
        name, value = row.cells[name_at].strip(), row.cells[value_at].strip()
        if name in said:
            raise IngestError(f"{where}:{row.line}: a property stands there twice.")
        if name.startswith("file.") and value not in _MODES:
            raise IngestError(f"{where}:{row.line}: a file is absent, bulk or delta, and nothing else.")
        said[name] = value
    if said.get("manifest.version") != "1.0" or said.get("oneroster.version") not in _VERSIONS:
        raise IngestError(f"{where}: manifest.version must be 1.0 and oneroster.version one of {', '.join(_VERSIONS)}.")
    modes = {name.removeprefix("file."): value for name, value in said.items() if name.startswith("file.")}
    return Manifest(said["oneroster.version"], modes)
