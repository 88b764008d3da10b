"""Markdown (CommonMark with tables)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import assert_never

from gateway.agreements.blocks import Block, Bullets, Grid, Heading, Paragraph

_SPECIAL = re.compile(r"([\\`*_\[\]<>|])")


def markdown(blocks: Sequence[Block]) -> bytes:
    """UTF-8; what a partner wrote is escaped, so that a title cannot become a link."""
    return ("\n".join(_lines(blocks)).rstrip() + "\n").encode()


def _lines(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        match block:
            case Heading(level, text):
                yield f"{'#' * level} {escaped(text)}"
            case Paragraph(text):
                yield escaped(text)
            case Bullets(items):
                yield from (f"- {escaped(item)}" for item in items)
            case Grid(header, rows):
                yield f"| {' | '.join(escaped(cell) for cell in header)} |"
                yield f"|{'---|' * len(header)}"
                yield from (f"| {' | '.join(escaped(cell) for cell in row)} |" for row in rows)
            case _:
                assert_never(block)
        yield ""


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
