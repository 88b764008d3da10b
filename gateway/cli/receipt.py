"""`gateway receipt`: the same as the separate command `gateway-receipt`, for whoever has the whole gateway."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway.receipt.command import Files, run

app = typer.Typer(no_args_is_help=True)


@app.callback()
def receipt() -> None:
    """Verify kept answers offline."""


@app.command()
def verify(
    proof: Annotated[Path, typer.Option(metavar="FILE", help="Answer of /audit/proof/ENTRY.", show_default=False)],
    key: Annotated[Path, typer.Option(metavar="FILE", help="The log's verifier key (gateway audit vkey).", show_default=False)],
    headers: Annotated[Path | None, typer.Option(metavar="FILE", help="Headers of the answer, or JSON of them.")] = None,
    body: Annotated[Path | None, typer.Option(metavar="FILE", help="The answer itself, byte for byte.")] = None,
    earlier: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="A checkpoint, proof or headers kept earlier.")] = None,
    consistency: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="Answer of /audit/consistency.")] = None,
) -> None:
    """Verify that an answer is on the log as it was given; exits with 8 when something does not hold."""
    files = Files(proof, key, headers, body, tuple(earlier or ()), tuple(consistency or ()))
    raise typer.Exit(run(files, sys.stdout, sys.stderr))
