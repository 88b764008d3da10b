"""A registrar who corrects the institution's extracts by hand between two syncs."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from tests.world import World

Line = dict[str, str]
Correction = Callable[[Line], Line | None]
"""A line of a file -> what stands there now; None: it is taken out."""


def correct(world: World, file: str, correction: Correction) -> None:
    """Change a file of Lakeside's extracts, and pull them. A line that lost its number goes: as long as it is there, nothing is
    taken for deleted."""
    path = world.folder / "extracts" / "lakeside" / file
    with path.open(encoding=_encoding(path), newline="") as text:
        lines = [line for line in csv.DictReader(text) if next(iter(line.values()))]
    corrected = [new for line in lines if (new := correction(dict(line))) is not None]
    with path.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, list(lines[0]))
        writer.writeheader()
        writer.writerows(corrected)
    world.sync(world.source("lakeside", world.folder / "extracts"), allow_shrink=True)


def _encoding(path: Path) -> str:
    return "utf-8-sig" if path.read_bytes().startswith(b"\xef\xbb\xbf") else "utf-8"
