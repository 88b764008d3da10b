"""Read a source file (YAML, version 1): the one place where a source's columns are mapped to catalog words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ruamel.yaml.nodes import Node

from connectors.kind import Kind
from connectors.kinds import kinds
from connectors.place import Place
from connectors.resource_rules import Context, read_defaults, read_lookups, read_maintainer, read_resource
from connectors.rights_rules import read_rights
from connectors.schedule import read_schedule
from connectors.source import Known, ResourceRule, Source
from gateway.domain.compose_yaml import compose
from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.domain.yaml_nodes import Entry, NodeReader, nearest
from gateway.errors import FileErrors

TOP = ("version", "id", "provider", "maintainer", "kind", "schedule", "defaults", "lookups", "resources", "consents", "opt_outs")
REQUIRED = ("version", "id", "provider", "maintainer", "kind", "resources")
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


def read_source_file(
    path: Path,
    known: Mapping[ResourceName, Known],
    environ: Mapping[str, str],
) -> Source:
    """The source that a file describes.

    `known` is what the catalog has, by resource; `environ` fills `${NAME}`; a path is relative to the source file's own folder.
    Raises FileErrors with every mistake at its line and column; ConfigurationError when the file cannot be opened.
    """
    reader = NodeReader(str(path))
    root = compose(path, reader.file)
    source = _read_top(reader, root, Place(path.parent, environ), known)
    if reader.problems or source is None:
        raise FileErrors(tuple(sorted(reader.problems)))
    return source


def _read_top(reader: NodeReader, root: Node, place: Place, known: Mapping[ResourceName, Known]) -> Source | None:
    word, kind = _kind(root)
    top = reader.entries(root, "the source file", (*TOP, *kind.members), (*REQUIRED, *kind.required))
    if "version" in top:
        reader.choice(top["version"].value, "version", ("1",))
    if "kind" in top:
        reader.choice(top["kind"].value, "kind", kinds())
    name = _slug(reader, top.get("id"))
    provider = _slug(reader, top.get("provider"))
    maintainer = read_maintainer(reader, top["maintainer"].value) if "maintainer" in top else None
    schedule = read_schedule(reader, top["schedule"].value) if "schedule" in top else None
    connection = kind.read(reader, top, place)
    lookups = read_lookups(reader, top["lookups"].value) if "lookups" in top else {}
    context = Context(kind, read_defaults(reader, top.get("defaults"), kind), lookups)
    resources = _resources(reader, top["resources"].value, context, known) if "resources" in top else {}
    rights = read_rights(reader, top, context, known)
    if name is None or provider is None or maintainer is None or connection is None:
        return None
    return Source(name, InstitutionId(provider), maintainer, connection, resources, rights, word, schedule)


def _kind(root: Node) -> tuple[str, Kind]:
    """The kind that the file names, looked up before anything is judged: it decides what else may stand there. Where it names
    none that there is, the file is read as one of delimited files, and the mistake is told at its place."""
    silent = NodeReader("")
    named = silent.entries(root, "the source file").get("kind")
    word = silent.text(named.value, "kind") if named is not None else None
    return (word, kinds()[word]) if word in kinds() and word is not None else ("delimited", kinds()["delimited"])


def _slug(reader: NodeReader, entry: Entry | None) -> str | None:
    if entry is None:
        return None
    text = reader.text(entry.value, entry.name)
    if text is not None and not _SLUG.fullmatch(text):
        reader.problem(entry.value, f'"{text}" is not a slug: small letters, digits and inner hyphens, at most 64')
        return None
    return text


def _resources(
    reader: NodeReader,
    node: Node,
    context: Context,
    known: Mapping[ResourceName, Known],
) -> Mapping[ResourceName, ResourceRule]:
    rules: dict[ResourceName, ResourceRule] = {}
    for entry in reader.entries(node, "resources").values():
        name = ResourceName(entry.name)
        if name not in known:
            reader.problem(entry.key, f'"{name}" is not a resource of the catalog{nearest(name, known)}')
            continue
        rule = read_resource(reader, entry, context, known[name])
        if rule is not None:
            rules[name] = rule
    return rules
