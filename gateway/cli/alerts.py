"""`gateway alerts`."""

from __future__ import annotations

import getpass
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

import orjson
import typer

from gateway.alerts.acknowledge import acknowledge
from gateway.alerts.message import looked, told
from gateway.alerts.read_rules import read_rules_file
from gateway.alerts.schema import rules_schema
from gateway.alerts.try_out import try_out
from gateway.app import open_gateway
from gateway.cli.console import open_console
from gateway.domain.times import utc_text
from gateway.errors import RequestError
from gateway.settings import read_settings
from gateway.steward import named_steward
from gateway.store.alerts import read_alerts

app = typer.Typer(no_args_is_help=True)
File = Annotated[Path, typer.Argument(metavar="FILE", help="A file of rules (YAML).", show_default=False)]
Form = Annotated[Literal["text", "json"], typer.Option("--format", help="As text, or as JSON Lines.")]
UNITS = {"m": "minutes", "h": "hours", "d": "days"}


@app.callback()
def alerts() -> None:
    """What somebody should look at: try rules, list what was raised, acknowledge it."""


@app.command()
def check(file: File) -> None:
    """Say every mistake in a file of rules, with line and column; changes nothing."""
    found = read_rules_file(file, os.environ)
    channels = ", ".join(found.channels) or "the log only"
    open_console().print(f"{file}: right. Rules: {', '.join(rule.name for rule in found.rules)}. Channels: {channels}.")


@app.command("test")
def try_rules(
    file: File,
    since: Annotated[str, typer.Option(metavar="WHEN", help="From when on: 7d, 12h, or a day as in 2026-11-01 (UTC).")] = "7d",
    form: Form = "text",
) -> None:
    """Say what rules would have raised of what the log holds already; raises and sends nothing."""
    found = read_rules_file(file, os.environ)
    with open_gateway(read_settings()) as gateway:
        now = gateway.clock()
        begin = _moment(since, now)
        raised = try_out(found, gateway.database, gateway.log_id, begin, now)
        gateway.log.append(looked("tried", getpass.getuser(), len(raised)))
    if form == "json":
        for alert in raised:
            _line({"rule": alert.rule, "at": utc_text(alert.at), **told(alert)})
        return
    console = open_console()
    for alert in raised:
        console.print(f"{utc_text(alert.at)[:19]}  {alert.severity}  {alert.rule}: {alert.said}")
    console.print(f"{len(raised)} alerts since {utc_text(begin)[:19]}; nothing was raised or sent.")


@app.command("list")
def show(
    everything: Annotated[bool, typer.Option("--all", help="Also those that were acknowledged.")] = False,
    most: Annotated[int, typer.Option(min=1, max=10_000, help="How many of the newest.")] = 100,
    form: Form = "text",
) -> None:
    """List what was raised: open or acknowledged and by whom, and which channels it still waits for."""
    with open_gateway(read_settings()) as gateway:
        with gateway.database.read() as connection:
            found = read_alerts(connection, everything=everything, most=most)
        gateway.log.append(looked("listed", getpass.getuser(), len(found)))
    if form == "json":
        for alert in found:
            members = {name: value for name, value in vars(alert).items() if name not in ("told", "subject")}
            _line({**members, **alert.told})
        return
    console = open_console()
    if not found:
        console.print("No alert was raised." if everything else "No alert is open.")
        return
    # Lines, no table: what an alert says is longer than a column, and an id that is cut cannot be copied.
    for alert in found:
        state = "open" if alert.acknowledged_at is None else f"acknowledged by {alert.acknowledged_by}"
        if alert.waits_for:
            state += f", still to tell {', '.join(alert.waits_for)}"
        console.print(f"{alert.id}  {alert.at[:19]}  {alert.told['severity']}  {alert.rule}: {alert.told['said']} ({state})")


@app.command()
def ack(
    alert: Annotated[str, typer.Argument(metavar="ID", help="The alert's id.", show_default=False)],
    person: Annotated[
        str, typer.Option("--as", metavar="INSTITUTION/NAME", help="Who looked at it, registered as lakeside/lee is.")
    ],
) -> None:
    """Acknowledge an alert: somebody registered for an institution that it is about looked at it."""
    who = named_steward(person, getpass.getuser())
    with open_gateway(read_settings()) as gateway:
        entry = acknowledge(alert, who, gateway.alert_desk())
    open_console().print(f"{who.named} acknowledged it (audit entry {entry.entry}).")


@app.command()
def schema() -> None:
    """Print the JSON Schema of rules files, for an editor that completes names and marks mistakes."""
    sys.stdout.write(json.dumps(rules_schema(), indent=2) + "\n")


def _moment(text: str, now: datetime) -> datetime:
    """`7d` before now, or the beginning of a day or a moment, UTC. Raises `RequestError`."""
    number, unit = text[:-1], text[-1:]
    try:
        if unit in UNITS and number.isascii() and number.isdigit():
            return now - timedelta(**{UNITS[unit]: int(number)})
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise RequestError("--since is a number with m, h or d, as in 7d, or a day as in 2026-11-01.") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _line(members: dict[str, object]) -> None:
    sys.stdout.write(orjson.dumps(members).decode() + "\n")
