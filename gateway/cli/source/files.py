"""Source files: read them, say every mistake, seal a secret for one."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from connectors.kinds import kinds
from connectors.source import Known, Source
from connectors.source_file import read_source_file
from connectors.source_schema import source_schema
from gateway.catalog.load import load_catalog
from gateway.catalog.model import Catalog
from gateway.cli.console import open_console
from gateway.domain.identifiers import ResourceName
from gateway.errors import RequestError
from gateway.open_wrapper import open_wrapper
from gateway.reveal import seal_secret
from gateway.settings import read_settings

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Source files (YAML).", show_default=False)]


def check(files: Files) -> None:
    """Say every mistake in source files, with line and column; reads no records."""
    catalog = load_catalog()
    console = open_console()
    for file in files:
        found = read_source(file, catalog)
        console.print(f"{file}: right. {found.id} brings {', '.join(found.resources)} of {found.provider}.")


def seal() -> None:
    """Seal a secret (read from standard input) with the gateway's key, for `kms:` in a source file."""
    text = sys.stdin.readline().rstrip("\r\n")
    if not text:
        raise RequestError("Give the secret on standard input, on one line: gateway source seal < FILE")
    sys.stdout.write(f"{{kms: {seal_secret(open_wrapper(read_settings()), text)}}}\n")


def schema() -> None:
    """Print the JSON Schema of source files, for an editor that completes names and marks mistakes."""
    tree = source_schema(known_resources(load_catalog()), kinds())
    sys.stdout.write(json.dumps(tree, indent=2) + "\n")


def read_source(file: Path, catalog: Catalog, environ: Mapping[str, str] = os.environ) -> Source:
    """The source file, checked against the catalog's element paths; `environ` fills its `${NAME}`."""
    return read_source_file(file, known_resources(catalog), environ)


def known_resources(catalog: Catalog) -> Mapping[ResourceName, Known]:
    """What a source file may name of each resource."""
    people = catalog.person_resources()
    return {
        name: Known(
            frozenset(resource.elements),
            {
                collection.name: frozenset(path.partition(".")[2] for path in collection.elements)
                for collection in resource.collections.values()
            },
            frozenset(resource.persons),
            frozenset(resource.identity) if name in people else frozenset(),
            resource.identity,
        )
        for name, resource in catalog.resources.items()
    }
