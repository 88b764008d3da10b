"""`gateway agreement explain` and `diff`: what a file says, and what a new version of it changes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import orjson
import typer

from gateway.agreements.diff import Change, diff, widens
from gateway.agreements.explain import explain as in_plain_english
from gateway.agreements.read_agreement import read_agreement
from gateway.agreements.redline import REDLINES, redline
from gateway.agreements.render import RENDERERS
from gateway.catalog.load import load_catalog
from gateway.cli.console import new_table, open_console
from gateway.errors import RequestError

WIDER = 2
TEXTS = ("md", "html")
File = Annotated[Path, typer.Argument(metavar="FILE", help="The agreement file (YAML).", show_default=False)]
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write there; else it is printed.")]


def explain(
    file: File,
    form: Annotated[str, typer.Option("--format", metavar="md|html|pdf|docx", help="What to write.")] = "md",
    out: Out = None,
) -> None:
    """Say in plain English what an agreement shares, with the schedule of elements that lawyers attach."""
    if form not in RENDERERS:
        raise RequestError(f"--format {form} is not one of {', '.join(RENDERERS)}.")
    if out is None and form not in TEXTS:
        raise RequestError(f"A {form} document is not text: name a file for it with --out FILE.{form}")
    catalog = load_catalog()
    document = RENDERERS[form](in_plain_english(read_agreement(file, catalog), catalog))
    if out is None:
        sys.stdout.write(document.decode())
        return
    _write(out, document)


def compare(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The agreement as it is.", show_default=False)],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The agreement as it is to be.", show_default=False)],
    form: Annotated[str, typer.Option("--format", metavar="text|json", help="How to print the changes.")] = "text",
    marked: Annotated[
        Path | None,
        typer.Option("--redline", metavar="FILE", help="Also write both texts with the changes marked (.md, .html, .docx)."),
    ] = None,
) -> None:
    """Say what a new version changes, for whom and for which purpose; exits with 2 when anything becomes visible."""
    catalog = load_catalog()
    before, after = read_agreement(old, catalog), read_agreement(new, catalog)
    changes = diff(before, after)
    if marked is not None:
        ending = marked.suffix.removeprefix(".")
        if ending not in REDLINES:
            raise RequestError(f"{marked} must end in one of .{', .'.join(REDLINES)}, which says what to write.")
        lines = redline(in_plain_english(before, catalog), in_plain_english(after, catalog))
        _write(marked, REDLINES[ending](f"{after.title}: changes", lines))
    if form == "json":
        content = [{"direction": change.direction, "where": change.where, "what": change.what} for change in changes]
        sys.stdout.write(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode() + "\n")
    elif form == "text":
        _print(changes)
    else:
        raise RequestError(f"--format {form} is not one of text, json.")
    if widens(changes):
        raise typer.Exit(WIDER)


def _print(changes: tuple[Change, ...]) -> None:
    console = open_console()
    if not changes:
        console.print("Both versions let out the same.")
        return
    table = new_table("", "where", "what")
    for change in changes:
        table.add_row(change.direction, change.where, change.what)
    console.print(table)
    console.print("Something becomes visible that was not." if widens(changes) else "Nothing becomes visible that was not.")


def _write(file: Path, document: bytes) -> None:
    try:
        file.write_bytes(document)
    except OSError as why:
        raise RequestError(f"{file} cannot be written: {why.strerror}.") from why
    open_console(errors=True).print(f"Wrote {file}.")
