"""Read a source file (YAML, version 1): the one place where an extract's columns are mapped to catalog words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ruamel.yaml.nodes import Node

from connectors.dates import ISO
from connectors.resource_rules import Defaults, read_defaults, read_maintainer, read_resource
from connectors.rights_rules import read_rights
from connectors.source import ArchiveLimits, Known, ResourceRule, Source
from gateway.domain.compose_yaml import compose
from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.domain.yaml_nodes import Entry, NodeReader, nearest
from gateway.errors import FileErrors

_TOP = ("version", "id", "provider", "maintainer", "kind", "location", "limits", "defaults", "resources", "consents", "opt_outs")
_REQUIRED = ("version", "id", "provider", "maintainer", "kind", "location", "resources")
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_LARGEST = 2**50


def read_source_file(
    path: Path,
    known: Mapping[ResourceName, Known],
    environ: Mapping[str, str],
) -> Source:
    """The source that a file describes.

    `known` is what the catalog has, by resource; `environ` fills `${NAME}` in `location`, which is relative to the
    source file's own folder.
    Raises FileErrors with every mistake at its line and column; ConfigurationError when the file cannot be opened.
    """
    reader = NodeReader(str(path))
    root = compose(path, reader.file)
    top = reader.entries(root, "the source file", _TOP, _REQUIRED)
    source = _read_top(reader, top, path.parent, known, environ)
    if reader.problems or source is None:
        raise FileErrors(tuple(sorted(reader.problems)))
    return source


def _read_top(
    reader: NodeReader,
    top: Mapping[str, Entry],
    folder: Path,
    known: Mapping[ResourceName, Known],
    environ: Mapping[str, str],
) -> Source | None:
    if "version" in top:
        reader.choice(top["version"].value, "version", ("1",))
    if "kind" in top:
        reader.choice(top["kind"].value, "kind", ("delimited",))
    name = _slug(reader, top.get("id"))
    provider = _slug(reader, top.get("provider"))
    maintainer = read_maintainer(reader, top["maintainer"].value) if "maintainer" in top else None
    location = _location(reader, top["location"].value, folder, environ) if "location" in top else None
    limits = _limits(reader, top["limits"].value) if "limits" in top else ArchiveLimits()
    defaults = read_defaults(reader, top["defaults"].value) if "defaults" in top else Defaults(dates=(ISO,))
    resources = _resources(reader, top["resources"].value, defaults, known) if "resources" in top else {}
    rights = read_rights(reader, top, defaults, known)
    if name is None or provider is None or maintainer is None or location is None:
        return None
    return Source(name, InstitutionId(provider), maintainer, location, resources, limits, rights)


def _slug(reader: NodeReader, entry: Entry | None) -> str | None:
    if entry is None:
        return None
    text = reader.text(entry.value, entry.name)
    if text is not None and not _SLUG.fullmatch(text):
        reader.problem(entry.value, f'"{text}" is not a slug: small letters, digits and inner hyphens, at most 64')
        return None
    return text


def _location(reader: NodeReader, node: Node, folder: Path, environ: Mapping[str, str]) -> Path | None:
    text = reader.text(node, "location")
    if text is None:
        return None
    missing = [name for name in _VARIABLE.findall(text) if not environ.get(name)]
    for name in missing:
        reader.problem(node, f"the environment has no {name}: set it, or write the folder itself")
    if missing:
        return None
    return folder / _VARIABLE.sub(lambda found: environ[found.group(1)], text)


def _limits(reader: NodeReader, node: Node) -> ArchiveLimits:
    standard = ArchiveLimits()
    entries = reader.entries(node, "limits", ("unpacked_bytes", "ratio"))
    found = {name: reader.whole(entry.value, name, 1, _LARGEST) for name, entry in entries.items()}
    return ArchiveLimits(found.get("unpacked_bytes") or standard.unpacked_bytes, found.get("ratio") or standard.ratio)


def _resources(
    reader: NodeReader,
    node: Node,
    defaults: Defaults,
    known: Mapping[ResourceName, Known],
) -> Mapping[ResourceName, ResourceRule]:
    rules: dict[ResourceName, ResourceRule] = {}
    for entry in reader.entries(node, "resources").values():
        name = ResourceName(entry.name)
        if name not in known:
            reader.problem(entry.key, f'"{name}" is not a resource of the catalog{nearest(name, known)}')
            continue
        rule = read_resource(reader, entry, defaults, known[name])
        if rule is not None:
            rules[name] = rule
    return rules
