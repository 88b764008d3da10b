"""`gateway agreement list`, `show`, `history` and `document`: what the gateway has on record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from gateway.agreements.view import history as happenings
from gateway.agreements.view import view
from gateway.app import open_gateway
from gateway.cli.agreement.lifecycle import Id, Version
from gateway.cli.console import new_table, open_console
from gateway.domain.identifiers import AgreementId
from gateway.errors import RequestError
from gateway.settings import read_settings
from gateway.store.agreements import agreements_and_states
from gateway.store.signatures import read_document


def list_agreements() -> None:
    """Every agreement with its versions and states."""
    table = new_table("agreement", "version", "state", "digest")
    with open_gateway(read_settings()) as gateway, gateway.database.read() as connection:
        for agreement_id, stored in agreements_and_states(connection):
            table.add_row(agreement_id, str(stored.version), stored.state, stored.digest[:16])
    open_console().print(table)


def show(
    agreement: Id,
    version: Version = None,
    text: Annotated[bool, typer.Option("--text", help="Print the resolved text instead: what was signed, as JSON.")] = False,
) -> None:
    """One version with its state and its signatures, each verified again from what is stored."""
    console = open_console()
    with open_gateway(read_settings()) as gateway, gateway.database.read() as connection:
        found = view(connection, AgreementId(agreement), version)
    if text:
        console.print_json(json.dumps(dict(found.document)))
        return
    console.print(
        f"{found.agreement} version {found.version.version}, {found.version.state.replace('_', ' ')}: {found.document['title']}"
    )
    console.print(f"digest {found.version.digest}, computed again from the stored text")
    table = new_table("party", "method", "signer", "signed at (UTC)", "verified now")
    for checked in found.signatures:
        signature = checked.signature
        finding = checked.finding if checked.holds else f"NOT VALID: {checked.finding}"
        table.add_row(signature.institution, signature.method, signature.signer, signature.at[:19], finding)
    for party in found.missing:
        table.add_row(party, "", "", "", "not signed")
    console.print(table)
    for checked in found.signatures:
        evidence = checked.signature.evidence
        if checked.signature.method == "attested":
            board = f", approved by the board on {evidence['board_approved']}" if evidence["board_approved"] else ""
            console.print(
                f"{checked.signature.institution}: document {evidence['document']}, signed on {evidence['signed_on']}{board}"
            )


def history(agreement: Id) -> None:
    """Everything that happened to every version: states, who moved them, and signatures verified again."""
    table = new_table("time (UTC)", "version", "what", "by", "more")
    with open_gateway(read_settings()) as gateway, gateway.database.read() as connection:
        found = happenings(connection, AgreementId(agreement))
    for one in found:
        table.add_row(one.at[:19], str(one.version), one.what, one.actor, one.why)
    open_console().print(table)


def document(
    agreement: Id,
    sha256: Annotated[str, typer.Argument(metavar="SHA256", help="As `show` names it.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The file to write.")],
    version: Version = None,
) -> None:
    """Write an executed document to a file, byte for byte as it was handed in."""
    with open_gateway(read_settings()) as gateway, gateway.database.read() as connection:
        versions = view(connection, AgreementId(agreement), version).versions
        numbers = [known.version for known in versions if version in {None, known.version}]
        kept = [read_document(connection, AgreementId(agreement), number, sha256) for number in numbers]
    found = next((one for one in kept if one is not None), None)
    if found is None:
        raise RequestError(f"{agreement} has no document {sha256}. See: gateway agreement show {agreement}")
    try:
        with out.open("xb") as stream:
            stream.write(found.content)
    except OSError as why:
        raise RequestError(f"{out} cannot be made; it must not exist yet.") from why
    open_console().print(f"{out}: {len(found.content):,} bytes, handed in at {found.at[:19]} by {found.uploaded_by}.")
