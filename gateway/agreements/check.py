"""Check agreement files (PAP): everything that is wrong with them, all at once, each at its place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gateway.agreements.read_agreement import merged, read_source
from gateway.catalog.model import Catalog
from gateway.domain.agreement import Agreement
from gateway.domain.compose_yaml import read_text
from gateway.errors import ConfigurationError, FileErrors, FileProblem


@dataclass(frozen=True)
class Checked:
    """A file and what is wrong with it."""

    file: str
    agreements: tuple[Agreement, ...]
    problems: tuple[FileProblem, ...]


def check_file(path: Path, catalog: Catalog) -> Checked:
    """Everything that is wrong with a file; one that cannot be read at all has that as its problem."""
    file = str(path)
    try:
        readings = read_source(read_text(path, file), file, catalog)
    except FileErrors as why:
        return Checked(file, (), why.problems)
    except ConfigurationError as why:
        return Checked(file, (), (FileProblem(file, 1, 1, why.detail.rstrip("."), "name a file that can be read"),))
    return Checked(file, tuple(reading.agreement for reading in readings if reading.agreement is not None), merged(readings))
