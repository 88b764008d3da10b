"""`gateway exposure`: when a client, a key or a recipient is in doubt: what left for it, of whom, and by when that must be told."""

from __future__ import annotations

import csv
import getpass
import json
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from io import StringIO
from pathlib import Path
from typing import Annotated

import typer

from gateway.app import open_gateway
from gateway.cli.console import new_table, open_console
from gateway.encode.csv_text import inert
from gateway.errors import ConfigurationError, RequestError
from gateway.exposure import Doubt, Exposed, Exposure, find_exposed_people, find_exposure
from gateway.settings import read_settings
from gateway.steward import named_steward

COLUMNS: Mapping[str, Callable[[Exposed], object]] = {
    "provider": lambda one: one.provider,
    "recipient": lambda one: one.recipient,
    "agreement": lambda one: one.agreement,
    "version": lambda one: one.version,
    "people": lambda one: len(one.people),
    "answers": lambda one: one.answers,
    "rows": lambda one: one.rows,
    "answers_out_of_reach": lambda one: one.out_of_reach,
    "first": lambda one: one.first,
    "last": lambda one: one.last,
    "notice_due": lambda one: one.notice_due,
    "released": lambda one: sorted(one.released),
    "treated": lambda one: sorted(one.treated),
}


class Form(StrEnum):
    """How a report is written."""

    text = "text"
    json = "json"
    csv = "csv"


ClientOption = Annotated[str | None, typer.Option("--client", help="The client that is in doubt.")]
KeyOption = Annotated[str | None, typer.Option("--key", help="The thumbprint of the key that is in doubt, as in the log.")]
RecipientOption = Annotated[str | None, typer.Option("--recipient", help="The institution whose copy is in doubt.")]
SinceOption = Annotated[
    str | None, typer.Option("--from", metavar="TIME", help="From when on, as 2026-11-24 or 2026-11-24T13:00Z.")
]
UntilOption = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Until before when.")]
app = typer.Typer(no_args_is_help=True)


@app.callback()
def exposure() -> None:
    """Say what left for a client, key or institution that is in doubt, of whom, and by when a breach must be told."""


@app.command()
def report(
    client: ClientOption = None,
    key: KeyOption = None,
    recipient: RecipientOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    found_at: Annotated[
        str | None,
        typer.Option("--found-at", metavar="TIME", help="When it was found (default: now); hours of notice count from then."),
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="How it is written.")] = Form.text,
) -> None:
    """Per agreement: how many people, which elements, from when to when, and when the notice is due. No value of a record."""
    doubt = _doubt(client, key, recipient, since, until)
    with open_gateway(read_settings()) as gateway:
        found = find_exposure(doubt, _moment(found_at) or gateway.clock(), getpass.getuser(), gateway.exposure_desk())
    match form:
        case Form.text:
            _print(found)
        case Form.json:
            rows = [{name: told(one) for name, told in COLUMNS.items()} for one in found.exposed]
            typer.echo(json.dumps({"entry": found.entry.entry, "people": found.people, "exposed": rows}, indent=2))
        case Form.csv:
            typer.echo(_csv(tuple(COLUMNS), [[_cell(told(one)) for told in COLUMNS.values()] for one in found.exposed]), nl=False)


@app.command()
def people(
    steward: Annotated[str, typer.Option("--as", metavar="PROVIDER/STEWARD", help="The provider's steward, as lakeside/lee.")],
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="A new CSV file; it names people, so keep it safe.")],
    client: ClientOption = None,
    key: KeyOption = None,
    recipient: RecipientOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
) -> None:
    """Write which of a provider's people are concerned, by the provider's own ids, for its steward."""
    doubt = _doubt(client, key, recipient, since, until)
    if output.exists():
        raise ConfigurationError(f"{output} is there already; name a new file.")
    with open_gateway(read_settings()) as gateway:
        found = find_exposed_people(doubt, named_steward(steward, getpass.getuser()), gateway.exposure_desk())
    text = _csv(("resource", "own_id", "name"), [(one.resource, one.named, one.name) for one in found])
    try:
        with open(output, "x", encoding="utf-8", newline="", opener=_for_the_owner_alone) as file:
            file.write(text)
    except OSError as why:
        raise ConfigurationError(f"{output} cannot be written: {why.strerror}.") from why
    open_console().print(f"{len(found):,} records of people who are concerned stand in {output}.")


def _for_the_owner_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _doubt(client: str | None, key: str | None, recipient: str | None, since: str | None, until: str | None) -> Doubt:
    return Doubt(client, key, recipient, _moment(since), _moment(until))


def _moment(text: str | None) -> datetime | None:
    """A day is its beginning, and a time without a zone is UTC."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as why:
        raise RequestError(f"{text} is no time: write a day as 2026-11-24, or a time as 2026-11-24T13:00Z.") from why
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _print(found: Exposure) -> None:
    console = open_console()
    if not found.exposed:
        console.print("Nothing left for what is in doubt.")
    heads = ("provider", "recipient", "agreement", "people", "answers", "rows", "first", "last", "notice due")
    table = new_table(*heads, numbers=heads[3:6])
    for one in found.exposed:
        counts = (f"{len(one.people):,}", f"{one.answers:,}", f"{one.rows:,}")
        times = (one.first[:16], one.last[:16], (one.notice_due or "none agreed")[:16])
        table.add_row(one.provider, one.recipient, f"{one.agreement} v{one.version}", *counts, *times)
    if found.exposed:
        console.print(table)
    for one in found.exposed:
        console.print(f"{one.agreement} v{one.version}, as they are: {', '.join(sorted(one.released)) or 'none'}")
        console.print(f"{one.agreement} v{one.version}, treated: {', '.join(sorted(one.treated)) or 'none'}")
        if one.out_of_reach:
            console.print(f"{one.out_of_reach:,} answers no longer say whom they were about: their register key is gone.")
    for provider, count in found.people.items():
        console.print(f"{count:,} people of {provider} are concerned: gateway exposure people --as {provider}/STEWARD")
    console.print(f"Times are UTC. This look is audit entry {found.entry.entry}.")


def _csv(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    text = StringIO(newline="")
    csv.writer(text).writerows([head, *(map(inert, row) for row in rows)])
    return text.getvalue()


def _cell(value: object) -> object:
    return "; ".join(value) if isinstance(value, list) else value
