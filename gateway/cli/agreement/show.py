"""`gateway agreement list`: what the gateway has on record."""

from __future__ import annotations

from gateway.app import open_gateway
from gateway.cli.console import new_table, open_console
from gateway.settings import read_settings
from gateway.store.agreements import agreements_and_states


def list_agreements() -> None:
    """Every agreement with its versions and states."""
    table = new_table("agreement", "version", "state", "digest")
    with open_gateway(read_settings()) as gateway, gateway.database.read() as connection:
        for agreement_id, stored in agreements_and_states(connection):
            table.add_row(agreement_id, str(stored.version), stored.state, stored.digest[:16])
    open_console().print(table)
