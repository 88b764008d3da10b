"""`gateway`: the table of contents of the commands, and the one place where an error becomes an exit code."""

from __future__ import annotations

import sys

import typer

from gateway.cli.console import open_console
from gateway.cli.contents import Entry, contents
from gateway.errors import FileErrors, GatewayError

ENTRIES = (
    Entry("demo", "gateway.cli.demo", "demo", "Walk the whole road with two fictional institutions."),
    Entry("serve", "gateway.cli.serve", "serve", "Serve the API until interrupted."),
    Entry("db", "gateway.cli.db", "app", "Create the database or bring it to the newest schema."),
    Entry("client", "gateway.cli.client", "app", "Register, rotate and suspend partners' systems."),
    Entry("signatory", "gateway.cli.signatory", "app", "Register and retire who signs for an institution."),
    Entry("agreement", "gateway.cli.agreement", "app", "Check agreement files, sign them, put them in force, end them."),
    Entry("source", "gateway.cli.source", "app", "Check source files; list what is in quarantine."),
    Entry("consent", "gateway.cli.rights", "consents", "Record, withdraw and list people's written consents."),
    Entry("opt-out", "gateway.cli.rights", "opt_outs", "Record, rescind and list directory opt-outs."),
    Entry("roster", "gateway.cli.roster", "app", "Say whom an institution asks about, where its agreement takes a roster."),
    Entry("person", "gateway.cli.person", "app", "Say which records are about one person, where no source does."),
    Entry("text", "gateway.cli.text", "app", "Review the free texts that are withheld because the redaction is not certain."),
    Entry("pseudonym", "gateway.cli.pseudonym", "app", "Give an agreement new pseudonyms; tell a steward whose one is."),
    Entry("key", "gateway.cli.key", "app", "List, rotate and destroy keys; move them to another key-encryption key."),
    Entry("sync", "gateway.cli.source", "sync", "Pull sources through their connectors."),
    Entry("decision", "gateway.cli.decision", "app", "Make past decisions again."),
    Entry("exposure", "gateway.cli.exposure", "app", "Say what left for a client or key in doubt, and when a breach must be told."),
    Entry("alerts", "gateway.cli.alerts", "app", "What somebody should look at: try rules, list and acknowledge alerts."),
    Entry("disclosures", "gateway.cli.disclosures", "disclosures", "Tell who was told what about one person, for the person."),
    Entry("audit", "gateway.cli.audit", "app", "Verify the audit log and read its entries."),
    Entry("receipt", "gateway.cli.receipt", "app", "Verify kept answers offline."),
)
app = typer.Typer(
    name="gateway",
    cls=contents(ENTRIES),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def gateway() -> None:
    """Educator Data Gateway: share educator-preparation data under an agreement, redacted and audited."""


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
