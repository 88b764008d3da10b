"""Read the parts of a source file that say where something is, for every kind that has them."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from ruamel.yaml.nodes import Node

from connectors.place import Place
from connectors.source import ArchiveLimits
from gateway.domain.yaml_nodes import NodeReader

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_LARGEST = 2**50


def read_filled(reader: NodeReader, node: Node, place: Place, what: str) -> str | None:
    """A text, its `${NAME}` filled from the environment."""
    text = reader.words(node, what)
    if text is None:
        return None
    missing = [name for name in _VARIABLE.findall(text) if not place.environ.get(name)]
    for name in missing:
        reader.problem(node, f"the environment has no {name}: set it, or write the {what} itself")
    return None if missing else _VARIABLE.sub(lambda found: place.environ[found.group(1)], text)


def read_path(reader: NodeReader, node: Node, place: Place, what: str) -> Path | None:
    """A folder or file, relative to the source file's own folder."""
    text = read_filled(reader, node, place, what)
    return None if text is None else place.folder / text


def read_limits(reader: NodeReader, node: Node) -> ArchiveLimits:
    """What an archive may unpack to."""
    standard = ArchiveLimits()
    entries = reader.entries(node, "limits", ("unpacked_bytes", "ratio"))
    found = {name: reader.whole(entry.value, name, 1, _LARGEST) for name, entry in entries.items()}
    return ArchiveLimits(found.get("unpacked_bytes") or standard.unpacked_bytes, found.get("ratio") or standard.ratio)


def read_file(reader: NodeReader, node: Node) -> str | None:
    """A file inside the source's location."""
    text = reader.text(node, "file")
    if text is None:
        return None
    path = PurePosixPath(text)
    if not text or path.is_absolute() or ".." in path.parts or "\\" in text:
        reader.problem(node, f'"{text}" is not a file inside the location')
        return None
    return text
