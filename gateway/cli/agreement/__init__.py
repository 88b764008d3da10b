"""`gateway agreement`: one module for each group of commands; here is their table of contents."""

from __future__ import annotations

import typer

from gateway.cli.agreement.cases import try_cases
from gateway.cli.agreement.check import check
from gateway.cli.agreement.explain import compare, explain
from gateway.cli.agreement.lifecycle import activate
from gateway.cli.agreement.new import exhibit, new
from gateway.cli.agreement.preview import preview
from gateway.cli.agreement.show import list_agreements

app = typer.Typer(no_args_is_help=True)


@app.callback()
def agreement() -> None:
    """Check agreement files and put them in force."""


# In the order in which somebody needs them: write a file, then its life, then what is on record.
app.command("new")(new)
app.command("exhibit")(exhibit)
app.command("check")(check)
app.command("explain")(explain)
app.command("diff")(compare)
app.command("preview")(preview)
app.command("test")(try_cases)
app.command("activate")(activate)
app.command("list")(list_agreements)
