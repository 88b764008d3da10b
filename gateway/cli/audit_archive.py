"""`gateway audit archive`."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from gateway.accountability.archive import USUAL, archive
from gateway.app import open_gateway
from gateway.cli.audit_verify import telling
from gateway.cli.console import open_console
from gateway.settings import read_settings


def archive_log(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Of the archive; a new one is made.", show_default=False)],
    entries: Annotated[int, typer.Option(metavar="N", help="Entries of a segment, a power of two.")] = USUAL,
) -> None:
    """Export the log in signed segments, its details still sealed. Run it again to go on, or when it was cut short."""
    console = open_console()
    with open_gateway(read_settings()) as gateway, telling(console) as tell:
        done = archive(folder, entries, gateway.archive_desk(getpass.getuser()), tell)
        key = gateway.log_signers.now.verifier.vkey
    console.print(f"{done.entries:,} entries are archived; segments written now: {done.written} (audit entry {done.entry.entry}).")
    console.print(f"To verify it anywhere: gateway audit verify --archive {folder} --key '{key}'")
