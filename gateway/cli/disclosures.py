"""`gateway disclosures`: who was told what about one person."""

from __future__ import annotations

import getpass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gateway.agreements.render import RENDERERS
from gateway.app import Gateway, open_gateway
from gateway.cli.console import open_console
from gateway.errors import ConfigurationError, RequestError
from gateway.register.document import document
from gateway.register.find_subject import Meant
from gateway.register.index import rebuild as rebuild_index
from gateway.register.lines import as_csv, as_json
from gateway.register.look import Looked, look, steward_looks
from gateway.register.told import Told
from gateway.settings import read_settings
from gateway.steward import named_steward


class Form(StrEnum):
    """What the record is written as."""

    text = "text"
    json = "json"
    csv = "csv"
    html = "html"
    pdf = "pdf"


def disclosures(
    subject: Annotated[
        list[str],
        typer.Argument(
            metavar="ELEMENT=TEXT...",
            help="Whom it is about: candidateIdentifier=C-104; or pseudonym=... agreement=...; or firstName=... lastSurname=... "
            "birthDate=2001-05-17.",
            show_default=False,
        ),
    ],
    steward: Annotated[str, typer.Option("--as", metavar="PROVIDER/STEWARD", help="The steward who looks, as lakeside/lee.")],
    resource: Annotated[str, typer.Option("--resource", help="The resource that names the person by its own id.")] = "candidates",
    form: Annotated[Form, typer.Option("--format", help="pdf and html are fit to hand to the person.")] = Form.text,
    output: Annotated[Path | None, typer.Option(help="Write it to this file, which only you can read.")] = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="First make the index of people anew from the log.")] = False,
) -> None:
    """Tell a provider's steward who was told what about one person, when, why and on which ground (34 CFR 99.32). The look is on
    the log before anything is shown."""
    who = named_steward(steward, getpass.getuser())
    if form is Form.pdf and output is None:
        raise RequestError("A PDF is written to a file. Say which: --output record.pdf")
    if form is Form.text and output is not None:
        raise RequestError("Text is printed. Write another format to the file: --format html --output record.html")
    meant = Meant(_parts(subject), resource)
    with open_gateway(read_settings()) as gateway:
        desk = gateway.register_desk()
        if rebuild:
            rebuild_index(desk)
        looked = look(meant, steward_looks(who), desk)
        content = None if form is Form.text else _content(form, looked, who.provider, gateway)
    console = open_console()
    if content is None:
        _print(looked, console)
    elif output is None:
        typer.echo(content.decode(), nl=False)
    else:
        _write(output, content)
        console.print(f"{len(looked.told)} entries are in {output} (audit entry {looked.entry.entry}).")


def _content(form: Form, looked: Looked, provider: str, gateway: Gateway) -> bytes:
    match form:
        case Form.csv:
            return as_csv(looked.told)
        case Form.json:
            more = {"provider": provider, "look": looked.entry.entry, "out_of_reach": len(looked.out_of_reach)}
            return as_json(looked.subject.called, looked.told, more)
        case _:
            return RENDERERS[form.value](document(looked, provider, gateway.clock()))


def _print(looked: Looked, console: Console) -> None:
    for one in looked.told:
        console.print(_line(one))
    console.print(f"{len(looked.told)} entries about {looked.subject.called} (audit entry {looked.entry.entry}).")
    if looked.out_of_reach:
        console.print(f"{len(looked.out_of_reach)} more entries are in the log's archive, not in the database.")
    console.print("For the person, in full: --format pdf --output record.pdf")


def _line(one: Told) -> str:
    did = "asked for" if one.kind == "request" else "received"
    bases = ", ".join(dict.fromkeys(basis.citation for basis in one.bases))
    grounds = f"; {bases}" if bases else ""
    exempt = f"; exempt, {one.exempt.citation}" if one.exempt else ""
    return (
        f"{one.at:%Y-%m-%d %H:%M} {one.timezone}  {one.recipient_name} (client {one.client}) {did} {one.resource} "
        f"for {one.purpose}: {len(one.elements)} elements, {one.agreement} version {one.agreement_version}"
        f"{grounds}{exempt} [{one.entry}]"
    )


def _write(output: Path, content: bytes) -> None:
    try:
        output.touch(mode=0o600)
        output.chmod(0o600)
        output.write_bytes(content)
    except OSError as why:
        raise ConfigurationError(f"{output} cannot be written: {why.strerror}. Name another file: --output") from why


def _parts(given: list[str]) -> dict[str, str]:
    parts = [part.partition("=") for part in given]
    if not all(equals for _, equals, _ in parts) or len({name for name, _, _ in parts}) < len(parts):
        raise RequestError("Name the person as ELEMENT=TEXT, each element once, as in candidateIdentifier=C-104.")
    return {name: text for name, _, text in parts}
