"""Read one resource of a source file: its columns, collections, conditions, repeats and folds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from ruamel.yaml.nodes import Node, ScalarNode

from connectors.column_rules import Targets, read_columns, read_conditions, read_constants, read_dates, read_lookup
from connectors.dates import ISO
from connectors.kind import Kind, Preset
from connectors.source import NUMBER, CollectionRule, Encoding, JoinRule, Known, MaintainerKind, Numbers, ResourceRule
from gateway.domain.identifiers import ResourceName
from gateway.domain.yaml_nodes import Entry, NodeReader, nearest

SUBJECT_TYPES = frozenset({"candidate", "alumnus", "applicant", "employee", "k12_student", "nobody"})
_DELIMITERS = {"comma": ",", "tab": "\t", "semicolon": ";", "pipe": "|"}
_ENCODINGS = ("auto", "utf-8", "utf-16", "cp1252")
MAPPING = ("empty", "columns", "joined", "only", "constants", "collections", "repeat", "fold", "ignore", "subjects", "maintainer")
"""The members of a resource that every kind of source has."""
_WIDEST = 100


@dataclass(frozen=True)
class Defaults:
    """What a resource of the file takes over when it says nothing itself."""

    delimiter: str = ","
    encoding: Encoding = "auto"
    quoted: bool = True
    empty: frozenset[str] = frozenset()
    dates: tuple[str, ...] = (ISO,)


@dataclass(frozen=True)
class Context:
    """What the rest of the file says that a resource's entry may lean on."""

    kind: Kind
    defaults: Defaults
    lookups: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def read_defaults(reader: NodeReader, entry: Entry | None, kind: Kind) -> Defaults:
    """The `defaults` of a source file."""
    if entry is None:
        return Defaults()
    entries = reader.entries(entry.value, "defaults", (*kind.defaults, "empty", "dates"))
    dates = read_dates(reader, entries["dates"].value) if "dates" in entries else (ISO,)
    return read_format(reader, entries, Defaults(dates=dates))


def read_lookups(reader: NodeReader, node: Node) -> Mapping[str, Mapping[str, str]]:
    """The named tables that columns may look their texts up in."""
    return {entry.name: read_lookup(reader, entry.value) for entry in reader.entries(node, "lookups").values()}


def read_resource(reader: NodeReader, entry: Entry, context: Context, known: Known) -> ResourceRule | None:
    """The rule of one resource, or None when a part that it cannot do without is wrong; problems go to the reader."""
    what, kind = f"resource {entry.name}", context.kind
    preset = kind.preset(ResourceName(entry.name), known)
    required = (*kind.resource_required, *(("columns",) if preset is None else ()))
    entries = reader.entries(entry.value, what, (*kind.resource_members, *MAPPING), required)
    if any(name not in entries for name in required):
        return None
    form = read_format(reader, entries, context.defaults)
    targets = Targets(entry.name, known.elements, form.dates, context.lookups)
    rule = ResourceRule(
        ResourceName(entry.name),
        "",
        read_columns(reader, entries["columns"].value, targets, numbered="repeat" in entries) if "columns" in entries else (),
        form.delimiter,
        form.encoding,
        form.quoted,
        form.empty,
        read_constants(reader, entries["constants"].value, targets) if "constants" in entries else {},
        _collections(reader, entries["collections"].value, entry.name, known, targets, kind) if "collections" in entries else (),
        _numbers(reader, entries["repeat"].value, "repeat") if "repeat" in entries else None,
        (),
        frozenset(read_texts(reader, entries["ignore"].value, "ignore")) if "ignore" in entries else frozenset(),
        _subjects(reader, entries["subjects"].value, known.roles) if "subjects" in entries else {},
        read_maintainer(reader, entries["maintainer"].value) if "maintainer" in entries else None,
        _joined(reader, entries["joined"].value, targets) if "joined" in entries else (),
        read_conditions(reader, entries["only"].value, f"only of {what}") if "only" in entries else (),
    )
    if preset is not None:
        rule = _with_preset(rule, preset, targets)
    if "fold" in entries:
        rule = replace(rule, fold=_fold(reader, entries["fold"].value, rule))
    _judge(reader, entries, rule, what)
    origin = kind.read_origin(reader, entry, entries)
    return None if origin is None else replace(rule, file=origin.name, origin=origin.detail, identity=known.identity)


def _judge(reader: NodeReader, entries: Mapping[str, Entry], rule: ResourceRule, what: str) -> None:
    """Note what does not go together."""
    if rule.repeat is not None and not any(column.is_numbered for column in rule.columns):
        reader.problem(entries["repeat"].key, f'no column of {what} holds "{NUMBER}" for repeat to count')
    if "repeat" in entries and rule.fold:
        reader.problem(entries["fold"].key, "a resource cannot both repeat and fold")
    for name in sorted(rule.ignore & set(rule.header_names())):
        reader.problem(entries["ignore"].key, f'column "{name}" is both read and ignored')


def _with_preset(rule: ResourceRule, preset: Preset, targets: Targets) -> ResourceRule:
    """The kind's own mapping, less what the source file maps itself."""
    taken, named = targets.taken, {collection.name for collection in rule.collections}
    columns = (replace(c, elements=tuple(path for path in c.elements if path not in taken)) for c in preset.columns)
    return replace(
        rule,
        columns=(*rule.columns, *(column for column in columns if column.elements)),
        constants={path: text for path, text in (preset.constants or {}).items() if path not in taken} | dict(rule.constants),
        collections=(*rule.collections, *(c for c in preset.collections if c.name not in named)),
        joined=(*rule.joined, *(join for join in preset.joined if join.element not in taken)),
        only=rule.only or preset.only,
    )


def read_maintainer(reader: NodeReader, node: Node) -> MaintainerKind | None:
    """Who keeps the records: `{kind: epp}` or `{kind: district}`."""
    entries = reader.entries(node, "maintainer", ("kind",), ("kind",))
    if "kind" not in entries:
        return None
    return cast("MaintainerKind | None", reader.choice(entries["kind"].value, "maintainer kind", ("epp", "district")))


def read_format(reader: NodeReader, entries: Mapping[str, Entry], base: Defaults) -> Defaults:
    """How a file is written, where it says so itself."""
    delimiter, encoding, quoted, empty = base.delimiter, base.encoding, base.quoted, base.empty
    if "delimiter" in entries:
        delimiter = _delimiter(reader, entries["delimiter"].value) or delimiter
    if "encoding" in entries:
        encoding = cast("Encoding | None", reader.choice(entries["encoding"].value, "encoding", _ENCODINGS)) or encoding
    if "quoting" in entries:
        quoted = reader.choice(entries["quoting"].value, "quoting", ("standard", "none")) != "none"
    if "empty" in entries:
        empty = _empties(reader, entries["empty"].value)
    return Defaults(delimiter, encoding, quoted, empty, base.dates)


def _delimiter(reader: NodeReader, node: Node) -> str | None:
    text = reader.text(node, "delimiter")
    if text is None or text in _DELIMITERS:
        return _DELIMITERS.get(text or "")
    if len(text) != 1 or text.isalnum() or text in ' "\r\n\x00':
        reader.problem(node, f'"{text}" is not a delimiter: {", ".join(_DELIMITERS)} or one character')
        return None
    return text


def _numbers(reader: NodeReader, node: Node, what: str) -> Numbers | None:
    entries = reader.entries(node, what, ("from", "to"), ("from", "to"))
    return _range(reader, entries)


def _range(reader: NodeReader, entries: Mapping[str, Entry]) -> Numbers | None:
    if "from" not in entries or "to" not in entries:
        return None
    first = reader.whole(entries["from"].value, "from", 0, 9999)
    last = reader.whole(entries["to"].value, "to", 0, 9999)
    if first is None or last is None:
        return None
    if not first <= last < first + _WIDEST:
        reader.problem(entries["to"].value, f"to must be from {first} to {first + _WIDEST - 1}")
        return None
    return Numbers(first, last)


def _collections(
    reader: NodeReader, node: Node, resource: str, known: Known, outer: Targets, kind: Kind
) -> tuple[CollectionRule, ...]:
    rules = []
    for entry in reader.entries(node, "collections").values():
        if entry.name not in known.collections:
            hint = nearest(entry.name, known.collections)
            reader.problem(entry.key, f'"{entry.name}" is not a collection of {resource}{hint}')
            continue
        targets = Targets(f"{resource}.{entry.name}", known.collections[entry.name], outer.dates, outer.lookups)
        rules.append(_collection(reader, entry, targets, each=kind.each))
    return tuple(rules)


def _collection(reader: NodeReader, entry: Entry, targets: Targets, *, each: bool) -> CollectionRule:
    what = targets.place
    members = ("columns", "constants", "from", "to", *(("each",) if each else ()))
    entries = reader.entries(entry.value, what, members, ("columns",))
    wide = "from" in entries or "to" in entries
    if wide and "each" in entries:
        reader.problem(entries["each"].key, f"{what} has both each and from: a list in JSON, or numbered columns")
    if ("from" in entries) != ("to" in entries):
        reader.problem(entry.key, f"{what} needs both from and to, or neither")
    columns = read_columns(reader, entries["columns"].value, targets, numbered=wide) if "columns" in entries else ()
    constants = read_constants(reader, entries["constants"].value, targets) if "constants" in entries else {}
    numbers = _range(reader, entries)
    if numbers is not None and not all(rule.is_numbered for rule in columns):
        reader.problem(entry.key, f'each column of {what} must hold "{NUMBER}", because it has from and to')
    path = (reader.words(entries["each"].value, "each") or "") if "each" in entries else ""
    return CollectionRule(entry.name, columns, constants, numbers, path)


def _joined(reader: NodeReader, node: Node, targets: Targets) -> tuple[JoinRule, ...]:
    """Elements made of several columns: `element: {columns: [A, B], with: " "}`."""
    rules = []
    for entry in reader.entries(node, f"joined of {targets.place}").values():
        members = reader.entries(entry.value, f"joined {entry.name}", ("columns", "with"), ("columns",))
        columns = read_texts(reader, members["columns"].value, "columns") if "columns" in members else ()
        between = reader.text(members["with"].value, "with") if "with" in members else " "
        if targets.take(reader, entry.key, entry.name) and columns:
            rules.append(JoinRule(entry.name, columns, between or ""))
    return tuple(rules)


def _fold(reader: NodeReader, node: Node, rule: ResourceRule) -> tuple[str, ...]:
    """The key elements by which rows are one record."""
    read = {path for column in rule.columns for path in column.elements}
    key = []
    for item in reader.items(node, "fold"):
        path = reader.text(item, "an element of fold")
        if path is not None and path not in read:
            reader.problem(item, f'fold lists the elements of the key; no column feeds "{path}"{nearest(path, read)}')
        elif path is not None:
            key.append(path)
    return tuple(key)


def _subjects(reader: NodeReader, node: Node, roles: frozenset[str]) -> Mapping[str, str]:
    subjects = {}
    for entry in reader.entries(node, "subjects", roles).values():
        subject = reader.choice(entry.value, "subject type", SUBJECT_TYPES)
        if subject is not None:
            subjects[entry.name] = subject
    return subjects


def read_texts(reader: NodeReader, node: Node, what: str) -> tuple[str, ...]:
    """A list of texts."""
    found = (reader.text(item, f"a member of {what}") for item in reader.items(node, what))
    return tuple(text for text in found if text is not None)


def _empties(reader: NodeReader, node: Node) -> frozenset[str]:
    """Texts that mean nothing; an unquoted NULL is the word, not YAML's null."""
    items = reader.items(node, "empty")
    for item in items:
        if not isinstance(item, ScalarNode):
            reader.problem(item, "a member of empty must be a text", 'write empty: ["", N/A]')
    return frozenset(str(item.value) for item in items if isinstance(item, ScalarNode))
