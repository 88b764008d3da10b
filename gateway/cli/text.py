"""`gateway text`: a provider's steward looks at the free texts that the redaction is not certain of, and decides."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from gateway.app import open_gateway
from gateway.cli.console import new_table, open_console
from gateway.domain.identifiers import ResourceName
from gateway.domain.text_review import Outcome
from gateway.errors import RequestError
from gateway.review import WaitingText, decide_texts, waiting_texts
from gateway.settings import read_settings
from gateway.steward import Steward, named_steward

SHOWN = 20
AsSteward = Annotated[str, typer.Option("--as", metavar="PROVIDER/STEWARD", help="The steward who looks, as lakeside/lee.")]
Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="What the queue calls them.", show_default=False)]
app = typer.Typer(no_args_is_help=True)


@app.callback()
def text() -> None:
    """Review the free texts that nobody sees because the redaction is not certain of them."""


@app.command()
def queue(
    steward: AsSteward,
    resource: Annotated[str | None, typer.Option(help="Only texts of this resource.")] = None,
    decided: Annotated[bool, typer.Option("--decided", help="Those that were decided about, instead of those that wait.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many to list.")] = SHOWN,
) -> None:
    """List the texts that wait, with what a partner would see of each."""
    found = _found(steward, None if resource is None else ResourceName(resource))
    wanted = [waiting for waiting in found if (waiting.outcome is not None) is decided]
    console = open_console()
    table = new_table("id", "element", *(["decided"] if decided else []), "would be seen" if not decided else "redacted")
    for waiting in wanted[:limit]:
        more = [waiting.outcome or ""] if decided else []
        table.add_row(waiting.id, f"{waiting.resource}.{waiting.element}", *more, _on_one_line(waiting.redacted))
    console.print(table)
    console.print(f"{len(wanted)} texts {'were decided about' if decided else 'wait'}; {min(limit, len(wanted))} are listed.")


@app.command()
def show(ids: Ids, steward: AsSteward) -> None:
    """Show texts as they were written, and what a partner would see of them."""
    by_id = {waiting.id: waiting for waiting in _found(steward, None)}
    missing = sorted(set(ids) - by_id.keys())
    if missing:
        raise RequestError(f"No text is under review as {', '.join(missing)}. See what waits: gateway text queue")
    console = open_console()
    for waiting in (by_id[id_] for id_ in ids):
        console.print(f"{waiting.id}  {waiting.resource}.{waiting.element}  {waiting.outcome or 'waits'}")
        console.print(f"  written:  {_on_one_line(waiting.source)}")
        console.print(f"  redacted: {_on_one_line(waiting.redacted)}")


@app.command()
def release(ids: Ids, steward: AsSteward) -> None:
    """Let partners see these texts as they are redacted now. A release ends when the text changes, or what is taken out of it."""
    _decide(ids, "released", steward)


@app.command()
def withhold(ids: Ids, steward: AsSteward) -> None:
    """Keep these texts withheld, and out of the queue; takes a release back."""
    _decide(ids, "withheld", steward)


def _decide(ids: list[str], outcome: Outcome, steward: str) -> None:
    reviewer = _reviewer(steward)
    with open_gateway(read_settings()) as gateway:
        entry = decide_texts(ids, outcome, reviewer, gateway.review_desk())
    open_console().print(f"{len(set(ids))} texts {outcome} by {reviewer.named} (audit entry {entry.entry}).")


def _found(steward: str, only: ResourceName | None) -> list[WaitingText]:
    with open_gateway(read_settings()) as gateway:
        return waiting_texts(_reviewer(steward), gateway.review_desk(), only)


def _reviewer(steward: str) -> Steward:
    return named_steward(steward, getpass.getuser())


def _on_one_line(text: str) -> str:
    return " ".join(text.split())
