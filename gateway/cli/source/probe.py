"""`gateway source probe`: look at a source before its first sync; nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from connectors.base import Connector, Probing
from connectors.kinds import open_source
from connectors.source import ResourceRule, Source
from gateway.app import open_gateway
from gateway.catalog.model import Resource
from gateway.cli.console import new_table, open_console
from gateway.cli.source.files import read_source
from gateway.domain.identifiers import ResourceName
from gateway.domain.records import RawRecord
from gateway.fit import Fit, Proposal, fits, proposals
from gateway.settings import read_settings

MOST_NAMES = 200


def probe(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A source file; `columns: {}` will do to begin with.", show_default=False)
    ],
    only: Annotated[list[str] | None, typer.Option(metavar="RESOURCE", help="Only this resource; may be given again.")] = None,
    rows: Annotated[int, typer.Option(min=1, max=10_000, help="How many rows to look at.")] = 500,
) -> None:
    """Connect to a source, list what it offers, and show how well a sample fits; proposes elements for columns that no one named.

    No text of a record is shown or stored.
    """
    console = open_console()
    with open_gateway(read_settings()) as gateway:
        source = read_source(file, gateway.catalog)
        connector = open_source(source, gateway.secrets())
        wanted = [name for name in source.resources if not only or name in only]
        if isinstance(connector, Probing):
            _print_offers(source, list(islice(connector.offers(), MOST_NAMES + 1)), console)
        for name in wanted:
            _look_at(connector, source.resources[name], gateway.catalog.resources[name], rows, console)


def _print_offers(source: Source, names: Sequence[str], console: Console) -> None:
    read = {rule.file for rule in source.every_rule()}
    console.print(f"{source.id} offers:")
    for name in names[:MOST_NAMES]:
        console.print(f"  {name}{'' if name in read else '   (not read)'}")
    if len(names) > MOST_NAMES:
        console.print("  and more")


def _look_at(connector: Connector, rule: ResourceRule, resource: Resource, rows: int, console: Console) -> None:
    records, refused = _sampled(connector, rule.resource, rows)
    found = fits(records, resource)
    title = f"\n{resource.name} from {rule.file}: {len(records)} rows read"
    table = new_table("element", "column", "filled", "fits", "why not", title=title, numbers=("filled", "fits"))
    for fit in found:
        fitting = _share(fit.filled - sum(fit.misfits.values()), fit.filled)
        table.add_row(fit.path, fit.column, _share(fit.filled, fit.rows), fitting, _codes(fit))
    console.print(table)
    for code, count in refused.items():
        console.print(f"{count:,} rows cannot be read: {code}")
    _print_gaps(found, resource, console)
    if isinstance(connector, Probing):
        named = {*rule.header_names(), *rule.ignore}
        unnamed = {column: texts for column, texts in connector.sample(rule.resource, rows).items() if column not in named}
        _print_proposals(unnamed, proposals(unnamed, resource, rule.fed()), resource, console)


def _sampled(connector: Connector, name: ResourceName, rows: int) -> tuple[list[RawRecord], Mapping[str, int]]:
    records: list[RawRecord] = []
    refused: dict[str, int] = {}
    pages = connector.pull(name)
    while len(records) + sum(refused.values()) < rows and (page := next(pages, None)) is not None:
        records += page.records[: rows - len(records)]
        for rejection in page.rejections:
            refused[rejection.code] = refused.get(rejection.code, 0) + 1
    return records, refused


def _print_gaps(found: Sequence[Fit], resource: Resource, console: Console) -> None:
    filled = {fit.path for fit in found if fit.filled}
    missing = [path for path in resource.identity if path not in filled]
    if missing:
        console.print(f"No row can be taken in: {', '.join(missing)} make up the key of {resource.name} and are not filled.")


def _print_proposals(unnamed: Mapping[str, Sequence[str]], found: Sequence[Proposal], resource: Resource, console: Console) -> None:
    if not unnamed:
        return
    if found:
        console.print("Columns that the source file does not name, and what they may be:")
        for proposal in found:
            fitting = (
                f", {_share(proposal.fitting, proposal.filled)} of the texts fit" if proposal.filled else ", no text in the sample"
            )
            listed = "" if proposal.path in resource.elements else f", in the list {proposal.path.partition('.')[0]}"
            console.print(f"      {proposal.column}: {proposal.path}   # names alike {proposal.likeness:.0%}{fitting}{listed}")
    rest = sorted(set(unnamed) - {proposal.column for proposal in found})
    if rest:
        console.print(f"Nothing like it in the catalog, to be mapped by hand or ignored: {', '.join(rest)}")


def _share(part: int, whole: int) -> str:
    return "" if not whole else f"{part / whole:.0%}"


def _codes(fit: Fit) -> str:
    return ", ".join(f"{code} {count:,}" for code, count in fit.misfits.items())
