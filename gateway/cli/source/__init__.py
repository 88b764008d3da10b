"""`gateway source` and `gateway sync`: source files, what became of their rows, when they were synced, and the sync itself."""

from __future__ import annotations

import typer

from gateway.cli.source.drift import drift
from gateway.cli.source.files import check, schema, seal
from gateway.cli.source.probe import probe
from gateway.cli.source.run import sync as sync
from gateway.cli.source.runs import history, quarantine, status

app = typer.Typer(no_args_is_help=True)


@app.callback()
def source() -> None:
    """Check source files; see what became of their rows."""


app.command()(check)
app.command()(probe)
app.command()(schema)
app.command()(seal)
app.command()(drift)
app.command()(quarantine)
app.command()(history)
app.command()(status)
