"""How commands print: plain tables that keep ids whole, also where there is no terminal to fit them to."""

from __future__ import annotations

import sys

from rich import box
from rich.console import Console
from rich.table import Table

WIDE = 200


def open_console(*, errors: bool = False) -> Console:
    """A console that wraps nothing: a line that is cut cannot be copied."""
    stream = sys.stderr if errors else sys.stdout
    return Console(file=stream, highlight=False, soft_wrap=True, markup=False, width=None if stream.isatty() else WIDE)


def new_table(*headings: str, title: str | None = None, numbers: tuple[str, ...] = ()) -> Table:
    """A table with these columns, those in `numbers` aligned to the right."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for heading in headings:
        table.add_column(heading, justify="right" if heading in numbers else "left", no_wrap=True)
    return table
