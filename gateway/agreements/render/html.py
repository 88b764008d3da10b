"""HTML: one page without scripts or anything fetched from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import assert_never

from gateway.agreements.blocks import Block, Bullets, Grid, Heading, Paragraph

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}"
    "table{border-collapse:collapse;width:100%;margin:1rem 0}th,td{border:1px solid #999;padding:.35rem .6rem;"
    "text-align:left;vertical-align:top;overflow-wrap:anywhere}th{background:#eee}"
    "ins{background:#d8f5d8;text-decoration:underline}del{background:#fbdcdc}"
)


def html(blocks: Sequence[Block]) -> bytes:
    """UTF-8; everything that a partner wrote is escaped."""
    title = next((block.text for block in blocks if isinstance(block, Heading)), "Agreement")
    return page(title, "\n".join(_elements(blocks)))


def page(title: str, body: str) -> bytes:
    """A whole page around a body that is HTML already."""
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
        f"<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    ).encode()


def _elements(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        match block:
            case Heading(level, text):
                yield f"<h{level}>{escape(text)}</h{level}>"
            case Paragraph(text):
                yield f"<p>{escape(text)}</p>"
            case Bullets(items):
                yield f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>"
            case Grid(header, rows):
                yield (
                    "<table><thead><tr>"
                    + "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
                    + "</tr></thead><tbody>"
                )
                yield from ("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
                yield "</tbody></table>"
            case _:
                assert_never(block)
