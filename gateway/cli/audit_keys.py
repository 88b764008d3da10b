"""`gateway audit rotate-key` and `new-log`."""

from __future__ import annotations

import getpass
from datetime import timedelta
from typing import Annotated

import typer

from gateway.accountability.start_again import StartAgain, open_new_log
from gateway.app import new_id, open_gateway, open_store, utc_now
from gateway.cli.console import open_console
from gateway.custody.log_keys import rotate_log_key
from gateway.domain.identifiers import EntryId
from gateway.settings import read_settings


def rotate_key(
    overlap: Annotated[int, typer.Option(min=0, max=3650, metavar="DAYS", help="For so long the key before signs too.")] = 30,
) -> None:
    """Give the log a new signing key, while servers go on. Tell whoever checks the log the note that is printed."""
    with open_gateway(read_settings()) as gateway:
        desk = gateway.custody_desk(getpass.getuser())
        done = rotate_log_key(gateway.log_id, gateway.log_signers, desk, timedelta(days=overlap))
    console = open_console()
    console.print(f"The log is signed by a new key (audit entry {done.entry.entry}), for {overlap} days by the one before too.")
    console.print(f"New key: {done.key}")
    console.print(f"Before:  {done.before}")
    console.print("Both signed this note, which proves the change to whoever knows the key before:\n")
    console.print(done.note)


def new_log(
    because: Annotated[str, typer.Option(metavar="TEXT", help="Why, in one line; it stands in the new log's first entry.")],
    new_key: Annotated[bool, typer.Option("--new-key", help="Also make a new signing key.")] = False,
    although_whole: Annotated[bool, typer.Option("--although-whole", help="Close a log that nothing is wrong with.")] = False,
) -> None:
    """Open a new log after a disaster, under the origin that GATEWAY_LOG_ORIGIN names now. The old one stays readable."""
    settings = read_settings()
    database, ring = open_store(settings)
    try:
        opened = open_new_log(
            StartAgain(
                database,
                ring,
                settings.log_origin,
                settings.published_checkpoint,
                because,
                getpass.getuser(),
                utc_now,
                lambda: EntryId(new_id()),
                new_key,
                although_whole,
            )
        )
    finally:
        database.close()
    console = open_console()
    console.print(f"Log {opened.log_id} is open, log {opened.closed} is closed (audit entry {opened.entry}).")
    console.print(f"Its key: {opened.key}")
    console.print(f"What log {opened.closed} published last is kept in {settings.published_checkpoint.name}.{opened.closed}.")
