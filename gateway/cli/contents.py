"""A group of commands that are imported when they are asked for, so that none waits for what only others need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:  # Typer has a Click of its own inside and no public name for its types
    from typer._click.core import Command, Context
    from typer._click.formatting import HelpFormatter

WHOLE_SENTENCE = 200


@dataclass(frozen=True)
class Entry:
    """A command: its name, where it is (a function, or a group's Typer), and one line of help; without it, the function's own."""

    name: str
    module: str
    attribute: str
    help: str = ""

    def load(self) -> Command:
        """Import it."""
        found = getattr(import_module(self.module), self.attribute)
        if isinstance(found, typer.Typer):
            found.rich_markup_mode = None  # plain help, as `gateway --help` gives
            loaded: Command = typer.main.get_group(found)
        else:
            alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
            alone.command(self.name)(found)
            loaded = typer.main.get_command(alone)
        loaded.name = self.name
        return loaded


def contents(entries: Sequence[Entry]) -> type[TyperGroup]:
    """The group of these commands, in their order."""
    by_name = {entry.name: entry for entry in entries}

    class Contents(TyperGroup):
        def list_commands(self, ctx: Context) -> list[str]:
            return list(by_name)

        def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
            entry = by_name.get(cmd_name)
            return None if entry is None else entry.load()

        def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
            with formatter.section("Commands"):
                formatter.write_dl(
                    [(entry.name, entry.help or entry.load().get_short_help_str(WHOLE_SENTENCE)) for entry in entries]
                )

    return Contents
