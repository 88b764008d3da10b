"""PDF, by ReportLab, with the fonts that it ships: no font of the machine is needed."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any, assert_never
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import LETTER, landscape
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import ListFlowable, LongTable, SimpleDocTemplate, Spacer
from reportlab.platypus import Paragraph as PdfParagraph

from gateway.agreements.blocks import Block, Bullets, Grid, Heading, Paragraph

REGULAR, BOLD = "Vera", "VeraBd"
MARGIN, GAP, SMALL = 40, 6, 8
HEADINGS = {1: "Title", 2: "Heading2", 3: "Heading3"}


def pdf(blocks: Sequence[Block]) -> bytes:
    """Letter size, landscape: a schedule of elements is wide. The same blocks give the same bytes."""
    for name in (REGULAR, BOLD):
        pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))
    title = next((block.text for block in blocks if isinstance(block, Heading)), "Agreement")
    content = io.BytesIO()
    document = SimpleDocTemplate(
        content,
        pagesize=landscape(LETTER),
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=title,
        invariant=1,
    )
    document.build(list(_flowables(blocks, _styles(), document.width)))
    return content.getvalue()


def _styles() -> dict[str, ParagraphStyle]:
    sheet = getSampleStyleSheet()
    styles = {name: sheet[name] for name in ("Title", "Heading2", "Heading3", "Normal")}
    for name, style in styles.items():
        style.fontName = REGULAR if name == "Normal" else BOLD
    styles["Cell"] = ParagraphStyle("Cell", parent=styles["Normal"], fontSize=SMALL, leading=SMALL + 2, splitLongWords=True)
    styles["Head"] = ParagraphStyle("Head", parent=styles["Cell"], fontName=BOLD)
    return styles


def _flowables(blocks: Sequence[Block], styles: dict[str, ParagraphStyle], width: float) -> Iterator[Any]:
    for block in blocks:
        match block:
            case Heading(level, text):
                yield PdfParagraph(escape(text), styles[HEADINGS[level]])
            case Paragraph(text):
                yield PdfParagraph(escape(text), styles["Normal"])
            case Bullets(items):
                yield ListFlowable([PdfParagraph(escape(item), styles["Normal"]) for item in items], bulletType="bullet")
            case Grid(header, rows):
                yield _table(header, rows, styles, width)
            case _:
                assert_never(block)
        yield Spacer(0, GAP)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], styles: dict[str, ParagraphStyle], width: float) -> LongTable:
    cells = [[PdfParagraph(escape(cell), styles["Head"]) for cell in header]]
    cells += [[PdfParagraph(escape(cell), styles["Cell"]) for cell in row] for row in rows]
    return LongTable(
        cells,
        colWidths=[width / len(header)] * len(header),
        repeatRows=1,
        style=[
            ("GRID", (0, 0), (-1, -1), 0.5, colors.grey),
            ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ],
    )
