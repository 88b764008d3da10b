"""Where a source file lies, for what it says relative to that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """The folder of a source file, and the environment that fills `${NAME}` in it."""

    folder: Path
    environ: Mapping[str, str]
