"""Where files lie: a folder of this machine, an SFTP server, a bucket. A place lists its files and hands one over whole."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gateway.errors import IngestError

LARGEST_FILE = 50 * 1024**3
"""More than this is not fetched unless the source file says so."""


@dataclass(frozen=True, order=True)
class PlacedFile:
    """One file: its name below the place's folder with `/` between, its size in bytes, and what changes when it does (a time, an
    ETag)."""

    name: str
    size: int
    stamp: str


class FilePlace(Protocol):
    """One place. Raises IngestError when it cannot be reached, or a file cannot be had whole."""

    def files(self) -> Sequence[PlacedFile]:
        """Every file, by name."""
        ...

    def held(self, file: PlacedFile, folder: Path) -> AbstractContextManager[Path]:
        """The file on this machine while the context is open; `folder` is private, and for what has to be fetched."""
        ...

    def take_away(self, file: PlacedFile, folder: str) -> None:
        """Move a file that is as it was listed into a folder of the place, overwriting nothing; with an empty name delete it.
        Raises IngestError when it was left where it is."""
        ...


class LocalPlace:
    """A folder of this machine: files are read where they are."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def files(self) -> Sequence[PlacedFile]:
        try:
            if not self._folder.is_dir():
                raise IngestError(f"{self._folder} is not a folder: make it, or correct folder in the source file.")
            return sorted(_local(self._folder))
        except OSError as why:
            raise IngestError(f"{self._folder} cannot be listed ({type(why).__name__}): let this user read it.") from None

    @contextmanager
    def held(self, file: PlacedFile, folder: Path) -> Iterator[Path]:
        path = self._folder / file.name
        yield path
        if _stamp(path.stat()) != file.stamp:
            raise IngestError(f"{file.name} changed while it was being read: sync again when the export has finished.")

    def take_away(self, file: PlacedFile, folder: str) -> None:
        path = self._folder / file.name
        try:
            if _stamp(path.stat()) != file.stamp:
                raise left_alone(file, "it changed after it was read")
            if folder:
                target = self._folder / folder / file.name
                target.parent.mkdir(parents=True, exist_ok=True)
                # A link, unlike a rename, does not overwrite.
                os.link(path, target)
            path.unlink()
        except FileExistsError:
            raise left_alone(file, f"{folder} has one of this name") from None
        except OSError as why:
            raise left_alone(file, type(why).__name__) from None


def left_alone(file: PlacedFile, why: str) -> IngestError:
    """That a file was not taken away."""
    return IngestError(f"{file.name} was read, and its records are in, but it was not taken away as `after` says: {why}.")


def checked_size(file: PlacedFile, largest: int = LARGEST_FILE) -> None:
    """Raises IngestError for a file that is larger than may be fetched."""
    if file.size > largest:
        raise IngestError(f"{file.name} has {file.size} bytes, more than the {largest} that are fetched.")


def _local(folder: Path) -> Iterator[PlacedFile]:
    for path in folder.rglob("*"):
        if path.is_file():
            found = path.stat()
            yield PlacedFile(path.relative_to(folder).as_posix(), found.st_size, _stamp(found))


def _stamp(found: os.stat_result) -> str:
    return f"{found.st_ino}-{found.st_size}-{found.st_mtime_ns}"
