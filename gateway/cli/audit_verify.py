"""`gateway audit verify`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gateway.accountability.verify import Tell, Verified
from gateway.accountability.verify_archive import verify_archive
from gateway.app import open_gateway
from gateway.cli.console import open_console
from gateway.errors import IntegrityError, RequestError
from gateway.settings import read_settings
from gateway.tlog.key_chain import parse_vkey
from gateway.tlog.note import Verifier


def verify(
    archive: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Verify an archive instead, without a database.")] = None,
    key: Annotated[list[str] | None, typer.Option(metavar="KEY", help="With --archive: the public key of a log in it.")] = None,
) -> None:
    """Recompute every log: every hash, the tree, the signatures, who may see what, every sealed detail and whom it names."""
    console = open_console()
    if archive is not None:
        if not key:
            raise RequestError("--archive needs the log's public key from somebody you trust: --key 'NAME+HASH+KEY'")
        keys = [_key(one) for one in key]
        with telling(console) as tell:
            archived = verify_archive(archive, keys, tell)
        for log in archived:
            console.print(f"{log.origin} is whole in the archive: {log.checkpoint.size:,} entries, {log.details:,} sealed details,")
            console.print(f"root {log.checkpoint.root.hex()}.")
        return
    if key:
        raise RequestError("--key goes with --archive; a database is verified by its own keys.")
    with open_gateway(read_settings()) as gateway, telling(console) as tell:
        verified = gateway.verify_logs(tell)
    for one in verified[:-1]:
        console.print(f"Log {one.checkpoint.log_id} is closed and whole: {one.checkpoint.size:,} entries.")
    _say(verified[-1], console)


def _key(text: str) -> Verifier:
    try:
        return parse_vkey(text)
    except IntegrityError as why:
        raise RequestError("--key takes a whole line of `gateway audit vkey`, as 'NAME+HASH+KEY' in quotes.") from why


def _say(verified: Verified, console: Console) -> None:
    checkpoint = verified.checkpoint
    console.print(f"The log is whole: {checkpoint.size:,} entries, root {checkpoint.root.hex()}.")
    console.print(f"Sealed details: {verified.details:,} opened as committed, {verified.details_out_of_reach:,} whose key is gone.")
    console.print(f"Commitments to people: {verified.commitments:,} made again from the details.")
    console.print(f"The log's key, for other tools: {verified.key}")


@contextmanager
def telling(console: Console) -> Iterator[Tell]:
    """A bar of how many entries are done."""
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("entries"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
