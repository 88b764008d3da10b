"""The text of a PDF that somebody handed in, read in a process of its own that may use little time and memory.

A PDF from outside is a program's worth of compressed, cyclic structure: whatever it does to its reader, it must not do it here.
"""

from __future__ import annotations

import io
import resource
import subprocess
import sys

from pypdf import PdfReader
from pypdf.errors import PdfReadError

PDF = "application/pdf"
LARGEST_DOCUMENT = 20 * 1024 * 1024
"""Bytes of an executed document."""
CPU_SECONDS = 10
WAIT_SECONDS = 20
MEMORY_BYTES = 1024 * 1024 * 1024
MOST_PAGES = 500
LONGEST_TEXT = 5_000_000


def pdf_text(content: bytes) -> str:
    """The text of a PDF without any white space, empty where there is none to be read: a scan, an encrypted or a broken file."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "gateway.agreements.pdf_text"],
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=WAIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return ""
    return "".join(done.stdout.decode("utf-8", errors="replace").split()) if done.returncode == 0 else ""


def _extract(content: bytes) -> str:
    reader = PdfReader(io.BytesIO(content))
    parts: list[str] = []
    length = 0
    for page in reader.pages[:MOST_PAGES]:
        parts.append(page.extract_text())
        length += len(parts[-1])
        if length > LONGEST_TEXT:
            break
    return "\n".join(parts)


def _child() -> int:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    try:
        text = _extract(sys.stdin.buffer.read(LARGEST_DOCUMENT + 1))
    except (PdfReadError, ValueError, KeyError, TypeError, AttributeError, RecursionError, MemoryError, NotImplementedError):
        return 1
    sys.stdout.buffer.write(text.encode("utf-8", errors="replace"))
    return 0


if __name__ == "__main__":
    sys.exit(_child())
