"""Which format a file is written in, by the ending of its name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Literal

Format = Literal["csv", "tsv", "excel", "jsonl", "parquet"]
ENDINGS: Mapping[str, Format] = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".xlsx": "excel",
    ".xlsm": "excel",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}


def format_of(name: str) -> Format | None:
    """The format that a file's name tells."""
    return ENDINGS.get(PurePosixPath(name).suffix.lower())
