"""Every command of `gateway`, as its words."""

from __future__ import annotations

import typer

from gateway.cli.main import app


def commands() -> set[tuple[str, ...]]:
    """`("serve",)`, `("client", "add")`, ..."""
    root = typer.main.get_command(app)
    found: set[tuple[str, ...]] = set()
    for name, command in getattr(root, "commands", {}).items():
        inner = getattr(command, "commands", None)
        found |= {(name,)} if inner is None else {(name, below) for below in inner}
    return found
