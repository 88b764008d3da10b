"""`gateway audit vkey`."""

from __future__ import annotations

from gateway.app import open_gateway
from gateway.cli.console import open_console
from gateway.settings import read_settings


def vkey() -> None:
    """Print the keys that verify the log, one a line, the newest first (c2sp.org/signed-note)."""
    with open_gateway(read_settings()) as gateway:
        for key in gateway.log_vkeys:
            open_console().print(key)
