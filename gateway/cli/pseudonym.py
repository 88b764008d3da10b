"""`gateway pseudonym`."""

from __future__ import annotations

import getpass
from datetime import timedelta
from typing import Annotated

import typer

from gateway.app import open_gateway
from gateway.cli.console import open_console
from gateway.custody import reidentify, rotate_pseudonyms
from gateway.domain.identifiers import AgreementId, InstitutionId
from gateway.domain.times import utc_text
from gateway.settings import read_settings
from gateway.steward import named_steward

LONGEST_OVERLAP = 366
Agreement = Annotated[str, typer.Option(help="Id of the agreement.")]
app = typer.Typer(no_args_is_help=True)


@app.callback()
def pseudonym() -> None:
    """Give an agreement new pseudonyms; tell a provider's steward whose one is."""


@app.command()
def rotate(
    agreement: Agreement,
    provider: Annotated[str, typer.Option(help="Whose records the pseudonyms stand for.")],
    overlap_days: Annotated[
        int, typer.Option(min=0, max=LONGEST_OVERLAP, help="Days for which a partner may still ask by the pseudonyms before.")
    ],
) -> None:
    """Give an agreement new pseudonyms: its partners see them from the next answer on."""
    with open_gateway(read_settings()) as gateway:
        desk = gateway.custody_desk(getpass.getuser())
        done = rotate_pseudonyms(AgreementId(agreement), InstitutionId(provider), timedelta(days=overlap_days), desk)
    console = open_console()
    console.print(f"{agreement} has new pseudonyms at {provider} (audit entry {done.entry.entry}).")
    console.print(f"Filters take those before until {utc_text(done.until)}. Change feeds begin anew.")


@app.command()
def resolve(
    pseudonym: Annotated[str, typer.Argument(metavar="PSEUDONYM", help="As the partner has it.", show_default=False)],
    agreement: Agreement,
    steward: Annotated[str, typer.Option("--as", metavar="PROVIDER/STEWARD", help="The steward who asks, as lakeside/lee.")],
    reason: Annotated[str, typer.Option(help="Why; kept sealed with the entry.")],
) -> None:
    """Tell the provider's steward whose a pseudonym is. The look is on the log before anything is shown."""
    who = named_steward(steward, getpass.getuser())
    with open_gateway(read_settings()) as gateway:
        desk = gateway.custody_desk(getpass.getuser())
        found = reidentify(pseudonym, AgreementId(agreement), who, reason, desk)
    console = open_console()
    told = ", ".join(f"{path}={value}" for path, value in found.named.items())
    console.print(f"{found.resource}: {told or 'no record tells whose it is any more'} (audit entry {found.entry.entry})")
