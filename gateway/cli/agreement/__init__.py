"""`gateway agreement`: one module for each group of commands; here is their table of contents."""

from __future__ import annotations

import typer

from gateway.cli.contents import Entry, contents

ENTRIES = (
    # In the order in which somebody needs them: write a file, then its life, then what is on record.
    Entry("new", "gateway.cli.agreement.new", "new"),
    Entry("exhibit", "gateway.cli.agreement.new", "exhibit"),
    Entry("check", "gateway.cli.agreement.check", "check"),
    Entry("explain", "gateway.cli.agreement.explain", "explain"),
    Entry("diff", "gateway.cli.agreement.explain", "compare"),
    Entry("preview", "gateway.cli.agreement.preview", "preview"),
    Entry("test", "gateway.cli.agreement.cases", "try_cases"),
    Entry("digest", "gateway.cli.agreement.sign", "digest"),
    Entry("propose", "gateway.cli.agreement.lifecycle", "propose"),
    Entry("sign", "gateway.cli.agreement.sign", "sign"),
    Entry("attest", "gateway.cli.agreement.sign", "attest"),
    Entry("withdraw", "gateway.cli.agreement.lifecycle", "withdraw"),
    Entry("activate", "gateway.cli.agreement.lifecycle", "activate"),
    Entry("determine", "gateway.cli.determination", "determine"),
    Entry("suspend", "gateway.cli.agreement.lifecycle", "suspend"),
    Entry("resume", "gateway.cli.agreement.lifecycle", "resume"),
    Entry("terminate", "gateway.cli.agreement.lifecycle", "terminate"),
    Entry("expire", "gateway.cli.agreement.lifecycle", "expire"),
    Entry("list", "gateway.cli.agreement.show", "list_agreements"),
    Entry("show", "gateway.cli.agreement.show", "show"),
    Entry("history", "gateway.cli.agreement.show", "history"),
    Entry("document", "gateway.cli.agreement.show", "document"),
)
app = typer.Typer(cls=contents(ENTRIES), no_args_is_help=True)


@app.callback()
def agreement() -> None:
    """Check agreement files, sign them, put them in force, end them."""
