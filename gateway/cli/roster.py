"""`gateway roster`: what the API does for a client, for an institution that sends its roster to the operator instead."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.api.rosters import roster_desk
from gateway.app import new_id, open_gateway
from gateway.cli.console import open_console
from gateway.domain.access import AccessRequest, Principal
from gateway.domain.identifiers import AgreementId, ClientId, InstitutionId, ResourceName
from gateway.errors import ConfigurationError, FileErrors, FileProblem, FileRefused
from gateway.read_roster import CSV, JSON, LARGEST_ROSTER
from gateway.settings import read_settings
from gateway.submit_roster import Submission, submit_roster

OPERATOR = "operator"
app = typer.Typer(no_args_is_help=True)


@app.callback()
def roster() -> None:
    """Say whom an institution asks about, where its agreement chooses rows by a roster."""


@app.command()
def submit(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV with a header, or JSON.", show_default=False)],
    resource: Annotated[str, typer.Option(help="The resource whose rows it chooses, as staffs.")],
    institution: Annotated[str, typer.Option(help="Institution that asks.")],
    purpose: Annotated[str, typer.Option(help="What it asks for.")],
    provider: Annotated[str | None, typer.Option(help="Whose records; needed where several agreements cover it.")] = None,
    agreement: Annotated[str | None, typer.Option(help="Under which agreement; needed where several cover it.")] = None,
) -> None:
    """Put a roster in the place of the one before, on the word of who sends it; one without lines takes it back."""
    content = _read(file)
    who = Principal(
        client=ClientId(OPERATOR),
        institution=InstitutionId(institution),
        purposes=frozenset({purpose}),
        default_purpose=purpose,
        scopes=frozenset(),
        token_id=OPERATOR,
        key_thumbprint=OPERATOR,
    )
    request = AccessRequest(
        ResourceName(resource),
        purpose,
        provider=InstitutionId(provider) if provider else None,
        agreement=AgreementId(agreement) if agreement else None,
        request_id=new_id(),
    )
    submission = Submission(request, content, JSON if file.suffix == ".json" else CSV)
    with open_gateway(read_settings()) as gateway:
        try:
            done = submit_roster(submission, who, roster_desk(gateway.gate(gateway.pdp())))
        except FileRefused as why:
            places = tuple(FileProblem(str(file), found.line, found.column, found.message, found.fix) for found in why.problems)
            raise FileErrors(places) from why
    open_console().print(
        f"{done.lines:,} lines stand under {done.roster.agreement}, schedule {done.roster.schedule}; sent under {done.sent_under} "
        f"(audit entry {done.entry.entry})."
    )


def _read(file: Path) -> bytes:
    try:
        if file.stat().st_size > LARGEST_ROSTER:
            raise ConfigurationError(f"A roster has at most {LARGEST_ROSTER:,} bytes.")
        return file.read_bytes()
    except OSError as why:
        raise ConfigurationError(f"{file} cannot be read: {why.strerror}.") from why
