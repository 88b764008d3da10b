"""`gateway agreement preview`: what a file would let out of the provider's own rows."""

from __future__ import annotations

import getpass
import sys
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Annotated

import orjson
import typer

from connectors.base import Connector
from connectors.kinds import open_source
from gateway.admit import admit
from gateway.agreements.preview import Preview, grant_for
from gateway.agreements.read_agreement import read_agreement
from gateway.agreements.try_out import people_to_sample, resources_to_sample, try_out
from gateway.app import open_gateway
from gateway.catalog.model import Resource
from gateway.cli.console import new_table, open_console
from gateway.cli.source.files import read_source
from gateway.domain.agreement import Grant
from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.domain.records import EducationRecord
from gateway.errors import RequestError
from gateway.normalise import normalise
from gateway.settings import read_settings

SAMPLE, MOST_ROWS, SHOWN = 500, 50_000, 5


def preview(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The agreement file (YAML).", show_default=False)],
    resource: Annotated[str, typer.Option(help="Which resource to look at.")],
    source: Annotated[
        Path, typer.Option(metavar="SOURCE", help="The provider's source file: rows are pulled from it, and not stored.")
    ],
    recipient: Annotated[
        str | None, typer.Option("--as", metavar="PARTNER", help="Through whose eyes; needed where several see it.")
    ] = None,
    rows: Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="How many rows of each resource to pull.")] = SAMPLE,
    show: Annotated[int, typer.Option(min=0, max=100, help="How many rows to print before and after.")] = SHOWN,
    form: Annotated[str, typer.Option("--format", metavar="text|json", help="How to print it.")] = "text",
) -> None:
    """Show real rows before and after, what becomes newly visible, the smallest groups and the join risk; it is on the log."""
    if form not in ("text", "json"):
        raise RequestError(f"--format {form} is not one of text, json.")
    with open_gateway(read_settings()) as gateway:
        agreement = read_agreement(file, gateway.catalog)
        grants = grant_for(agreement, ResourceName(resource), InstitutionId(recipient) if recipient else None)
        opened = read_source(source, gateway.catalog)
        mine = [grant for grant in grants if grant.provider == opened.provider]
        if not mine:
            raise RequestError(
                f"{agreement.id} shares no {resource} of {opened.provider}" + (f" with {recipient}." if recipient else ".")
            )
        if len(mine) > 1:
            raise RequestError(
                f"Several partners or schedules see {resource}; name one with --as: {', '.join(g.recipient for g in mine)}."
            )
        grant = mine[0]
        with gateway.database.read() as connection:
            admit(connection, opened.provider, gateway.clock())
        connector = open_source(opened, gateway.secrets())
        sample = {name: _pulled(connector, gateway.catalog.resources[name], rows) for name in resources_to_sample(grant)}
        people = {
            name: _pulled(connector, gateway.catalog.resources[name], MOST_ROWS)
            for name in people_to_sample(grant, gateway.catalog)
            if name in connector.resources()
        }
        found = try_out(
            agreement, grant, gateway.catalog, sample, people, most=show, actor=getpass.getuser(), registry=gateway.registry()
        )
    if form == "json":
        sys.stdout.write(orjson.dumps(asdict(found), option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        _print(found, grant)


def _pulled(connector: Connector, resource: Resource, rows: int) -> list[EducationRecord]:
    if resource.name not in connector.resources():
        raise RequestError(f"The source has no {resource.name}, which this preview needs; name a source file that has it.")
    needed = frozenset(element.path for element in resource.every_element())
    raw = (record for page in connector.pull(resource.name) for record in page.records)
    normalised = (normalise(record, resource, needed) for record in islice(raw, rows))
    # A key that comes twice goes to the quarantine of a sync, so here the first counts.
    first: dict[tuple[object, ...], EducationRecord] = {}
    for record in normalised:
        if isinstance(record, EducationRecord):
            first.setdefault(tuple(record.elements.get(path) for path in resource.identity), record)
    return list(first.values())


def _print(found: Preview, grant: Grant) -> None:
    console = open_console()
    console.print(f"{grant.provider} -> {grant.recipient}, {found.resource}, for {', '.join(found.purposes)}.")
    console.print(f"{found.rows} rows were pulled; {found.visible} would be visible, {found.newly_visible} of them newly.")
    console.print("Consents and opt-outs are not applied to a sample: with them it can only be fewer.")
    for number, record in enumerate(found.shown, 1):
        table = new_table("element", "before", "after", title=f"row {number}" + (", newly visible" if record.newly_visible else ""))
        for path, before, after in record.elements:
            table.add_row(path, "" if before is None else str(before), "" if after is None else str(after))
        console.print(table)
    if found.quasi_identifiers:
        sizes = ", ".join(str(size) for size in found.smallest_groups)
        console.print(f"Alike in {', '.join(found.quasi_identifiers)}: the smallest groups have {sizes} rows;")
        console.print(f"{found.in_small_groups} of {found.visible} visible rows stand in a group below the smallest cell.")
    else:
        console.print("No visible element of a record narrows down who it is about.")
    for risk in found.join_risks:
        shared = ", ".join(risk.columns) or "no column"
        console.print(f"With {risk.agreement} it shares {shared}: {risk.alone} visible rows could be linked one to one.")
    for code, count in found.unmapped.items():
        console.print(f"In no group of its code list: {code} ({count} rows)")
