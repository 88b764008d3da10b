"""`gateway client`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from gateway.app import Gateway, open_gateway
from gateway.cli.console import new_table, open_console
from gateway.clients import (
    ClientDesk,
    Issued,
    KeyPair,
    NewClient,
    NewCredential,
    PublicKey,
    Secret,
    add_client,
    rotate_client,
    suspend_client,
)
from gateway.errors import RequestError
from gateway.settings import read_settings
from gateway.store.clients import list_clients

app = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="CLIENT", help="Id of the client.", show_default=False)]
KeyFile = Annotated[Path | None, typer.Option("--key", metavar="FILE", help="The client's public key, a JWK file.")]
MakeSecret = Annotated[bool, typer.Option("--secret", help="Make a secret for HTTP Basic and print it once.")]
NewKeyFile = Annotated[
    Path | None,
    typer.Option("--new-key", metavar="FILE", help="Make a key pair and write the private key to a new file."),
]


@app.callback()
def client() -> None:
    """Register partners' systems, rotate their credentials, suspend them."""


@app.command()
def add(
    name: Name,
    institution: Annotated[str, typer.Option(help="Institution that the client acts for.")],
    title: Annotated[str, typer.Option(help="What people call the client.")],
    purpose: Annotated[list[str], typer.Option(help="A purpose that the client may name; repeat for more.")],
    default_purpose: Annotated[str | None, typer.Option(help="Purpose of a request that names none; else the first.")] = None,
    scope: Annotated[list[str] | None, typer.Option(help="records:read (the default) or another; repeat for more.")] = None,
    key: KeyFile = None,
    secret: MakeSecret = False,
    new_key: NewKeyFile = None,
) -> None:
    """Register a client with one credential: --key, --new-key or --secret."""
    new = NewClient(name, institution, title, tuple(purpose), default_purpose, tuple(scope or ("records:read",)))
    _issue(lambda credential, desk: add_client(new, credential, desk), key, secret, new_key)


@app.command()
def rotate(
    name: Name,
    retire_after: Annotated[
        float, typer.Option(metavar="HOURS", min=0, max=2160, help="Hours that the old one still serves.")
    ] = 24.0,
    key: KeyFile = None,
    secret: MakeSecret = False,
    new_key: NewKeyFile = None,
) -> None:
    """Give a client a new credential: --key, --new-key or --secret."""
    overlap = timedelta(hours=retire_after)
    _issue(lambda credential, desk: rotate_client(name, credential, overlap, desk), key, secret, new_key)


@app.command()
def suspend(name: Name) -> None:
    """Refuse a client from its next request on, whatever tokens it holds."""
    with open_gateway(read_settings()) as gateway:
        entry = suspend_client(name, _desk(gateway))
    open_console().print(f"{name} is suspended (audit entry {entry.entry}).")


@app.command("list")
def list_all() -> None:
    """Show every client with its live credentials."""
    with open_gateway(read_settings()) as gateway:
        now = gateway.clock()
        with gateway.database.read() as connection:
            clients = list_clients(connection)
    table = new_table("client", "institution", "purposes", "scopes", "state", "credentials")
    for found in clients:
        live = [f"{known.kind} {known.credential}" for known in found.credentials if known.live(now)]
        table.add_row(
            found.client,
            found.institution,
            ", ".join(found.purposes),
            ", ".join(found.scopes),
            "locked" if found.locked(now) and found.state == "active" else found.state,
            "\n".join(live),
        )
    open_console().print(table)


def _issue(register: Callable[[NewCredential, ClientDesk], Issued], key: Path | None, secret: bool, new_key: Path | None) -> None:
    if sum((key is not None, secret, new_key is not None)) != 1:
        raise RequestError("Choose one credential: --key FILE, --new-key FILE or --secret.")
    credential: NewCredential = Secret()
    if key is not None:
        credential = PublicKey(read_jwk(key))
    if new_key is not None:
        credential = KeyPair()
        reserve(new_key)
    try:
        with open_gateway(read_settings()) as gateway:
            issued = register(credential, _desk(gateway))
            if new_key is not None and issued.private_key is not None:
                new_key.write_text(issued.private_key, encoding="ascii")
    finally:
        if new_key is not None and new_key.stat().st_size == 0:
            new_key.unlink()
    _tell(issued, new_key)


def _tell(issued: Issued, new_key: Path | None) -> None:
    console = open_console()
    console.print(f"{issued.client} has credential {issued.credential} (audit entry {issued.entry.entry}).")
    if new_key is not None:
        console.print(f"Its private key is in {new_key}; the gateway keeps the public half only.")
    if issued.secret is not None:
        console.print("Its secret, shown this once; the gateway keeps a hash only:")
        console.print(issued.secret)


def read_jwk(file: Path) -> object:
    """A JWK file as it is written. Raises `RequestError`."""
    try:
        document: object = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as why:
        raise RequestError(f"{file} cannot be read as a JWK (JSON).") from why
    return document


def reserve(file: Path) -> None:
    """Make the file first, for its owner only, so that a key is never made that has nowhere to go."""
    try:
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as why:
        raise RequestError(f"{file} cannot be made; it must not exist yet.") from why


def _desk(gateway: Gateway) -> ClientDesk:
    return ClientDesk(gateway.database, gateway.log, gateway.clock, os.urandom)
