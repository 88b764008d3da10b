"""The checkpoint that was published beside the database."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from gateway.domain.auditing import Checkpoint
from gateway.errors import ConfigurationError, IntegrityError
from gateway.tlog.key_chain import KeyChain


def read_published(file: Path, chains: Iterable[KeyChain]) -> Checkpoint | None:
    """What the file holds, of whichever of these logs; None when there is none.

    Raises `IntegrityError` when it is of no log here or not signed by it.
    """
    if not file.exists():
        return None
    try:
        note = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as why:
        raise ConfigurationError(f"{file.name} cannot be read.") from why
    origin = note.partition("\n")[0]
    for chain in chains:
        if chain.origin == origin:
            return chain.open_checkpoint(note)
    raise IntegrityError("The published checkpoint is of a log that the database does not have.")


def write_published(file: Path, note: str) -> None:
    """Put a checkpoint in its place, on the disk before this returns."""
    partial = file.with_name(f"{file.name}.{os.getpid()}.new")
    with partial.open("w", encoding="utf-8") as opened:
        opened.write(note)
        opened.flush()
        os.fsync(opened.fileno())
    partial.replace(file)
