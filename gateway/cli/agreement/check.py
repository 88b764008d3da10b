"""`gateway agreement check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from gateway.agreements.read_agreement import read_agreement
from gateway.catalog.load import load_catalog
from gateway.catalog.model import Catalog
from gateway.cli.console import new_table, open_console
from gateway.domain.agreement import Agreement
from gateway.domain.treatments import Withhold, spoken

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Agreement files (YAML).", show_default=False)]


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


def _treatments(found: Agreement, catalog: Catalog) -> Table:
    table = new_table("schedule", "resource", "element", "treatment")
    for grant in found.grants:
        for element in catalog.resources[grant.resource].every_element():
            treatment = grant.elements.get(element.path, Withhold())
            table.add_row(grant.schedule, grant.resource, element.path, spoken(treatment))
    return table
