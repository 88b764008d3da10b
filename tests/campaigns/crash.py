"""A gateway process that kills itself at a named point: `python -m tests.campaigns.crash sync|serve POINT NTH FILE...`, or
`... audit POINT NTH WORD...` for a command of `gateway audit`.

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

import gateway.accountability.archive
import gateway.accountability.start_again
import gateway.custody.log_keys
import gateway.disclose
import gateway.ingest.lead
import gateway.ingest.run
from gateway.app import open_gateway
from gateway.audit import AuditLog
from gateway.cli.main import app
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
AUDIT_POINTS: dict[str, tuple[Any, str]] = {
    "segment_written": (gateway.accountability.archive, "write_segment"),
    "file_whole": (gateway.accountability.archive, "write_whole"),
    "old_checkpoint_kept": (gateway.accountability.start_again, "_keep_published"),
    "log_closed": (gateway.accountability.start_again, "close_log"),
    "log_opened": (gateway.accountability.start_again, "_open"),
    "key_announced": (gateway.custody.log_keys, "write_key"),
    "entry_written": (AuditLog, "append_in"),
}
POINTS = {"sync": SYNC_POINTS, "serve": SERVE_POINTS, "audit": AUDIT_POINTS}


def main(arguments: list[str]) -> None:
    what, point, nth, *files = arguments
    points = POINTS[what]
    if point in points:
        owner, name = points[point]
        setattr(owner, name, _kills_itself(getattr(owner, name), int(nth)))
    if what == "audit":
        app(["audit", *files])
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
