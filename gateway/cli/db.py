"""`gateway db`."""

from __future__ import annotations

import typer

from gateway.cli.console import open_console
from gateway.prepare import prepare
from gateway.settings import read_settings

app = typer.Typer(no_args_is_help=True)


@app.callback()
def db() -> None:
    """Create the database or bring it to the newest schema."""


@app.command()
def upgrade() -> None:
    """Make the key file on first start, run the missing migrations and open the audit log."""
    settings = read_settings()
    prepare(settings)
    open_console().print("The database has the newest schema and an open audit log.")
