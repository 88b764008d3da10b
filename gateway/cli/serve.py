"""`gateway serve`."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial

import uvicorn

from connectors.source import Source
from gateway.agreements.expire import expire_ended
from gateway.agreements.lifecycle import by_operator
from gateway.alerts.watch import Watcher
from gateway.app import Gateway, open_gateway
from gateway.audit import NOBODY
from gateway.cli.source.files import read_source
from gateway.domain.identifiers import InstitutionId
from gateway.errors import ConfigurationError
from gateway.metrics.meters import Meters
from gateway.metrics.serve import metrics_served
from gateway.register.keep_up import index_kept_up
from gateway.serve_api import build_app, settle_collector
from gateway.settings import read_settings
from gateway.take_batches import take_batches
from gateway.telemetry import configure_logs
from gateway.timetable import Timetable

GRACEFUL_SECONDS = 10


def serve() -> None:
    """Start the API on GATEWAY_HOST:GATEWAY_PORT; needs a database that `gateway db upgrade` made.

    With GATEWAY_METRICS_PORT it also serves metrics, apart, for a Prometheus of yours.
    """
    configure_logs()
    settings = read_settings()
    meters = None if settings.metrics_port is None else Meters()
    with ExitStack() as stack:
        gateway = stack.enter_context(open_gateway(settings, listener=meters or NOBODY))
        expire_ended(by_operator("gateway serve"), gateway.registry())
        # As daemons do: read again what may have changed, here the policies.
        signal.signal(signal.SIGHUP, lambda *_: gateway.reload_policies())
        # The server raises the signal that ended it once more; as an exit it leaves through this `with`, not past it.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        timetable, sources = _timetable(gateway)
        if meters is not None and settings.metrics_port is not None:
            stack.enter_context(metrics_served(gateway, meters, settings.metrics_host, settings.metrics_port))
        api = build_app(gateway, lambda: sources, timetable.wake, None if meters is None else meters.answered)
        timetable.start()
        stack.enter_context(index_kept_up(gateway.register_desk()))
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
        timetable.stop()


def _timetable(gateway: Gateway) -> tuple[Timetable, Mapping[tuple[InstitutionId, str], Source]]:
    """What runs the sources of GATEWAY_SOURCES as they say and watches for alerts, and those of them that take batches."""
    folder = gateway.settings.sources
    if folder is not None and not folder.is_dir():
        raise ConfigurationError(f"GATEWAY_SOURCES is {folder}, which is not a folder. Make it, or leave the variable out.")
    files = sorted(folder.glob("*.source.yaml")) if folder is not None else []
    read = [read_source(file, gateway.catalog) for file in files]
    pushed = {(source.provider, source.id): source for source in read if source.kind == "push"}
    batches = partial(take_batches, gateway, lambda: pushed)
    alerts = Watcher(gateway.alert_rules, gateway.alert_desk())
    return Timetable(gateway, files, lambda file: read_source(file, gateway.catalog), batches, alerts.turn), pushed
