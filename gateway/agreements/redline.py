"""Redline (pure): two versions of an agreement's explanation as one text with what went and what came marked."""

from __future__ import annotations

import difflib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal, assert_never

from docx import Document
from docx.shared import RGBColor

from gateway.agreements.blocks import Block, Bullets, Grid, Heading, Paragraph
from gateway.agreements.render.html import page
from gateway.agreements.render.markdown import escaped

Mark = Literal["kept", "gone", "new"]
ALIKE = 0.4
"""From this share of common words on, two lines are one line that changed; below it one line went and another came."""
RED, GREEN = RGBColor(0xA0, 0x10, 0x10), RGBColor(0x10, 0x70, 0x10)


@dataclass(frozen=True)
class Run:
    """Some words of a line, and what became of them."""

    mark: Mark
    text: str


Line = tuple[Run, ...]


def redline(before: Sequence[Block], after: Sequence[Block]) -> tuple[Line, ...]:
    """Line by line, word by word inside a line that changed."""
    old, new = list(_lines(before)), list(_lines(after))
    return tuple(_compared(old, new))


def _lines(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        match block:
            case Heading(_, text) | Paragraph(text):
                yield text
            case Bullets(items):
                yield from items
            case Grid(_, rows):
                yield from (" | ".join(row) for row in rows)
            case _:
                assert_never(block)


def _compared(old: Sequence[str], new: Sequence[str]) -> Iterator[Line]:
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            yield from ((Run("kept", line),) for line in old[a:b])
            continue
        for was, now in zip(old[a:b], new[c:d], strict=False):
            yield from _changed(was, now)
        paired = min(b - a, d - c)
        yield from ((Run("gone", line),) for line in old[a + paired : b])
        yield from ((Run("new", line),) for line in new[c + paired : d])


def _changed(was: str, now: str) -> Iterator[Line]:
    old, new = was.split(" "), now.split(" ")
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < ALIKE:
        yield (Run("gone", was),)
        yield (Run("new", now),)
        return
    runs: list[Run] = []
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            runs.append(Run("kept", " ".join(old[a:b])))
        else:
            runs += [Run("gone", " ".join(old[a:b]))] if b > a else []
            runs += [Run("new", " ".join(new[c:d]))] if d > c else []
    yield tuple(runs)


def _markdown(title: str, lines: Sequence[Line]) -> bytes:
    marks: Mapping[Mark, str] = {"kept": "{}", "gone": "~~{}~~", "new": "**{}**"}
    body = [" ".join(marks[run.mark].format(escaped(run.text)) for run in line) for line in lines]
    return ("\n\n".join([f"# {escaped(title)}", *body]) + "\n").encode()


def _html(title: str, lines: Sequence[Line]) -> bytes:
    marks: Mapping[Mark, str] = {"kept": "{}", "gone": "<del>{}</del>", "new": "<ins>{}</ins>"}
    body = "\n".join(f"<p>{' '.join(marks[run.mark].format(escape(run.text)) for run in line)}</p>" for line in lines)
    return page(title, f"<h1>{escape(title)}</h1>\n{body}")


def _docx(title: str, lines: Sequence[Line]) -> bytes:
    document = Document()
    document.add_heading(title, level=0)
    for line in lines:
        paragraph = document.add_paragraph()
        for place, run in enumerate(line):
            words = paragraph.add_run(run.text if place == 0 else f" {run.text}")
            if run.mark == "gone":
                words.font.strike, words.font.color.rgb = True, RED
            elif run.mark == "new":
                words.font.underline, words.font.color.rgb = True, GREEN
    content = io.BytesIO()
    document.save(content)
    return content.getvalue()


REDLINES: Mapping[str, Callable[[str, Sequence[Line]], bytes]] = {"md": _markdown, "html": _html, "docx": _docx}
"""Format -> (title, lines) -> the document."""
