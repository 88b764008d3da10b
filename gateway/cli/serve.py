"""`gateway serve`."""

from __future__ import annotations

import signal
import sys

import uvicorn

from gateway.agreements.expire import expire_ended
from gateway.agreements.lifecycle import by_operator
from gateway.app import Gateway, open_gateway
from gateway.cli.source.files import read_source
from gateway.errors import ConfigurationError
from gateway.serve_api import build_app, settle_collector
from gateway.settings import read_settings
from gateway.telemetry import configure_logs
from gateway.timetable import Timetable

GRACEFUL_SECONDS = 10


def serve() -> None:
    """Start the API on GATEWAY_HOST:GATEWAY_PORT; needs a database that `gateway db upgrade` made."""
    configure_logs()
    settings = read_settings()
    with open_gateway(settings) as gateway:
        expire_ended(by_operator("gateway serve"), gateway.registry())
        # As daemons do: read again what may have changed, here the policies.
        signal.signal(signal.SIGHUP, lambda *_: gateway.reload_policies())
        # The server raises the signal that ended it once more; as an exit it leaves through this `with`, not past it.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        api = build_app(gateway)
        timetable = _timetable(gateway)
        settle_collector()
        # No access log: a query string can hold a value of a record.
        uvicorn.run(
            api,
            host=settings.host,
            port=settings.port,
            access_log=False,
            http="h11",  # not whatever parser happens to be installed: the tests of ambiguous requests ran with this one
            ws="none",
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACEFUL_SECONDS,
        )
        if timetable is not None:
            timetable.stop()


def _timetable(gateway: Gateway) -> Timetable | None:
    """The scheduled sources of GATEWAY_SOURCES, begun."""
    folder = gateway.settings.sources
    if folder is None:
        return None
    if not folder.is_dir():
        raise ConfigurationError(f"GATEWAY_SOURCES is {folder}, which is not a folder. Make it, or leave the variable out.")
    timetable = Timetable(gateway, sorted(folder.glob("*.source.yaml")), lambda file: read_source(file, gateway.catalog))
    timetable.start()
    return timetable
