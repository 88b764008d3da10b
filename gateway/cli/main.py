"""`gateway`: the table of contents of the commands, and the one place where an error becomes an exit code."""

from __future__ import annotations

import sys

import typer

from gateway.cli import agreement, audit, client, db, decision, demo, determination, rights, serve, signatory, source
from gateway.cli.console import open_console
from gateway.errors import FileErrors, GatewayError

app = typer.Typer(
    name="gateway",
    help="Educator Data Gateway: share educator-preparation data under an agreement, redacted and audited.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("demo", help="Walk the whole road with two fictional institutions.")(demo.demo)
app.command("serve", help="Serve the API until interrupted.")(serve.serve)
app.add_typer(db.app, name="db", help="Create the database or bring it to the newest schema.")
app.add_typer(client.app, name="client", help="Register, rotate and suspend partners' systems.")
app.add_typer(signatory.app, name="signatory", help="Register and retire who signs for an institution.")
app.add_typer(agreement.app, name="agreement", help="Check agreement files, sign them, put them in force, end them.")
agreement.app.command("determine")(determination.determine)
app.add_typer(source.app, name="source", help="Check source files; list what is in quarantine.")
app.add_typer(rights.consents, name="consent", help="Record, withdraw and list people's written consents.")
app.add_typer(rights.opt_outs, name="opt-out", help="Record, rescind and list directory opt-outs.")
app.command("sync", help="Pull sources through their connectors.")(source.sync)
app.add_typer(decision.app, name="decision", help="Make past decisions again.")
app.add_typer(audit.app, name="audit", help="Verify the audit log and read its entries.")


def main() -> None:
    """Run one command; exits with the error's own code (see `gateway.errors`)."""
    try:
        app()
    except GatewayError as why:
        errors = open_console(errors=True)
        if isinstance(why, FileErrors):
            for problem in why.problems:
                errors.print(str(problem))
        detail = "correct the places above; nothing was changed" if isinstance(why, FileErrors) else why.detail
        errors.print(f"error: {why.title} [{why.code}]: {detail}")
        sys.exit(why.exit_code)
