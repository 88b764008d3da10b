"""`gateway agreement new` and `exhibit`: a first draft by an interview or from a ticked schedule, and the schedule to tick."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from gateway.agreements.draft import Question, asked_by, draft, templates
from gateway.agreements.exhibit import as_resources, blank_exhibit, read_exhibit
from gateway.agreements.read_agreement import read_agreement
from gateway.catalog.load import load_catalog
from gateway.catalog.model import Catalog
from gateway.cli.console import new_table, open_console
from gateway.errors import FileErrors, RequestError
from gateway.shipped import shipped

FOLDER = ("agreements", "templates")
FROM_EXHIBIT = "ticked_schedule"


def new(
    template: Annotated[str, typer.Argument(metavar="[TEMPLATE]", help="What to start from; left out, they are listed.")] = "",
    folder: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the draft and its cases are written.")] = Path(),
    answers: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=ANSWER", help="An answer, instead of being asked; repeat.")
    ] = None,
    exhibit: Annotated[Path | None, typer.Option("--from", metavar="FILE.xlsx", help="A ticked schedule of elements.")] = None,
    skip_unknown: Annotated[
        bool, typer.Option(help="Leave out rows of the schedule that are not known, instead of stopping.")
    ] = False,
) -> None:
    """Interview somebody and write a valid first draft with its cases, or draft from a ticked schedule of elements."""
    shelf = shipped("policies").joinpath(*FOLDER)
    template = template or (FROM_EXHIBIT if exhibit is not None else "")
    if not template:
        _list(shelf)
        return
    if (template == FROM_EXHIBIT) != (exhibit is not None):
        raise RequestError(f"--from FILE.xlsx goes with the template {FROM_EXHIBIT}, and only with it.")
    catalog = load_catalog()
    resources = "" if exhibit is None else _resources(exhibit, catalog, skip_unknown=skip_unknown)
    known = _given(answers or [], asked_by(shelf, template))
    for question in asked_by(shelf, template):
        if question.name not in known:
            known[question.name] = _ask(question)
    files = draft(shelf, template, known, resources)
    _check(files, catalog)
    _write(files, folder)


def exhibit(
    out: Annotated[Path, typer.Argument(metavar="FILE.xlsx", help="The workbook to write.", show_default=False)],
    resource: Annotated[list[str] | None, typer.Option(help="A resource to list; repeat; left out: all.")] = None,
) -> None:
    """Write a blank schedule of data elements, to be ticked and given to `new --from`."""
    catalog = load_catalog()
    unknown = [name for name in resource or () if catalog.resource(name) is None]
    if unknown:
        raise RequestError(f"{', '.join(unknown)} is not a resource; there are {', '.join(catalog.resources)}.")
    chosen = [found for name, found in catalog.resources.items() if not resource or name in resource]
    out.write_bytes(blank_exhibit(chosen))
    open_console().print(f"Wrote {out}. Write x in its last column, then: gateway agreement new --from {out}")


def _list(shelf: Path) -> None:
    table = new_table("template", "for")
    for name, purpose in templates(shelf).items():
        table.add_row(name, purpose)
    console = open_console()
    console.print(table)
    console.print("Start with: gateway agreement new TEMPLATE")


def _given(answers: list[str], questions: tuple[Question, ...]) -> dict[str, str]:
    given: dict[str, str] = {}
    names = {question.name for question in questions}
    for answer in answers:
        name, equals, text = answer.partition("=")
        if not equals or name not in names:
            raise RequestError(f"--set {name}: this template asks for {', '.join(sorted(names))}; write --set NAME=ANSWER.")
        given[name] = text
    return given


def _ask(question: Question) -> str:
    while True:
        answer: str = typer.prompt(question.asks).strip()
        problem = question.check(answer)
        if not problem:
            return answer
        open_console(errors=True).print(f"Please {problem}.")


def _resources(file: Path, catalog: Catalog, *, skip_unknown: bool) -> str:
    ticked, problems = read_exhibit(file, catalog)
    if problems and not skip_unknown:
        raise FileErrors(problems)
    for problem in problems:
        open_console(errors=True).print(f"left out: {problem}")
    if not ticked:
        raise RequestError(f"{file} has no ticked element; write x in the column share.")
    return as_resources(ticked)


def _check(files: Mapping[str, str], catalog: Catalog) -> None:
    """Before anything is written where somebody would find it."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        read_agreement(Path(folder) / next(iter(files)), catalog)


def _write(files: Mapping[str, str], folder: Path) -> None:
    there = [str(folder / name) for name in files if (folder / name).exists()]
    if there:
        raise RequestError(f"{' and '.join(there)} is there already; nothing was written. Choose another id or folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as why:
        raise RequestError(f"{folder} cannot be written to: {why.strerror}.") from why
    console = open_console()
    for name in files:
        console.print(f"Wrote {folder / name}")
    console.print("Read it, change it, then: gateway agreement check, explain and test.")
