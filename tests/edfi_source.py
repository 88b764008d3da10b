"""A source of kind edfi for tests, reading the server of `edfi_server`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from connectors import tokens
from connectors.base import Page
from connectors.kinds import open_source
from connectors.source import Source
from gateway.catalog.load import load_catalog
from gateway.cli.source.files import read_source
from gateway.domain.identifiers import ElementPath, ResourceName
from tests.edfi_server import KEY, SECRET, EdfiServer, edfi_server
from tests.json_server import JsonServer

CANDIDATES = ResourceName("candidates")
PATH = "ed-fi/candidates"
CATALOG = load_catalog()


def source_file(base: str, more: str = "", resources: str = "{candidates: {}}") -> str:
    return f"""version: 1
id: ods
provider: lakeside
maintainer: {{kind: epp}}
kind: edfi
base: {base}
key: {KEY}
secret: {{env: EDFI_SECRET}}
limits: {{tries: 3}}
{more}
resources: {resources}
"""


@contextmanager
def opened(
    server: EdfiServer, folder: Path, more: str = "", resources: str = "{candidates: {}}"
) -> Iterator[tuple[Any, JsonServer]]:
    """The server running, and a source that reads it with tokens of its own."""
    tokens._KEPT.clear()
    with edfi_server(server) as running:
        yield open_source(read(folder, source_file(running.base, more, resources)), lambda _: SECRET), running


def read(folder: Path, text: str) -> Source:
    file = folder / "ods.source.yaml"
    file.write_text(text, encoding="utf-8")
    return read_source(file, CATALOG, {})


def fill(server: EdfiServer, count: int = 60) -> EdfiServer:
    found = replace(server, rows={}, tokens={}, deletes=[], key_changes=[])
    for number in range(count):
        found.put(PATH, "candidateIdentifier", candidateIdentifier=f"C{number}", firstName=f"N{number}")
    return found


def identifiers(pages: Iterator[Page]) -> list[str]:
    found = list(pages)
    assert not any(page.unaccounted() or page.rejections for page in found)
    return [record.elements[ElementPath("candidateIdentifier")] for page in found for record in page.records]
