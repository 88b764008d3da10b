"""`gateway audit`."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.table import Table

from gateway.accountability.query import find, newest
from gateway.app import open_gateway
from gateway.cli.audit_archive import archive_log
from gateway.cli.audit_keys import new_log, rotate_key
from gateway.cli.audit_verify import verify
from gateway.cli.console import new_table, open_console
from gateway.cli.log_key import vkey
from gateway.settings import read_settings

app = typer.Typer(no_args_is_help=True)
app.command()(vkey)
app.command("verify")(verify)
app.command("archive")(archive_log)
app.command("new-log")(new_log)
app.command("rotate-key")(rotate_key)


@app.callback()
def audit() -> None:
    """Verify the audit log and read its entries."""


@app.command()
def show(
    entry: Annotated[str, typer.Argument(metavar="[ENTRY]", help="An entry's id; without it the newest are listed.")] = "",
    last: Annotated[int, typer.Option(min=1, max=1000, help="How many of the newest to list.")] = 20,
    detail: Annotated[bool, typer.Option("--detail", help="Also open the sealed detail.")] = False,
    log: Annotated[int, typer.Option(min=0, help="Of a log that was closed; 0: of the one that takes entries.")] = 0,
) -> None:
    """Read one entry, or list the newest."""
    console = open_console()
    with open_gateway(read_settings()) as gateway:
        if not entry:
            console.print(_list(newest(gateway.database, log or gateway.log_id, last)))
            return
        found = find(gateway.database, log or gateway.log_id, entry)
        console.print_json(json.dumps(found.leaf), sort_keys=True)
        if detail and found.sealed is not None:
            key_id, ciphertext = found.sealed
            opened = gateway.open_detail(entry, ciphertext, key_id)
            console.print("The detail's key is gone." if opened is None else opened[32:].decode())


def _list(entries: list[tuple[int, dict[str, object]]]) -> Table:
    table = new_table("index", "time (UTC)", "kind", "what", "entry", numbers=("index",))
    for index, leaf in entries:
        what = [str(leaf[name]) for name in ("client", "resource", "agreement", "outcome", "after") if leaf.get(name)]
        if leaf["kind"] == "key":
            what = [str(leaf[name]) for name in ("provider", "agreement", "purpose", "operation") if leaf.get(name)]
        rules = leaf.get("rules")
        if leaf["kind"] == "refusal" and isinstance(rules, list):
            what += [str(rule) for rule in rules] or [str(leaf["code"])]
        table.add_row(str(index), str(leaf["time"])[:19], str(leaf["kind"]), " ".join(what), str(leaf["id"]))
    return table
