"""Word (OOXML), by python-docx."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from docx import Document

from gateway.agreements.blocks import Block, Bullets, Grid, Heading, Paragraph

NO_TIME = datetime(2000, 1, 1)
"""The document's own dates: when it was made says nothing, and the same file should give the same document."""


def docx(blocks: Sequence[Block]) -> bytes:
    """A document with real headings, lists and tables, so that Word's own navigation and styles work on it."""
    document = Document()
    for block in blocks:
        match block:
            case Heading(level, text):
                document.add_heading(text, level=0 if level == 1 else level - 1)
            case Paragraph(text):
                document.add_paragraph(text)
            case Bullets(items):
                for item in items:
                    document.add_paragraph(item, style="List Bullet")
            case Grid(header, rows):
                table = document.add_table(rows=1, cols=len(header), style="Table Grid")
                for cell, text in zip(table.rows[0].cells, header, strict=True):
                    cell.paragraphs[0].add_run(text).bold = True
                for row in rows:
                    for cell, text in zip(table.add_row().cells, row, strict=True):
                        cell.text = text
            case _:
                assert_never(block)
    document.core_properties.created = document.core_properties.modified = NO_TIME
    content = io.BytesIO()
    document.save(content)
    return content.getvalue()
