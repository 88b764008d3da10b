"""`gateway person`: a provider's steward says which records are about one person, where no source does."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from gateway.app import open_gateway
from gateway.cli.console import new_table, open_console
from gateway.resolution import Somebody, judge_pair, likely_pairs
from gateway.resolution.judge import Judgement
from gateway.settings import read_settings
from gateway.steward import named_steward

SHOWN = 20
AsSteward = Annotated[str, typer.Option("--as", metavar="PROVIDER/STEWARD", help="The steward who looks, as lakeside/lee.")]
Pair = Annotated[str, typer.Argument(metavar="ID", help="What the queue calls the pair.", show_default=False)]
app = typer.Typer(no_args_is_help=True)


@app.callback()
def person() -> None:
    """Say which records are about one person, where no source does. Nothing is merged by itself."""


@app.command()
def queue(
    steward: AsSteward,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many to list.")] = SHOWN,
) -> None:
    """List the pairs of records that are likely about one person, and why."""
    with open_gateway(read_settings()) as gateway:
        found = likely_pairs(named_steward(steward, getpass.getuser()), gateway.resolution_desk())
    console = open_console()
    table = new_table("id", "one record", "another", "why")
    for pair in found[:limit]:
        table.add_row(pair.id, _shown(pair.left), _shown(pair.right), ", ".join(pair.why))
    console.print(table)
    console.print(f"{len(found)} pairs wait; {min(limit, len(found))} are listed.")


@app.command()
def same(id_: Pair, steward: AsSteward) -> None:
    """Say that a pair is one person. It cannot be taken back by a command: look twice."""
    _judge(id_, "same", steward, "is one person from now on; sync the provider's sources to write it into the records")


@app.command()
def different(id_: Pair, steward: AsSteward) -> None:
    """Say that a pair is two people; it does not wait any more."""
    _judge(id_, "different", steward, "is two people, and waits no longer")


def _judge(id_: str, judgement: Judgement, steward: str, told: str) -> None:
    reviewer = named_steward(steward, getpass.getuser())
    with open_gateway(read_settings()) as gateway:
        entry = judge_pair(id_, judgement, reviewer, gateway.resolution_desk())
    open_console().print(f"Pair {id_} {told} (audit entry {entry.entry}).")


def _shown(one: Somebody) -> str:
    return f"{one.resource} {one.named}: {one.name}" + (f", born {one.born}" if one.born else "")
