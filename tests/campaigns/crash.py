"""A gateway process that kills itself at a named point: `python -m tests.campaigns.crash sync|serve POINT NTH FILE...`.

The points are wrapped from outside, so the product has no switch for them. `random` never kills itself: the campaign does.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
from rich.console import Console

import gateway.disclose
import gateway.ingest.lead
import gateway.ingest.run
from gateway.app import open_gateway
from gateway.audit import AuditLog
from gateway.cli.source.files import read_source
from gateway.cli.source.run import pull
from gateway.serve_api import build_app
from gateway.settings import read_settings
from gateway.stage import Stage

SYNC_POINTS: dict[str, tuple[Any, str]] = {
    "run_begun": (gateway.ingest.lead, "begin_run"),
    "chunk_staged": (Stage, "take"),
    "missing_ended": (Stage, "remove_unseen"),
    "head_moved": (gateway.ingest.run, "move_head"),
    "promotion_audited": (AuditLog, "append_in"),
    "promoted": (gateway.ingest.run.Run, "promote"),
}
SERVE_POINTS: dict[str, tuple[Any, str]] = {
    "rows_read": (gateway.disclose, "read"),
    "body_encoded": (gateway.disclose, "encode"),
    "entry_written": (AuditLog, "_write"),
    "entry_durable": (AuditLog, "append_all"),
    "checkpoint_published": (AuditLog, "_publish"),
}


def main(arguments: list[str]) -> None:
    what, point, nth, *files = arguments
    points = SYNC_POINTS if what == "sync" else SERVE_POINTS
    if point in points:
        owner, name = points[point]
        setattr(owner, name, _kills_itself(getattr(owner, name), int(nth)))
    settings = read_settings()
    with open_gateway(settings) as opened:
        if what == "sync":
            for file in files:
                pull(opened, read_source(Path(file), opened.catalog), Console(quiet=True))
        else:
            uvicorn.run(build_app(opened), host=settings.host, port=settings.port, log_level="warning", access_log=False)


def _kills_itself(wrapped: Callable[..., Any], nth: int) -> Callable[..., Any]:
    left = [nth]

    def then_dies(*arguments: Any, **named: Any) -> Any:
        outcome = wrapped(*arguments, **named)
        left[0] -= 1
        if left[0] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return outcome

    return then_dies


if __name__ == "__main__":
    main(sys.argv[1:])
