"""Read one resource of a source file: its file, columns, collections, repeats and folds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import cast

from ruamel.yaml.nodes import Node, ScalarNode

from connectors.column_rules import Targets, read_columns, read_constants, read_dates
from connectors.dates import ISO
from connectors.source import NUMBER, CollectionRule, ColumnRule, Encoding, Known, MaintainerKind, Numbers, ResourceRule
from gateway.domain.identifiers import ResourceName
from gateway.domain.yaml_nodes import Entry, NodeReader, nearest

SUBJECT_TYPES = frozenset({"candidate", "alumnus", "applicant", "employee", "k12_student", "nobody"})
_DELIMITERS = {"comma": ",", "tab": "\t", "semicolon": ";", "pipe": "|"}
_ENCODINGS = ("auto", "utf-8", "utf-16", "cp1252")
FORMAT = ("delimiter", "encoding", "quoting", "empty")
_MEMBERS = (
    "file",
    *FORMAT,
    "columns",
    "constants",
    "collections",
    "repeat",
    "fold",
    "ignore",
    "subjects",
    "maintainer",
)
_WIDEST = 100


@dataclass(frozen=True)
class Defaults:
    """What a resource of the file takes over when it says nothing itself."""

    delimiter: str = ","
    encoding: Encoding = "auto"
    quoted: bool = True
    empty: frozenset[str] = frozenset()
    dates: tuple[str, ...] = (ISO,)


def read_defaults(reader: NodeReader, node: Node) -> Defaults:
    """The `defaults` of a source file."""
    entries = reader.entries(node, "defaults", (*FORMAT, "dates"))
    dates = read_dates(reader, entries["dates"].value) if "dates" in entries else (ISO,)
    return read_format(reader, entries, Defaults(dates=dates))


def read_resource(reader: NodeReader, entry: Entry, defaults: Defaults, known: Known) -> ResourceRule | None:
    """The rule of one resource, or None when a part that it cannot do without is wrong; problems go to the reader."""
    what = f"resource {entry.name}"
    entries = reader.entries(entry.value, what, _MEMBERS, ("file", "columns"))
    if "file" not in entries or "columns" not in entries:
        return None
    form = read_format(reader, entries, defaults)
    repeat = _numbers(reader, entries["repeat"].value, "repeat") if "repeat" in entries else None
    targets = Targets(entry.name, known.elements, form.dates)
    columns = read_columns(reader, entries["columns"].value, targets, numbered="repeat" in entries)
    constants = read_constants(reader, entries["constants"].value, targets) if "constants" in entries else {}
    collections = _collections(reader, entries["collections"].value, entry.name, known, form) if "collections" in entries else ()
    if repeat is not None and not any(rule.is_numbered for rule in columns):
        reader.problem(entries["repeat"].key, f'no column of {what} holds "{NUMBER}" for repeat to count')
    rule = ResourceRule(
        ResourceName(entry.name),
        read_file(reader, entries["file"].value) or "",
        columns,
        form.delimiter,
        form.encoding,
        form.quoted,
        form.empty,
        constants,
        collections,
        repeat,
        _fold(reader, entries["fold"].value, columns) if "fold" in entries else (),
        frozenset(read_texts(reader, entries["ignore"].value, "ignore")) if "ignore" in entries else frozenset(),
        _subjects(reader, entries["subjects"].value, known.roles) if "subjects" in entries else {},
        read_maintainer(reader, entries["maintainer"].value) if "maintainer" in entries else None,
    )
    if repeat is not None and rule.fold:
        reader.problem(entries["fold"].key, "a resource cannot both repeat and fold")
    for name in sorted(rule.ignore & set(rule.header_names())):
        reader.problem(entries["ignore"].key, f'column "{name}" is both read and ignored')
    return rule


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


def _collections(reader: NodeReader, node: Node, resource: str, known: Known, form: Defaults) -> tuple[CollectionRule, ...]:
    rules = []
    for entry in reader.entries(node, "collections").values():
        if entry.name not in known.collections:
            hint = nearest(entry.name, known.collections)
            reader.problem(entry.key, f'"{entry.name}" is not a collection of {resource}{hint}')
            continue
        targets = Targets(f"{resource}.{entry.name}", known.collections[entry.name], form.dates)
        rules.append(_collection(reader, entry, targets))
    return tuple(rules)


def _collection(reader: NodeReader, entry: Entry, targets: Targets) -> CollectionRule:
    what = targets.place
    entries = reader.entries(entry.value, what, ("columns", "constants", "from", "to"), ("columns",))
    wide = "from" in entries or "to" in entries
    if ("from" in entries) != ("to" in entries):
        reader.problem(entry.key, f"{what} needs both from and to, or neither")
    columns = read_columns(reader, entries["columns"].value, targets, numbered=wide) if "columns" in entries else ()
    constants = read_constants(reader, entries["constants"].value, targets) if "constants" in entries else {}
    numbers = _range(reader, entries)
    if numbers is not None and not all(rule.is_numbered for rule in columns):
        reader.problem(entry.key, f'each column of {what} must hold "{NUMBER}", because it has from and to')
    return CollectionRule(entry.name, columns, constants, numbers)


def _fold(reader: NodeReader, node: Node, columns: tuple[ColumnRule, ...]) -> tuple[str, ...]:
    """The key elements by which rows are one record."""
    read = {path for rule in columns for path in rule.elements}
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
    words = [item for item in reader.items(node, "empty") if isinstance(item, ScalarNode)]
    return frozenset(str(word.value) for word in words)
