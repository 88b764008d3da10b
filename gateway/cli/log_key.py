"""`gateway audit vkey`."""

from __future__ import annotations

from gateway.app import open_gateway
from gateway.cli.console import open_console
from gateway.settings import read_settings


def vkey() -> None:
    """Print the log's verifier key, which partners and auditors check receipts and checkpoints by (c2sp.org/signed-note)."""
    with open_gateway(read_settings()) as gateway:
        open_console().print(gateway.log_vkey)
