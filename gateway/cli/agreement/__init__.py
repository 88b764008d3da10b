"""`gateway agreement`: one module for each group of commands; here is their table of contents."""

from __future__ import annotations

import typer

from gateway.cli.agreement.cases import try_cases
from gateway.cli.agreement.check import check
from gateway.cli.agreement.explain import compare, explain
from gateway.cli.agreement.lifecycle import activate, expire, propose, resume, suspend, terminate, withdraw
from gateway.cli.agreement.new import exhibit, new
from gateway.cli.agreement.preview import preview
from gateway.cli.agreement.show import document, history, list_agreements, show
from gateway.cli.agreement.sign import attest, digest, sign

app = typer.Typer(no_args_is_help=True)


@app.callback()
def agreement() -> None:
    """Check agreement files, sign them, put them in force, end them."""


# In the order in which somebody needs them: write a file, then its life, then what is on record.
app.command("new")(new)
app.command("exhibit")(exhibit)
app.command("check")(check)
app.command("explain")(explain)
app.command("diff")(compare)
app.command("preview")(preview)
app.command("test")(try_cases)
app.command("digest")(digest)
app.command("propose")(propose)
app.command("sign")(sign)
app.command("attest")(attest)
app.command("withdraw")(withdraw)
app.command("activate")(activate)
app.command("suspend")(suspend)
app.command("resume")(resume)
app.command("terminate")(terminate)
app.command("expire")(expire)
app.command("list")(list_agreements)
app.command("show")(show)
app.command("history")(history)
app.command("document")(document)
