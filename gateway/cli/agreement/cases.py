"""`gateway agreement test`: run the cases that stand beside an agreement."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.agreements.cases.engines import CHOICES, opened_engines
from gateway.agreements.cases.junit import junit
from gateway.agreements.cases.read_cases import read_cases
from gateway.agreements.cases.run_cases import Outcome, not_exercised, run_cases
from gateway.agreements.read_agreement import read_agreement
from gateway.app import policies_of
from gateway.catalog.load import load_catalog
from gateway.cli.console import new_table, open_console
from gateway.errors import RequestError
from gateway.settings import read_settings

FAILED = 1


def try_cases(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files of cases (NAME.cases.yaml).", show_default=False)],
    engine: Annotated[
        str, typer.Option(metavar="both|embedded|opa", help="Which engine decides; both where opa is installed.")
    ] = "both",
    report: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Also write JUnit XML there.")] = None,
) -> None:
    """Run an agreement's cases before it is signed; exits with 1 when one does not hold."""
    if engine not in CHOICES:
        raise RequestError(f"--engine {engine} is not one of {', '.join(CHOICES)}.")
    if report is not None and len(files) > 1:
        raise RequestError("--junit takes the cases of one file; run it once a file.")
    catalog = load_catalog()
    settings, failed = read_settings(), False
    policies = policies_of(settings)
    with opened_engines(engine, policies) as engines:
        for file in files:
            cases = read_cases(file, catalog)
            agreements = [read_agreement(cases.agreement, catalog)]
            outcomes = run_cases(cases.cases, agreements, engines, catalog, settings.modules)
            _print(file, outcomes, not_exercised(outcomes, agreements))
            if report is not None:
                report.write_bytes(junit(outcomes, str(file)))
            failed |= any(outcome.failure for outcome in outcomes)
    if failed:
        raise typer.Exit(FAILED)


def _print(file: Path, outcomes: tuple[Outcome, ...], left: tuple[str, ...]) -> None:
    console = open_console()
    engines = list(dict.fromkeys(outcome.engine for outcome in outcomes))
    table = new_table("line", "case", *engines, title=str(file))
    for case in dict.fromkeys(outcome.case.line for outcome in outcomes):
        ours = {outcome.engine: outcome for outcome in outcomes if outcome.case.line == case}
        table.add_row(str(case), ours[engines[0]].case.name, *("FAILS" if ours[name].failure else "holds" for name in engines))
    console.print(table)
    for outcome in outcomes:
        if outcome.failure:
            console.print(f"{file}:{outcome.case.line}:1: {outcome.case.name} ({outcome.engine}): {outcome.failure}")
    if left:
        console.print(f"No case looks at {len(left)} clauses:")
        for clause in left:
            console.print(f"  {clause}")
    else:
        console.print("Every clause is looked at by a case.")
