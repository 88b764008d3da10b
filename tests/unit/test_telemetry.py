"""What a library logs of an exception tells what it was and where, never its text."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import logging
from gateway.telemetry import configure_logs

def fault():
    int("Zebedee")

configure_logs()
try:
    fault()
except ValueError:
    logging.getLogger("somebody.elses").exception("A job raised an exception")
"""


def test_the_text_of_an_exception_that_a_library_logs_is_left_out() -> None:
    """In another process: how it logs is settled once."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "A job raised an exception\nValueError at fault:6\n")
