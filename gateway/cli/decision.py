"""`gateway decision`."""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from gateway.accountability.replay import Redecided, Replay, replay
from gateway.app import open_gateway
from gateway.cli.console import new_table, open_console
from gateway.errors import RequestError
from gateway.settings import read_settings

app = typer.Typer(no_args_is_help=True)
DIFFERENT = 2
FORMATS = ("table", "json")
NAME_WIDTH, TEXT_WIDTH = 90, 45


@app.callback()
def decision() -> None:
    """Make past decisions again."""


@app.command("replay")
def replay_entry(
    entry: Annotated[str, typer.Argument(metavar="ENTRY", help="Id of a disclosure's or refusal's entry.", show_default=False)],
    today_bundle: Annotated[bool, typer.Option("--today-bundle", help="Ask today's policy only, not the one of then.")] = False,
    output: Annotated[str, typer.Option("--format", metavar="table|json", help="How to print it.")] = "table",
) -> None:
    """Make a past decision again from its stored input, by the policy of then and by today's; exits with 2 when one differs."""
    if output not in FORMATS:
        raise RequestError(f"--format {output} is not one of {', '.join(FORMATS)}.")
    with open_gateway(read_settings()) as gateway:
        done = replay(entry, getpass.getuser(), gateway.replay_desk(), today_only=today_bundle)
    console = open_console()
    if output == "json":
        console.print_json(json.dumps({**asdict(done), "reproduced": done.reproduced, "same": done.same}))
    else:
        _print(done, console)
    if not done.same:
        raise typer.Exit(DIFFERENT)


def _print(done: Replay, console: Console) -> None:
    if done.recorded is None:
        console.print("Then the policy engine gave no answer.")
    if done.then is not None:
        console.print(f"By the policy of then: {_said(done.then)}.")
        console.print("That is what the log says." if done.reproduced else "That is NOT what the log says.")
    console.print(f"By today's policy: {_said(done.today)}.")
    console.print("The decision is the same." if done.same else "The decision is not the same.")
    if done.changes:
        table = new_table("what", "then", "today")
        for change in done.changes:
            table.add_row(_short(change.what, NAME_WIDTH), _short(change.before, TEXT_WIDTH), _short(change.after, TEXT_WIDTH))
        console.print(table)


def _short(text: str, width: int) -> str:
    """A condition on rows can be as long as it likes; it stands whole in the JSON."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _said(made: Redecided) -> str:
    operator = f", operator's rules {made.operator_policy[:16]}" if made.operator_policy else ""
    return f"{made.decision} (policy {made.policy[:16]}{operator})"
