"""Find the files that ship beside the code: policies and migrations, in a wheel and in a checkout alike."""

from __future__ import annotations

from pathlib import Path

from gateway.errors import ConfigurationError

PACKAGE = Path(__file__).resolve().parent


def shipped(name: str) -> Path:
    """The folder `name` (`policies`, `migrations`): inside an installed wheel, else beside the package in a checkout."""
    for folder in (PACKAGE / "_shipped" / name, PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise ConfigurationError(f"The installation lacks its {name} folder; install the package again.")
