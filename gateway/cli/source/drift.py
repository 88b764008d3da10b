"""`gateway source drift`: what changed at a source since it was first read, and when that was found."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import orjson
import typer
from rich.console import Console

from gateway.app import open_gateway
from gateway.cli.console import new_table, open_console
from gateway.cli.source.files import read_source
from gateway.domain.source_shapes import FieldChange, SourceDrift
from gateway.settings import read_settings
from gateway.store.shapes import read_drift

NOT_NAMED = "(fields that are only counted)"


def drift(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A source file.", show_default=False)],
    most: Annotated[int, typer.Option(min=1, max=10_000, help="How many changes.")] = 100,
    form: Annotated[Literal["text", "json"], typer.Option("--format", help="As text, or as JSON Lines.")] = "text",
) -> None:
    """What changed at a source, the newest first: fields that are new, gone or of another type, and when that was found.

    A new field is read when the source file names it, not before.
    """
    with open_gateway(read_settings()) as gateway:
        source = read_source(file, gateway.catalog)
        with gateway.database.read() as connection:
            found = list(read_drift(connection, source.provider, source.id, most))
    if form == "json":
        for each in found:
            for change in each.changes:
                line = {"at": each.at, "source": source.id, "resource": each.resource, **asdict(change)}
                sys.stdout.write(orjson.dumps(line).decode() + "\n")
        return
    table = new_table("found", "resource", "field", "", "before", "now")
    for each in found:
        for change in each.changes:
            told = (change.field or NOT_NAMED, change.change, ", ".join(change.before), ", ".join(change.now))
            table.add_row(each.at, each.resource, *told)
    open_console().print(table if found else f"Nothing changed at {source.id} since it was first read.")


def print_drift(drift: SourceDrift, console: Console) -> None:
    """Say at the end of a resource what changed at its source since last time."""
    console.print(f"{drift.source}: {drift.resource} is not as it was: {'; '.join(_phrases(drift.changes))}")


def _phrases(changes: tuple[FieldChange, ...]) -> Iterator[str]:
    for change in changes:
        before, now = " or ".join(change.before), " or ".join(change.now)
        match change.change:
            case "new":
                yield f"new {change.field}" + (f" ({now})" if now else "")
            case "gone":
                yield f"gone {change.field}"
            case "type":
                yield f"{change.field} was {before}, is {now}"
            case _:
                yield f"{now} fields are only counted, before {before}"
