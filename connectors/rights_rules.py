"""Read the `consents` and `opt_outs` of a source file: which columns name the person, and what a row says about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from connectors.column_rules import Targets, read_columns, read_constants
from connectors.files import open_file
from connectors.resource_rules import Context, read_format, read_texts
from connectors.rows import read_rows
from connectors.source import ArchiveLimits, ColumnRule, Known, LocalFolder, ResourceRule, Source
from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.domain.rights import RightsKind
from gateway.domain.yaml_nodes import Entry, NodeReader, nearest
from gateway.errors import IngestError

SAID: Mapping[RightsKind, tuple[frozenset[str], frozenset[str]]] = {
    "consents": (
        frozenset({"form", "recipient", "purpose", "signed_on", "until", "method", "signer"}),
        frozenset({"form", "recipient", "purpose", "signed_on", "method"}),
    ),
    "opt_outs": (frozenset({"opted_out"}), frozenset()),
}
"""What a row may say beside whom it names, and what it must say."""

MEMBERS = ("empty", "columns", "constants", "ignore")


def read_rights(
    reader: NodeReader, top: Mapping[str, Entry], context: Context, known: Mapping[ResourceName, Known]
) -> Mapping[RightsKind, Mapping[ResourceName, ResourceRule]]:
    """The rules of both kinds, by the resource that names their people; problems go to the reader."""
    rights: dict[RightsKind, Mapping[ResourceName, ResourceRule]] = {}
    people = {name: found.person_key for name, found in known.items() if found.person_key}
    for kind in SAID:
        if kind not in top:
            continue
        rules = {}
        for entry in reader.entries(top[kind].value, kind).values():
            name = ResourceName(entry.name)
            if name not in people:
                named = ", ".join(people)
                reader.problem(entry.key, f'"{name}" names no people; it must be one of: {named}{nearest(name, people)}')
                continue
            rule = _rule(reader, entry, kind, context, people[name])
            if rule is not None:
                rules[name] = rule
        rights[kind] = rules
    return rights


def _rule(reader: NodeReader, entry: Entry, kind: RightsKind, context: Context, person_key: Iterable[str]) -> ResourceRule | None:
    what, system = f"{kind} of {entry.name}", context.kind
    needed = (*system.resource_required, "columns")
    entries = reader.entries(entry.value, what, (*system.resource_members, *MEMBERS), needed)
    if any(name not in entries for name in needed):
        return None
    form = read_format(reader, entries, context.defaults)
    said, required = SAID[kind]
    targets = Targets(what, said | frozenset(person_key), form.dates, context.lookups)
    columns = read_columns(reader, entries["columns"].value, targets, numbered=False)
    constants = read_constants(reader, entries["constants"].value, targets) if "constants" in entries else {}
    for path in sorted((required | frozenset(person_key)) - targets.taken):
        reader.problem(entry.key, f'{what} lacks "{path}": map a column to it, or give it under constants')
    origin = system.read_origin(reader, entry, entries)
    if origin is None:
        return None
    return ResourceRule(
        ResourceName(entry.name),
        origin.name,
        columns,
        form.delimiter,
        form.encoding,
        form.quoted,
        form.empty,
        constants,
        ignore=frozenset(read_texts(reader, entries["ignore"].value, "ignore")) if "ignore" in entries else frozenset(),
        origin=origin.detail,
    )


def read_plain_rights(
    kind: RightsKind, file: Path, provider: InstitutionId, resource: ResourceName, person_key: tuple[str, ...]
) -> Source:
    """The source that one CSV file is by itself, without a source file: its columns are called what they hold.

    Raises IngestError when the file is not there or lacks a column.
    """
    folder, name = file.parent, file.name
    said, required = SAID[kind]
    limits = ArchiveLimits()
    with (
        open_file(folder, name, limits) as stream,
        read_rows(stream, name, delimiter=",", encoding="auto", quoted=True) as table,
    ):
        header = frozenset(table.header)
    columns = tuple(ColumnRule(path, (path,)) for path in (*person_key, *sorted(required | (said & header))))
    unknown, known = sorted(header - said - set(person_key) - {""}), ", ".join((*person_key, *sorted(said)))
    if not header & (said | set(person_key)):
        raise IngestError(f"{name} has none of the columns of {kind} in its first line. They are: {known}")
    if unknown:
        raise IngestError(f"{name} has the column {unknown[0]}, which says nothing of {kind}. The columns are: {known}")
    rule = ResourceRule(resource, name, columns)
    return Source("command", provider, "epp", LocalFolder(folder, limits), {}, {kind: {resource: rule}})
