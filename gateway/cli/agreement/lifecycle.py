"""`gateway agreement activate`: what moves an agreement from state to state."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from gateway.agreements.lifecycle import activate as put_in_force
from gateway.agreements.read_agreement import read_agreement
from gateway.app import open_gateway
from gateway.cli.console import open_console
from gateway.settings import read_settings


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
        operated = {found.operation.provider} if found.operation else set()
        providers = sorted({grant.provider for grant in found.grants} | operated)
        console.print(f"Pull the sources of {' and '.join(providers)} now: only what an agreement names is stored.")
