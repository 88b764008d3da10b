"""`gateway agreement determine`."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.agreements.determine import determine as record
from gateway.app import open_gateway
from gateway.cli.console import open_console
from gateway.domain.identifiers import AgreementId
from gateway.settings import read_settings


def determine(
    agreement: Annotated[str, typer.Argument(metavar="AGREEMENT", help="Id of the agreement.", show_default=False)],
    schedule: Annotated[str, typer.Option(help="Its schedule.")],
    resource: Annotated[str, typer.Option(help="The resource that is released.")],
    official: Annotated[str, typer.Option(help="Who determined it: name and office.")],
    reasons: Annotated[str, typer.Option(help="Why nobody can be recognised, also with other releases (99.31(b)(1)).")],
) -> None:
    """Record an official's determination that a release is de-identified; it is frozen at the records of now."""
    with open_gateway(read_settings()) as gateway:
        made = record(AgreementId(agreement), schedule, resource, official, reasons, gateway.registry())
    what = made.determination
    open_console().print(
        f"{what.resource} of {what.agreement} version {what.version}, {what.schedule}: released as promoted in version "
        f"{what.data_version}, in classes of {what.smallest_class} or more (audit entry {made.entry.entry})."
    )
