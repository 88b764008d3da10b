"""`gateway source` and `gateway sync`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from connectors.kinds import open_source
from connectors.source import Known, Source
from connectors.source_file import read_source_file
from gateway.agreements.expire import expire_ended
from gateway.agreements.lifecycle import by_operator
from gateway.app import Gateway, new_id, open_gateway
from gateway.catalog.load import load_catalog
from gateway.catalog.model import Catalog
from gateway.cli.console import new_table, open_console
from gateway.cli.rights import print_rights
from gateway.consent.person import person_resources
from gateway.consent.take_in import source_rights, take_in
from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.ingest import ResourceReport, ingest, order_of
from gateway.settings import read_settings
from gateway.store.staging import read_quarantine

app = typer.Typer(no_args_is_help=True)

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Source files (YAML).", show_default=False)]


@app.callback()
def source() -> None:
    """Check source files."""


@app.command()
def check(files: Files) -> None:
    """Say every mistake in source files, with line and column; reads no records."""
    catalog = load_catalog()
    console = open_console()
    for file in files:
        found = read_source(file, catalog)
        console.print(f"{file}: right. {found.id} brings {len(found.resources)} resources of {found.provider}.")


@app.command()
def quarantine(
    provider: Annotated[str, typer.Argument(metavar="PROVIDER", help="Whose rows.", show_default=False)],
    resource: Annotated[str, typer.Option(help="Only those of one resource.")] = "",
) -> None:
    """List the rows that the last syncs refused: file, line, column and reason, never the value."""
    console = open_console()
    with open_gateway(read_settings()) as gateway, gateway.database.read() as connection:
        rows = list(read_quarantine(connection, InstitutionId(provider), resource or None))
        for row in rows:
            console.print(f"{row.location.file}:{row.location.line}: {row.column}: {row.reason} ({row.resource}, {row.code})")
    if not rows:
        console.print(f"No row of {provider} is in quarantine.")


def sync(
    files: Files,
    allow_shrink: Annotated[bool, typer.Option(help="Accept that records vanished, beyond GATEWAY_SHRINK_LIMIT.")] = False,
) -> None:
    """Pull each source and promote what changed, one resource at a time."""
    with open_gateway(read_settings()) as gateway:
        expire_ended(by_operator("gateway sync"), gateway.registry())
        for file in files:
            pull(gateway, read_source(file, gateway.catalog), open_console(), allow_shrink=allow_shrink)


def read_source(file: Path, catalog: Catalog, environ: Mapping[str, str] = os.environ) -> Source:
    """The source file, checked against the catalog's element paths; `environ` fills its `${NAME}`."""
    people = person_resources(catalog)
    known = {
        name: Known(
            frozenset(resource.elements),
            {
                collection.name: frozenset(path.partition(".")[2] for path in collection.elements)
                for collection in resource.collections.values()
            },
            frozenset(resource.persons),
            frozenset(resource.identity) if name in people else frozenset(),
        )
        for name, resource in catalog.resources.items()
    }
    return read_source_file(file, known, environ)


def pull(gateway: Gateway, source: Source, console: Console, *, allow_shrink: bool = False) -> list[ResourceReport]:
    """Pull one source with a progress bar and print what became of each resource."""
    connector = open_source(source, gateway.secrets())
    # First what people say about their records: a new record must not be seen before its opt-out.
    for kind, named_by in connector.rights():
        order = source_rights(source, kind, named_by, allow_shrink=allow_shrink, shrink_limit=gateway.settings.shrink_limit)
        print_rights(take_in(order, connector.pull_rights(kind, named_by), gateway.rights_desk(), new_id), source.id, console)
    with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console, transient=True) as progress:
        tasks = {name: progress.add_task(name, total=None) for name in connector.resources()}

        def moved(resource: ResourceName, rows: int, total: int | None) -> None:
            progress.update(tasks[resource], completed=rows, total=None if total is None else max(total, rows))

        reports = list(ingest(order_of(source, allow_shrink=allow_shrink), connector, gateway.intake(), moved))
    for file, columns in connector.unmapped().items():
        console.print(f"{source.id}: {file} has columns that the source file does not name: {', '.join(columns)}")
    console.print(_table(source, reports))
    unnamed = [report.resource for report in reports if report.outcome == "not_stored"]
    if unnamed:
        console.print(f"Not stored, because no agreement of {source.provider} names them: {', '.join(unnamed)}")
    if any(report.quarantined for report in reports):
        console.print(f"What is in quarantine, and why: gateway source quarantine {source.provider}")
    return reports


def _table(source: Source, reports: Iterable[ResourceReport]) -> Table:
    numbers = ("rows", "loaded", "unchanged", "deleted", "quarantined")
    table = new_table("resource", *numbers, "", title=f"{source.id} ({source.provider})", numbers=numbers)
    for report in reports:
        counts = report.counts
        figures = (report.rows, counts.inserted + counts.updated, counts.unchanged, counts.deleted, report.quarantined)
        if report.outcome != "not_stored":
            held = f"; nothing deleted: {report.unidentified} of the quarantined have no key" if report.unidentified else ""
            table.add_row(report.resource, *(f"{figure:,}" for figure in figures), report.outcome + held)
    return table
