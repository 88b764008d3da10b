"""Every command of `gateway`, as its words."""

from __future__ import annotations

import typer
from typer.core import TyperGroup

from gateway.cli.main import app


def commands() -> set[tuple[str, ...]]:
    """`("serve",)`, `("client", "add")`, ..."""
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    found: set[tuple[str, ...]] = set()
    context = typer.Context(root)
    for name in root.list_commands(context):
        command = root.get_command(context, name)
        inner = command.list_commands(context) if isinstance(command, TyperGroup) else None
        found |= {(name,)} if inner is None else {(name, below) for below in inner}
    return found
