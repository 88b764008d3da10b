"""Bundles as archives: gzipped tar files that are read whole, and written so that the same files give the same bytes."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from gateway.errors import ConfigurationError, IntegrityError

_LARGEST = 32 * 1024 * 1024


def members(place: Path) -> Mapping[str, bytes]:
    """The files of an archive by name. Raises `ConfigurationError` when it is no gzipped tar archive, `IntegrityError` when two of
    its files have one name or one is too large to be of a bundle."""
    try:
        with place.open("rb") as file:
            return members_of(file)
    except (OSError, EOFError, zlib.error, tarfile.TarError) as why:
        raise ConfigurationError(f"The policy bundle {place} cannot be read: {type(why).__name__}.") from why


def members_of(file: IO[bytes]) -> Mapping[str, bytes]:
    """The files of an open archive by name."""
    found: dict[str, bytes] = {}
    left = _LARGEST
    with tarfile.open(fileobj=file, mode="r:gz") as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            if content is None:
                continue
            name = member.name.removeprefix("./").lstrip("/")
            left -= member.size
            if name in found or left < 0:
                # Readers differ in which of two they take, so that one could be verified and the other used.
                raise IntegrityError("The policy bundle has two files of one name, or is larger than a bundle can be.")
            found[name] = content.read()
    return found


def pack(files: Mapping[str, bytes]) -> bytes:
    """A gzipped tar without times or owners."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)
