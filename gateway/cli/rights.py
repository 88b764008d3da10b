"""`gateway consent` and `gateway opt-out`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from connectors.delimited import DelimitedSource
from connectors.rights_rules import read_plain_rights
from gateway.app import new_id, open_gateway
from gateway.cli.console import new_table, open_console
from gateway.consent.change import Changed, count_rights, give_consent, look_up, rescind_opt_out, withdraw_consent
from gateway.consent.change import opt_out as opt_out_of_directory
from gateway.consent.person import person_resource
from gateway.consent.take_in import RightsOrder, RightsReport, take_in
from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.domain.rights import BY_HAND, NamedPerson, RightsKind
from gateway.errors import IngestError, RequestError
from gateway.settings import read_settings

MOST_TOLD = 50
"""Rows that a command lists itself; a wrong column makes as many as the file has."""
consents = typer.Typer(no_args_is_help=True)
opt_outs = typer.Typer(no_args_is_help=True)

Provider = Annotated[str, typer.Option(help="Institution whose records they are.")]
Key = Annotated[
    list[str],
    typer.Argument(metavar="ELEMENT=TEXT...", help="Whom it is about, as in candidateIdentifier=C-104.", show_default=False),
]
MaybeKey = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ELEMENT=TEXT...]", help="Of one person; without it, how many there are.", show_default=False),
]
NamedBy = Annotated[str, typer.Option("--resource", help="The resource that names the person.")]
BeforeRecord = Annotated[bool, typer.Option("--before-record", help="The person's record is still to come.")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="A CSV file with a header.", show_default=False)]


@consents.callback()
def consent() -> None:
    """Record, withdraw and list people's written consents (34 CFR 99.30)."""


@opt_outs.callback()
def opt_out() -> None:
    """Record, rescind and list directory opt-outs (34 CFR 99.37)."""


@consents.command()
def give(
    key: Key,
    provider: Provider,
    form: Annotated[str, typer.Option(help="Id of the form, as in the agreement.")],
    recipient: Annotated[str, typer.Option(help="Institution that may see the records.")],
    purpose: Annotated[list[str], typer.Option(help="A purpose that the form names; repeat for more.")],
    signed_on: Annotated[str, typer.Option(help="Day of the signature, as in 2026-07-01.")],
    until: Annotated[str, typer.Option(help="Last day; without it, until it is withdrawn.")] = "",
    method: Annotated[str, typer.Option(help="paper or electronic.")] = "paper",
    signer: Annotated[str, typer.Option(help="Who was authenticated, for an electronic signature.")] = "",
    resource: NamedBy = "candidates",
    before_record: BeforeRecord = False,
) -> None:
    """Record a signed form; it counts from the next request on."""
    said = {
        "form": form,
        "recipient": recipient,
        "purpose": " ".join(purpose),
        "signed_on": signed_on,
        "until": until,
        "method": method,
        "signer": signer,
    }
    with open_gateway(read_settings()) as gateway:
        person = _person(key, resource)
        changed = give_consent(person, InstitutionId(provider), said, gateway.rights_desk(), before_record=before_record)
    _tell(changed, "consent recorded")


@consents.command()
def withdraw(
    key: Key,
    provider: Provider,
    form: Annotated[str, typer.Option(help="Id of the form.")],
    recipient: Annotated[str | None, typer.Option(help="Only to this institution.")] = None,
    purpose: Annotated[list[str] | None, typer.Option(help="Only for this purpose; repeat for more.")] = None,
    resource: NamedBy = "candidates",
) -> None:
    """End a person's consents on a form; the person is absent from the next answer on."""
    with open_gateway(read_settings()) as gateway:
        person, purposes = _person(key, resource), " ".join(purpose) if purpose else None
        changed = withdraw_consent(person, InstitutionId(provider), form, recipient, purposes, gateway.rights_desk())
    _tell(changed, "consent withdrawn")
    if changed.stated_by:
        open_console().print(
            f"A file of {', '.join(changed.stated_by)} states it too. The gateway does not take it from there again; "
            "take it out of the file as well."
        )


@consents.command("list")
def list_consents(key: MaybeKey = None, *, provider: Provider, resource: NamedBy = "candidates") -> None:
    """How many people consented to what; with a person's key, that person's consents (which goes on the log)."""
    console = open_console()
    with open_gateway(read_settings()) as gateway:
        if key:
            standing = look_up(_person(key, resource), InstitutionId(provider), gateway.rights_desk())
            table = new_table("form", "recipient", "purpose", "signed on", "until", "method", "stated by")
            for item in standing.consents:
                consent, scope = item.consent, item.consent.scope
                stated = item.origin or "hand"
                table.add_row(
                    scope.form, scope.recipient, scope.purpose, consent.signed_on, consent.until or "", consent.method, stated
                )
        else:
            counts, _ = count_rights(InstitutionId(provider), gateway.rights_desk())
            table = new_table("form", "recipient", "purpose", "live", "not live", numbers=("live", "not live"))
            for count in counts:
                scope = count.scope
                table.add_row(scope.form, scope.recipient, scope.purpose, str(count.live), str(count.lapsed))
    console.print(table)


@consents.command("import")
def import_consents(file: File, provider: Provider, resource: NamedBy = "candidates") -> None:
    """Record the forms in a CSV file; its columns are those of the person's identity, and form, recipient, purpose, signed_on,
    until, method, signer. Good rows count; bad ones are listed and kept in quarantine, and the exit code is 6."""
    _import("consents", file, provider, resource)


@opt_outs.command("set")
def set_opt_out(key: Key, provider: Provider, resource: NamedBy = "candidates", before_record: BeforeRecord = False) -> None:
    """Opt a person out of directory information; it counts from the next request on."""
    with open_gateway(read_settings()) as gateway:
        person = _person(key, resource)
        changed = opt_out_of_directory(person, InstitutionId(provider), gateway.rights_desk(), before_record=before_record)
    _tell(changed, "opt-out recorded")


@opt_outs.command()
def rescind(key: Key, provider: Provider, resource: NamedBy = "candidates") -> None:
    """End a person's opt-out."""
    with open_gateway(read_settings()) as gateway:
        changed = rescind_opt_out(_person(key, resource), InstitutionId(provider), gateway.rights_desk())
    _tell(changed, "opt-out ended")
    if changed.stated_by:
        open_console().print(
            f"A file of {', '.join(changed.stated_by)} states it too: take it out there, or the next sync sets it."
        )


@opt_outs.command("list")
def list_opt_outs(key: MaybeKey = None, *, provider: Provider, resource: NamedBy = "candidates") -> None:
    """How many people opted out; with a person's key, whether that person did (which goes on the log)."""
    with open_gateway(read_settings()) as gateway:
        if key:
            standing = look_up(_person(key, resource), InstitutionId(provider), gateway.rights_desk())
            stated = ", ".join(item.origin or "hand" for item in standing.opt_outs)
            line = f"Opted out (stated by {stated})." if stated else "Not opted out."
        else:
            _, count = count_rights(InstitutionId(provider), gateway.rights_desk())
            line = f"{count} opted out of directory information of {provider}."
    open_console().print(line)


@opt_outs.command("import")
def import_opt_outs(file: File, provider: Provider, resource: NamedBy = "candidates") -> None:
    """Opt the people in a CSV file out; its columns are those of the person's identity, and opted_out (yes or no) if it has one.
    Good rows count; bad ones are listed and kept in quarantine, and the exit code is 6."""
    _import("opt_outs", file, provider, resource)


def print_rights(report: RightsReport, source: str, console: Console) -> None:
    """What became of a file, and every row that it is about."""
    what = "consents" if report.kind == "consents" else "opt-outs"
    console.print(
        f"{source}: {what} of {report.resource}: {report.rows:,} rows; {report.begun:,} begun, {report.ended:,} ended, "
        f"{report.unchanged:,} unchanged, {len(report.rejected):,} rows quarantined"
    )
    if report.unidentified and report.kind == "opt_outs":
        console.print(f"{report.unidentified:,} rows do not say whom they name, so no opt-out was ended.")
    told = (*report.rejected, *report.notices)
    for row in told[:MOST_TOLD]:
        console.print(f"{row.location.file}:{row.location.line}: {row.column}: {row.reason} ({row.code})")
    if len(told) > MOST_TOLD:
        console.print(f"and {len(told) - MOST_TOLD:,} more: gateway source quarantine {report.provider}")


def _import(kind: RightsKind, file: Path, provider: str, resource: str) -> None:
    console = open_console()
    with open_gateway(read_settings()) as gateway:
        named_by = person_resource(gateway.catalog, resource)
        source = read_plain_rights(kind, file, InstitutionId(provider), named_by.name, tuple(map(str, named_by.identity)))
        order = RightsOrder(kind, source.provider, named_by.name, "command", BY_HAND, whole=False, shrink_limit=0.0)
        pages = DelimitedSource(source).pull_rights(kind, named_by.name)
        report = take_in(order, pages, gateway.rights_desk(), new_id)
    print_rights(report, str(file), console)
    if report.rejected:
        raise typer.Exit(IngestError.exit_code)


def _person(key: list[str], resource: str) -> NamedPerson:
    parts = [part.partition("=") for part in key]
    if not all(equals for _, equals, _ in parts) or len({path for path, _, _ in parts}) < len(parts):
        raise RequestError("Name the person as ELEMENT=TEXT, each element once, as in candidateIdentifier=C-104.")
    return NamedPerson(ResourceName(resource), {path: text for path, _, text in parts})


def _tell(changed: Changed, what: str) -> None:
    if changed.entry is None:
        open_console().print("It stands so already; nothing changed.")
        return
    open_console().print(f"{changed.count} {what} (audit entry {changed.entry.entry}).")
