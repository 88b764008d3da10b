"""`gateway agreement check`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.table import Table

from gateway.agreements.check import Checked, check_file
from gateway.agreements.open_law import open_law
from gateway.agreements.sarif import sarif
from gateway.catalog.load import load_catalog
from gateway.catalog.model import Catalog
from gateway.cli.console import new_table, open_console
from gateway.domain.agreement import Agreement
from gateway.domain.treatments import Withhold, spoken
from gateway.errors import FileErrors
from gateway.pdp.policies import Policies
from gateway.settings import read_settings

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Agreement files (YAML).", show_default=False)]


class Format(StrEnum):
    """How problems are told: for people, for programs, for code review."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


def check(
    files: Files,
    full: Annotated[bool, typer.Option("--full", help="Also list every element's treatment.")] = False,
    how: Annotated[Format, typer.Option("--format", help="How problems are told.")] = Format.TEXT,
) -> None:
    """Say everything that is wrong with agreement files, with line, column and what to write instead; changes nothing.

    Exit code 0 when all is well, 2 when anything is wrong. Where no state-law module is switched on (GATEWAY_STATE_MODULES), a
    file may name any that ships: a drafter's machine is not the gateway.
    """
    catalog, settings = load_catalog(), read_settings()
    policies = Policies(settings.bundle, None, settings.bundle_key, settings.modules)
    with open_law(policies, datetime.now(UTC).date(), every_module=not settings.modules) as law:
        checked = [check_file(file, catalog, law) for file in files]
    match how:
        case Format.TEXT:
            _tell(checked, catalog, full=full)
        case Format.JSON:
            _write(orjson.dumps([_tree(one) for one in checked], option=orjson.OPT_INDENT_2))
        case Format.SARIF:
            problems = [problem for one in checked for problem in one.problems]
            _write(orjson.dumps(sarif(problems), option=orjson.OPT_INDENT_2))
    if any(one.problems for one in checked):
        raise typer.Exit(FileErrors.exit_code)


def told(checked: Checked) -> list[str]:
    """The lines that people read about a file with problems."""
    lines = []
    for problem in checked.problems:
        lines.append(str(problem))
        if problem.text:
            lines.append(f"    here: {problem.text}")
    count = len(checked.problems)
    lines.append(f"{checked.file}: {count} problem{'' if count == 1 else 's'}.")
    if not checked.lawful:
        lines.append("The law's rules see only what could be read; put this right and check again.")
    return lines


def _tell(checked: Sequence[Checked], catalog: Catalog, *, full: bool) -> None:
    console, errors = open_console(), open_console(errors=True)
    for one in checked:
        if one.problems:
            for line in told(one):
                errors.print(line)
            continue
        for found in one.agreements:
            _good(one.file, found, catalog)
            if full:
                console.print(_treatments(found, catalog))


def _good(file: str, found: Agreement, catalog: Catalog) -> None:
    console = open_console()
    console.print(f"{file}: right. {found.id}, in force {found.term[0]} to {found.term[1]} ({found.timezone}).")
    if found.operation:
        console.print(f"  {found.operation.operator or 'itself'} runs the gateway for {found.operation.provider}")
    for grant in found.grants:
        named = sum(1 for treatment in grant.elements.values() if not isinstance(treatment, Withhold))
        everything = sum(1 for _ in catalog.resources[grant.resource].every_element())
        console.print(
            f"  {grant.provider} -> {grant.recipient}, {grant.resource}, for {', '.join(grant.purposes)}: "
            f"{named} of {everything} elements, {grant.basis.basis} ({grant.basis.citation})"
        )


def _tree(checked: Checked) -> dict[str, object]:
    return {
        "file": checked.file,
        "right": not checked.problems,
        "agreements": [{"id": found.id, "digest": found.digest} for found in checked.agreements] if not checked.problems else [],
        "problems": [
            {
                "line": problem.line,
                "column": problem.column,
                "text": problem.text,
                "message": problem.message,
                "fix": problem.fix,
                "rule": problem.rule,
                "citation": problem.citation,
            }
            for problem in checked.problems
        ],
    }


def _write(content: bytes) -> None:
    """JSON as it is: a console would fit it to a width."""
    typer.echo(content.decode())


def _treatments(found: Agreement, catalog: Catalog) -> Table:
    table = new_table("schedule", "resource", "element", "treatment")
    for grant in found.grants:
        for element in catalog.resources[grant.resource].every_element():
            treatment = grant.elements.get(element.path, Withhold())
            table.add_row(grant.schedule, grant.resource, element.path, spoken(treatment))
    return table
