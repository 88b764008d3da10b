"""What became of sources: rows in quarantine, past runs, how fresh each resource is."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import orjson
import typer

from gateway.app import open_gateway
from gateway.cli.console import new_table, open_console
from gateway.cli.source.page import status_page
from gateway.domain.identifiers import InstitutionId
from gateway.errors import RequestError
from gateway.settings import read_settings
from gateway.store.staging import read_quarantine
from gateway.store.turns import Freshness, last_turns, resource_states
from gateway.store.turns import history as past_runs

Provider = Annotated[str, typer.Argument(metavar="PROVIDER", help="Whose sources.", show_default=False)]
Form = Annotated[Literal["text", "json"], typer.Option("--format", help="As text, or as JSON Lines.")]


def quarantine(
    provider: Provider,
    resource: Annotated[str, typer.Option(help="Only those of one resource.")] = "",
    form: Form = "text",
) -> None:
    """List the rows that the last syncs refused: file, line, column and reason, never the value.

    Put them right at the source, or correct the mapping, and sync again; a row whose record comes right leaves the list.
    """
    console = open_console()
    with open_gateway(read_settings()) as gateway, gateway.database.read() as connection:
        rows = list(read_quarantine(connection, InstitutionId(provider), resource or None))
    for row in rows:
        if form == "json":
            sys.stdout.write(orjson.dumps(asdict(row)).decode() + "\n")
        else:
            console.print(f"{row.location.file}:{row.location.line}: {row.column}: {row.reason} ({row.resource}, {row.code})")
    if not rows and form == "text":
        console.print(f"No row of {provider} is in quarantine.")


def history(
    provider: Provider,
    most: Annotated[int, typer.Option(min=1, max=10_000, help="How many runs.")] = 30,
    form: Form = "text",
) -> None:
    """The last runs of a provider's sources, the newest first: when, how long, how many rows, and what changed."""
    with open_gateway(read_settings()) as gateway, gateway.database.read() as connection:
        runs = list(past_runs(connection, InstitutionId(provider), most))
    if form == "json":
        for run in runs:
            sys.stdout.write(orjson.dumps(asdict(run)).decode() + "\n")
        return
    numbers = ("seconds", "rows", "inserted", "updated", "deleted", "quarantined")
    table = new_table("started", "source", "resource", "", *numbers, numbers=numbers)
    for run in runs:
        changes = ("", "", "") if run.changes is None else tuple(f"{count:,}" for count in run.changes)
        state = run.state if run.failure is None else f"{run.state} ({run.failure})"
        table.add_row(
            run.started_at,
            run.source,
            run.resource,
            state,
            _seconds(run.started_at, run.ended_at),
            f"{run.read:,}",
            *changes,
            f"{run.quarantined:,}",
        )
    open_console().print(table if runs else f"No source of {provider} was ever synced.")


def status(
    provider: Annotated[str, typer.Option(help="Only the sources of one institution.")] = "",
    form: Form = "text",
    page: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page of it for people instead.", show_default=False)
    ] = None,
) -> None:
    """How fresh each resource of each source is; exits with 1 when one is late."""
    whose = InstitutionId(provider) if provider else None
    with open_gateway(read_settings()) as gateway:
        now = gateway.clock()
        with gateway.database.read() as connection:
            states, turns = list(resource_states(connection, whose)), list(last_turns(connection, whose))
    found = [state.fresh for state in states]
    late = {entry: entry.is_late(now) for entry in found}
    if page is not None:
        _write(page, status_page(states, turns, now))
    elif form == "json":
        for entry in found:
            sys.stdout.write(orjson.dumps({**asdict(entry), "late_after": _text(entry), "late": late[entry]}).decode() + "\n")
    elif not found:
        open_console().print("No source was ever synced.")
    else:
        table = new_table("provider", "source", "resource", "last good sync", "late after", "")
        for entry in found:
            table.add_row(
                entry.provider,
                entry.source,
                entry.resource,
                entry.synced_at or "never",
                _text(entry),
                "LATE" if late[entry] else "",
            )
        open_console().print(table)
    if any(late.values()):
        raise typer.Exit(1)


def _write(file: Path, content: bytes) -> None:
    """Whole or not at all, as a web server may be reading it."""
    partial = file.with_name(f"{file.name}.{os.getpid()}.new")
    try:
        partial.write_bytes(content)
        partial.replace(file)
    except OSError as why:
        raise RequestError(f"{file} cannot be written: {why.strerror}.") from why
    open_console(errors=True).print(f"Wrote {file}.")


def _text(entry: Freshness) -> str:
    return "" if entry.late_after is None else str(entry.late_after)


def _seconds(started: str, ended: str | None) -> str:
    if ended is None:
        return ""
    return f"{(datetime.fromisoformat(ended) - datetime.fromisoformat(started)).total_seconds():,.1f}"
