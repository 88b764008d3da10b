"""Open the files of a folder or a zip as bytes; a name that leads outside, a bomb or a locked archive is refused."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from connectors.source import ArchiveLimits
from gateway.errors import IngestError

_RATIO_FLOOR = 1024 * 1024
"""A file that unpacks to less than this cannot hurt, however well it was packed."""
_ENCRYPTED = 0x1


@contextmanager
def open_file(location: Path, name: str, limits: ArchiveLimits) -> Iterator[IO[bytes]]:
    """The bytes of one file of a folder or zip.

    Raises IngestError when it is missing, cannot be read whole, or changed while it was being read.
    """
    try:
        if location.is_dir():
            with _from_folder(location, name) as stream:
                yield stream
        else:
            with _from_zip(location, name, limits) as stream:
                yield stream
    except FileNotFoundError as why:
        raise IngestError(f"{name} is not in {location.name}: put it there or take it out of the source file") from why
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError) as why:
        raise IngestError(f"{name} of {location.name} cannot be read whole ({type(why).__name__}): export it again") from why


def list_files(location: Path) -> list[str]:
    """The names of the files in a folder or zip, sorted. Raises IngestError when it is not there or cannot be listed."""
    try:
        if location.is_dir():
            return sorted(path.relative_to(location).as_posix() for path in location.rglob("*") if path.is_file())
        with zipfile.ZipFile(location) as opened:
            return sorted(member.filename for member in opened.infolist() if not member.is_dir())
    except (OSError, zipfile.BadZipFile) as why:
        raise IngestError(f"{location} is no folder or zip that can be read ({type(why).__name__}): check location") from why


@contextmanager
def _from_folder(folder: Path, name: str) -> Iterator[IO[bytes]]:
    with (folder / name).open("rb") as stream:
        before = os.fstat(stream.fileno())
        yield stream
    after = (folder / name).stat()
    if (before.st_ino, before.st_size, before.st_mtime_ns) != (after.st_ino, after.st_size, after.st_mtime_ns):
        raise IngestError(f"{name} changed while it was being read: sync again when the export has finished")


@contextmanager
def _from_zip(archive: Path, name: str, limits: ArchiveLimits) -> Iterator[IO[bytes]]:
    with zipfile.ZipFile(archive) as opened:
        _check_archive(archive.name, opened.infolist(), limits)
        if name not in opened.namelist():
            raise FileNotFoundError(name)
        with opened.open(name) as stream:
            yield stream


def _check_archive(archive: str, members: list[zipfile.ZipInfo], limits: ArchiveLimits) -> None:
    """Judge the whole archive before a byte is unpacked.

    Stated sizes bound what comes out, because zipfile stops at a member's stated size.
    """
    seen: set[str] = set()
    for member in members:
        path = PurePosixPath(member.orig_filename)
        if path.is_absolute() or ".." in path.parts or "\\" in member.orig_filename or ":" in member.orig_filename:
            raise IngestError(f"{archive} holds a name that leads outside the archive: refuse it and ask who made it")
        if member.filename in seen:
            raise IngestError(f"{archive} holds {member.filename} twice: make the archive again")
        if member.flag_bits & _ENCRYPTED:
            raise IngestError(f"{archive} is encrypted: unpack it first, or make it without a password")
        if member.file_size > _RATIO_FLOOR and member.file_size > limits.ratio * max(member.compress_size, 1):
            raise IngestError(
                f"{member.filename} of {archive} unpacks to more than {limits.ratio} times its size: "
                "if that is right, raise limits.ratio in the source file"
            )
        seen.add(member.filename)
    if sum(member.file_size for member in members) > limits.unpacked_bytes:
        raise IngestError(
            f"{archive} unpacks to more than {limits.unpacked_bytes} bytes: "
            "if that is right, raise limits.unpacked_bytes in the source file"
        )
