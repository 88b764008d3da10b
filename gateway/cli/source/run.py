"""`gateway sync`: pull sources now, or keep pulling the scheduled ones; a bar in a terminal, JSON events for a program."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from connectors.source import Source
from gateway.agreements.expire import expire_ended
from gateway.agreements.lifecycle import by_operator
from gateway.app import Gateway, open_gateway
from gateway.cli.console import new_table, open_console
from gateway.cli.rights import print_rights
from gateway.cli.source.drift import print_drift
from gateway.cli.source.files import Files, read_source
from gateway.consent.take_in import RightsReport
from gateway.domain.identifiers import ResourceName
from gateway.domain.source_shapes import SourceDrift
from gateway.errors import RequestError
from gateway.ingest import ResourceReport
from gateway.settings import read_settings
from gateway.sync import SourceReport, SyncWishes, Told, sync_source
from gateway.telemetry import configure_logs
from gateway.timetable import Timetable

USUAL = SyncWishes()
EVERY_ROWS = 10_000
"""How often JSON events tell of the rows of a long pull."""


def sync(
    files: Files,
    allow_shrink: Annotated[bool, typer.Option(help="Accept that records vanished, beyond GATEWAY_SHRINK_LIMIT.")] = False,
    whole: Annotated[bool, typer.Option(help="Pull everything, also where a source knows what changed.")] = False,
    only: Annotated[list[str] | None, typer.Option(metavar="RESOURCE", help="Only this resource; may be given again.")] = None,
    watch: Annotated[bool, typer.Option(help="Keep running, and pull each source when its schedule says.")] = False,
    form: Annotated[Literal["text", "json"], typer.Option("--format", help="For people, or JSON events, one a line.")] = "text",
) -> None:
    """Pull each source and promote what changed, one resource at a time."""
    wishes = SyncWishes(allow_shrink, whole, frozenset(ResourceName(name) for name in only or ()))
    with open_gateway(read_settings()) as gateway:
        expire_ended(by_operator("gateway sync"), gateway.registry())
        sources = [read_source(file, gateway.catalog) for file in files]
        _check_only(wishes.only, sources)
        if watch:
            _watch(gateway, files)
            return
        for source in sources:
            if form == "json":
                _in_events(gateway, source, wishes)
            else:
                pull(gateway, source, open_console(), wishes)


def pull(gateway: Gateway, source: Source, console: Console, wishes: SyncWishes = USUAL) -> Sequence[ResourceReport]:
    """Pull one source with a progress bar and print what became of each resource."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        tasks = {name: progress.add_task(name, total=None) for name in source.resources}

        def moved(resource: ResourceName, rows: int, total: int | None) -> None:
            progress.update(tasks[resource], completed=rows, total=None if total is None else max(total, rows))

        told = Told(
            moved,
            lambda report: print_rights(report, source.id, console),
            drift=lambda found: print_drift(found, console),
        )
        report = sync_source(gateway, source, wishes, told)
    for file, names in report.drift.items():
        console.print(f"{source.id}: {file} has columns that the source file does not name: {', '.join(names)}")
    console.print(_table(source, report.resources))
    _print_what_was_left(report, console)
    if report.left_undone:
        console.print(f"{source.id}: everything is taken in, but not everything done at the source. {report.left_undone}")
    return report.resources


def _print_what_was_left(report: SourceReport, console: Console) -> None:
    provider = report.source.provider
    unnamed = [found.resource for found in report.resources if found.outcome == "not_stored"]
    if unnamed:
        console.print(f"Not stored, because no agreement of {provider} names them: {', '.join(unnamed)}")
    for found in report.resources:
        if found.dropped:
            console.print(
                f"Not stored of {found.resource}, because no agreement of {provider} can use them: {', '.join(found.dropped)}"
            )
    if any(found.quarantined for found in report.resources):
        console.print(f"What is in quarantine, and why: gateway source quarantine {provider}")


def _table(source: Source, reports: Iterable[ResourceReport]) -> Table:
    numbers = ("rows", "loaded", "unchanged", "deleted", "quarantined")
    table = new_table("resource", *numbers, "", title=f"{source.id} ({source.provider})", numbers=numbers)
    for report in reports:
        counts = report.counts
        figures = (report.rows, counts.inserted + counts.updated, counts.unchanged, counts.deleted, report.quarantined)
        if report.outcome != "not_stored":
            changes = "" if report.whole else "; only what changed was pulled"
            held = f"; nothing deleted: {report.unidentified} of the quarantined have no key" if report.unidentified else ""
            table.add_row(report.resource, *(f"{figure:,}" for figure in figures), report.outcome + changes + held)
    return table


def _in_events(gateway: Gateway, source: Source, wishes: SyncWishes) -> None:
    """One JSON object a line: rows as they are read, each part when it is done, what changed at the source, what it has that nobody
    named."""
    told_of: dict[ResourceName, int] = {}

    def say(event: str, **facts: object) -> None:
        sys.stdout.write(orjson.dumps({"event": event, "source": source.id, **facts}).decode() + "\n")
        sys.stdout.flush()

    def moved(resource: ResourceName, rows: int, total: int | None) -> None:
        if rows - told_of.get(resource, 0) >= EVERY_ROWS:
            told_of[resource] = rows
            say("rows", resource=resource, rows=rows, of=total)

    def rights(report: RightsReport) -> None:
        say("rights", kind=report.kind, resource=report.resource, rows=report.rows, begun=report.begun, ended=report.ended)

    def done(report: ResourceReport) -> None:
        counts = report.counts
        say(
            "resource",
            resource=report.resource,
            outcome=report.outcome,
            version=report.version,
            whole=report.whole,
            rows=report.rows,
            inserted=counts.inserted,
            updated=counts.updated,
            deleted=counts.deleted,
            unchanged=counts.unchanged,
            quarantined=report.quarantined,
            not_stored=report.dropped,
        )

    def drifted(found: SourceDrift) -> None:
        say("drift", resource=found.resource, at=found.at, changes=[asdict(change) for change in found.changes])

    report = sync_source(gateway, source, wishes, Told(moved, rights, done, drifted))
    if report.left_undone:
        say("left_undone", why=report.left_undone)
    say("end", unnamed_columns={file: list(names) for file, names in report.drift.items()})


def _watch(gateway: Gateway, files: Sequence[Path]) -> None:
    """Until it is interrupted or terminated."""
    configure_logs()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    timetable = Timetable(gateway, files, lambda file: read_source(file, gateway.catalog))
    timetable.start()
    ended.wait()
    timetable.stop()


def _check_only(only: frozenset[ResourceName], sources: Sequence[Source]) -> None:
    unknown = only - {name for source in sources for name in source.resources}
    if unknown:
        raise RequestError(f"No source file here has {', '.join(sorted(unknown))}; see `resources` in it.")
