"""`gateway audit verify`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gateway.accountability.verify import Tell, Verified
from gateway.app import open_gateway
from gateway.cli.console import open_console
from gateway.settings import read_settings


def verify() -> None:
    """Recompute every log: every hash, the tree, the signatures, who may see what, every sealed detail and whom it names."""
    console = open_console()
    with open_gateway(read_settings()) as gateway, telling(console) as tell:
        verified = gateway.verify_logs(tell)
    for one in verified[:-1]:
        console.print(f"Log {one.checkpoint.log_id} is closed and whole: {one.checkpoint.size:,} entries.")
    _say(verified[-1], console)


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
