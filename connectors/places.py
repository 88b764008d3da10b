"""Where files lie: a folder of this machine, an SFTP server, a bucket. A place lists its files and hands one over whole; it deletes
and moves one only when it is told to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from gateway.errors import IngestError

LARGEST_FILE = 50 * 1024**3
"""More than this is not fetched unless the source file says so."""
MOST_NAMESAKES = 10_000


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

    def remove(self, file: PlacedFile) -> None:
        """Delete the file, if it is still the one that was listed."""
        ...

    def move(self, file: PlacedFile, folder: str) -> None:
        """Move the file, if it is still the one that was listed, into a folder of the place, under a name that is free there."""
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

    def remove(self, file: PlacedFile) -> None:
        with self._own(file, "deleted") as path:
            if path is not None:
                path.unlink()

    def move(self, file: PlacedFile, folder: str) -> None:
        with self._own(file, "moved") as path:
            if path is None:
                return
            for name in free_names(file, folder):
                target = self._folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with suppress(FileExistsError):
                    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
                    _put_over(path, target)
                    return

    @contextmanager
    def _own(self, file: PlacedFile, what: str) -> Iterator[Path | None]:
        """The file, or None where another has its place by now."""
        path = self._folder / file.name
        try:
            yield path if path.is_file() and _stamp(path.stat()) == file.stamp else None
        except OSError as why:
            raise not_done(file, what, why) from None


def free_names(file: PlacedFile, folder: str) -> Iterator[str]:
    """Names for a file in another folder, the later ones for where the earlier are taken: `c.csv`, `c.2.csv`, `c.3.csv`.

    Raises IngestError after the last, so that whoever asks for another one need not.
    """
    target = PurePosixPath(folder) / file.name
    yield str(target)
    for number in range(2, MOST_NAMESAKES):
        yield str(target.with_name(f"{target.stem}.{number}{target.suffix}"))
    raise IngestError(f"{folder} has {MOST_NAMESAKES} files named like {file.name}: clear it, or let the export write the day.")


def not_done(file: PlacedFile, what: str, why: Exception) -> IngestError:
    """A file that should have been deleted or moved, and was not."""
    kind = type(why).__name__
    return IngestError(f"{file.name} was read, and cannot be {what} ({kind}): let this user write there, or leave out after.")


def checked_size(file: PlacedFile, largest: int = LARGEST_FILE) -> None:
    """Raises IngestError for a file that is larger than may be fetched."""
    if file.size > largest:
        raise IngestError(f"{file.name} has {file.size} bytes, more than the {largest} that are fetched.")


def _local(folder: Path) -> Iterator[PlacedFile]:
    for path in folder.rglob("*"):
        if path.is_file():
            found = path.stat()
            yield PlacedFile(path.relative_to(folder).as_posix(), found.st_size, _stamp(found))


def _put_over(path: Path, placeholder: Path) -> None:
    """Renaming replaces what is there, so it may only be an empty file of our own."""
    try:
        path.replace(placeholder)
    except OSError:
        placeholder.unlink()
        raise


def _stamp(found: os.stat_result) -> str:
    return f"{found.st_ino}-{found.st_size}-{found.st_mtime_ns}"
