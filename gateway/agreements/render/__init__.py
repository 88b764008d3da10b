"""Documents in the formats that people attach: Markdown, HTML, PDF, Word."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from gateway.agreements.blocks import Block
from gateway.agreements.render.docx import docx
from gateway.agreements.render.html import html
from gateway.agreements.render.markdown import markdown
from gateway.agreements.render.pdf import pdf

RENDERERS: Mapping[str, Callable[[Sequence[Block]], bytes]] = {"md": markdown, "html": html, "pdf": pdf, "docx": docx}

__all__ = ["RENDERERS"]
