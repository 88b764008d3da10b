"""`gateway agreement`."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from gateway.agreements.lifecycle import activate as put_in_force
from gateway.agreements.read_agreement import read_agreement
from gateway.app import open_gateway
from gateway.catalog.load import load_catalog
from gateway.catalog.model import Catalog
from gateway.cli.console import new_table, open_console
from gateway.domain.agreement import Agreement
from gateway.domain.treatments import Withhold, spoken
from gateway.settings import read_settings
from gateway.store.agreements import agreements_and_states

app = typer.Typer(no_args_is_help=True)

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Agreement files (YAML).", show_default=False)]


@app.callback()
def agreement() -> None:
    """Check agreement files and put them in force."""


@app.command()
def check(files: Files, full: Annotated[bool, typer.Option("--full", help="Also list every element's treatment.")] = False) -> None:
    """Say every mistake in agreement files, with line and column; changes nothing."""
    catalog = load_catalog()
    console = open_console()
    for file in files:
        found = read_agreement(file, catalog)
        console.print(f"{file}: right. {found.id}, in force {found.term[0]} to {found.term[1]} ({found.timezone}).")
        for grant in found.grants:
            named = sum(1 for treatment in grant.elements.values() if not isinstance(treatment, Withhold))
            everything = sum(1 for _ in catalog.resources[grant.resource].every_element())
            console.print(
                f"  {grant.provider} -> {grant.recipient}, {grant.resource}, for {', '.join(grant.purposes)}: "
                f"{named} of {everything} elements, {grant.basis.basis} ({grant.basis.citation})"
            )
        if full:
            console.print(_treatments(found, catalog))


@app.command()
def activate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The agreement file (YAML).", show_default=False)],
    signed_by: Annotated[str, typer.Option(help="Who states that the parties signed; yourself if left out.")] = "",
) -> None:
    """Put an agreement in force: you state, as the operator, that every party signed exactly this file."""
    with open_gateway(read_settings()) as gateway:
        found = read_agreement(file, gateway.catalog)
        activation = put_in_force(found, signed_by or getpass.getuser(), gateway.registry())
    outcome = "is in force" if activation.changed else "was in force already; nothing changed"
    console = open_console()
    console.print(f"{found.id} version {activation.version} {outcome} (digest {found.digest[:16]}).")
    if activation.changed:
        providers = sorted({grant.provider for grant in found.grants})
        console.print(f"Pull the sources of {' and '.join(providers)} now: only what an agreement names is stored.")


@app.command("list")
def list_agreements() -> None:
    """Every agreement with its versions and states."""
    table = new_table("agreement", "version", "state", "digest")
    with open_gateway(read_settings()) as gateway, gateway.database.read() as connection:
        for agreement_id, stored in agreements_and_states(connection):
            table.add_row(agreement_id, str(stored.version), stored.state, stored.digest[:16])
    open_console().print(table)


def _treatments(found: Agreement, catalog: Catalog) -> Table:
    table = new_table("schedule", "resource", "element", "treatment")
    for grant in found.grants:
        for element in catalog.resources[grant.resource].every_element():
            treatment = grant.elements.get(element.path, Withhold())
            table.add_row(grant.schedule, grant.resource, element.path, spoken(treatment))
    return table
