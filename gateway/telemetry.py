"""Log lines as JSON on stderr: what happened, where and to which id, never a record's value."""

from __future__ import annotations

import logging
import sys
from types import TracebackType

import structlog

_Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class _WithoutTexts(logging.Formatter):
    """Says of an exception what it is and where it came from: its text could hold a value. Libraries log what a job of theirs
    raised."""

    def formatException(self, ei: _Raised) -> str:  # noqa: N802 - the name is the standard library's
        return "" if ei[1] is None else f"{type(ei[1]).__name__} at {place_of(ei[1])}"


def configure_logs() -> None:
    """Set up structlog, and let the standard library's warnings through; no access log, as query strings hold values."""
    through = logging.StreamHandler(sys.stderr)
    through.setFormatter(_WithoutTexts("%(message)s"))
    logging.basicConfig(handlers=[through], level=logging.WARNING)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def logger() -> structlog.typing.FilteringBoundLogger:
    """The gateway's logger."""
    bound: structlog.typing.FilteringBoundLogger = structlog.get_logger("gateway")
    return bound


def place_of(why: BaseException) -> str:
    """Function and line of the innermost frame, without any value."""
    trace = why.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}"
