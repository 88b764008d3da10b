"""`gateway signatory`."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.agreements.lifecycle import by_operator
from gateway.agreements.signatories import NewSignatory, add_signatory, retire_signatory
from gateway.app import open_gateway
from gateway.cli.client import read_jwk, reserve
from gateway.cli.console import new_table, open_console
from gateway.domain.identifiers import InstitutionId
from gateway.domain.signing import Role
from gateway.errors import RequestError
from gateway.keys.jwk import ed25519_jwk, thumbprint
from gateway.settings import read_settings
from gateway.store.signatures import list_signatories

app = typer.Typer(no_args_is_help=True)

Who = Annotated[
    str, typer.Argument(metavar="ID", help="Id of the person, for good: small letters, digits, hyphens.", show_default=False)
]
Institution = Annotated[str, typer.Option(help="The institution that the person binds.")]


@app.callback()
def signatory() -> None:
    """Register who signs agreements for an institution, and retire them."""


@app.command()
def add(
    who: Who,
    institution: Institution,
    name: Annotated[str, typer.Option(help="The person's name.")],
    title: Annotated[str, typer.Option(help="The person's office, as in Superintendent.")],
    role: Annotated[str, typer.Option(help="signatory signs with a key; steward attests executed documents.")] = "signatory",
    key: Annotated[Path | None, typer.Option("--key", metavar="FILE", help="The person's public key, an Ed25519 JWK file.")] = None,
    new_key: Annotated[
        Path | None, typer.Option("--new-key", metavar="FILE", help="Make a key pair and write the private key to a new file.")
    ] = None,
) -> None:
    """Register a signatory (--key or --new-key) or a steward, who needs no key."""
    if key is not None and new_key is not None:
        raise RequestError("Choose one: --key FILE or --new-key FILE.")
    new = NewSignatory(institution, who, _role(role), name, title, None if key is None else read_jwk(key))
    _register(new, new_key)


@app.command()
def retire(who: Who, institution: Institution) -> None:
    """End a person's right to sign from now on; what was signed stays signed."""
    with open_gateway(read_settings()) as gateway:
        person, entry = retire_signatory(institution, who, by_operator(getpass.getuser()), gateway.registry())
    open_console().print(f"{person.id} of {person.institution} is retired (audit entry {entry.entry}).")


@app.command("list")
def list_all(institution: Annotated[str, typer.Option(help="Only those of one institution.")] = "") -> None:
    """Show everybody who signs or signed, with the thumbprint of the key."""
    table = new_table("institution", "id", "role", "name", "title", "key", "since", "retired")
    with open_gateway(read_settings()) as gateway, gateway.database.read() as connection:
        for one in list_signatories(connection, InstitutionId(institution) if institution else None):
            shown = "" if one.public_jwk is None else thumbprint(one.public_jwk)
            since, retired = one.created_at[:10], (one.retired_at or "")[:10]
            table.add_row(one.institution, one.id, one.role, one.name, one.title, shown, since, retired)
    open_console().print(table)


def _role(text: str) -> Role:
    match text:
        case "signatory" | "steward":
            return text
        case _:
            raise RequestError("The role is signatory or steward.")


def _register(new: NewSignatory, new_key: Path | None) -> None:
    private: Ed25519PrivateKey | None = None
    if new_key is not None:
        private = Ed25519PrivateKey.generate()
        new = NewSignatory(new.institution, new.id, new.role, new.name, new.title, ed25519_jwk(private.public_key()))
        reserve(new_key)
    registered = False
    try:
        with open_gateway(read_settings()) as gateway:
            if private is not None and new_key is not None:
                # Written before it is registered: a key that binds somebody must not be lost.
                new_key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            person, entry = add_signatory(new, by_operator(getpass.getuser()), gateway.registry())
            registered = True
    finally:
        if new_key is not None and not registered:
            new_key.unlink()
    console = open_console()
    console.print(f"{person.id} is {person.role} of {person.institution} (audit entry {entry.entry}).")
    if new_key is not None:
        console.print(
            f"The private key is in {new_key}; give it to {person.name} and keep no copy. The gateway keeps the public half."
        )
