"""Read the `columns` and `constants` of a source file against the element paths that are valid there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ruamel.yaml.nodes import MappingNode, Node

from connectors.dates import DIRECTIVES, ISO
from connectors.source import NUMBER, ColumnRule
from gateway.domain.yaml_nodes import Entry, NodeReader, nearest

_LONG_FORM = ("element", "date", "lookup", "prefix")


@dataclass(frozen=True)
class Targets:
    """The paths that columns and constants of one place may feed, each once; `dates` are the file's date formats."""

    place: str
    known: frozenset[str]
    dates: tuple[str, ...]
    taken: set[str] = field(default_factory=set)

    def take(self, reader: NodeReader, node: Node, path: str) -> bool:
        if path not in self.known:
            reader.problem(node, f'"{path}" is not an element of {self.place}{nearest(path, self.known)}')
            return False
        if path in self.taken:
            reader.problem(node, f'"{path}" of {self.place} is fed twice')
            return False
        self.taken.add(path)
        return True


def read_columns(reader: NodeReader, node: Node, targets: Targets, *, numbered: bool) -> tuple[ColumnRule, ...]:
    """One rule a column: `Column: element`, `Column: [element, element]` or the long form with `element`."""
    rules = []
    for entry in reader.entries(node, f"columns of {targets.place}").values():
        if NUMBER in entry.name and not numbered:
            reader.problem(entry.key, f'"{entry.name}" holds "{NUMBER}" but {targets.place} has no from and to')
        rule = _column(reader, entry, targets)
        if rule is not None:
            rules.append(rule)
    return tuple(rules)


def read_constants(reader: NodeReader, node: Node, targets: Targets) -> Mapping[str, str]:
    """Fixed texts by element path."""
    constants = {}
    for entry in reader.entries(node, f"constants of {targets.place}").values():
        text = reader.text(entry.value, f"constant {entry.name}")
        if targets.take(reader, entry.key, entry.name) and text is not None:
            constants[entry.name] = text
    return constants


def read_dates(reader: NodeReader, node: Node) -> tuple[str, ...]:
    """Date formats: `iso`, or strptime's with a four-digit year."""
    formats = []
    for item in reader.items(node, "dates"):
        form = reader.text(item, "a date format")
        if form is None:
            continue
        if form != ISO and not _is_date_format(form):
            reader.problem(item, f'"{form}" is not a date format: iso, or one with %Y, %m (%b, %B) and %d')
            continue
        formats.append(form)
    return tuple(formats)


def _is_date_format(form: str) -> bool:
    directives = {form[index + 1 : index + 2] for index, sign in enumerate(form) if sign == "%"}
    return directives <= DIRECTIVES and {"Y", "d"} <= directives and bool(directives & {"m", "b", "B"})


def _column(reader: NodeReader, entry: Entry, targets: Targets) -> ColumnRule | None:
    if not isinstance(entry.value, MappingNode):
        elements = _elements(reader, entry.value, targets)
        return ColumnRule(entry.name, elements) if elements else None
    members = reader.entries(entry.value, f"column {entry.name}", _LONG_FORM, ("element",))
    if "element" not in members:
        return None
    elements = _elements(reader, members["element"].value, targets)
    dates = _column_dates(reader, members["date"].value, targets) if "date" in members else ()
    lookup = _lookup(reader, members["lookup"].value) if "lookup" in members else None
    prefix = reader.text(members["prefix"].value, "prefix") if "prefix" in members else None
    return ColumnRule(entry.name, elements, dates, lookup, prefix or "") if elements else None


def _elements(reader: NodeReader, node: Node, targets: Targets) -> tuple[str, ...]:
    found = []
    for item in reader.items(node, "element"):
        path = reader.text(item, "element")
        if path is not None and targets.take(reader, item, path):
            found.append(path)
    return tuple(found)


def _column_dates(reader: NodeReader, node: Node, targets: Targets) -> tuple[str, ...]:
    """`date: true` takes the file's formats; otherwise the column names its own."""
    return targets.dates if node.value == "true" else read_dates(reader, node)


def _lookup(reader: NodeReader, node: Node) -> Mapping[str, str]:
    entries = reader.entries(node, "lookup").values()
    texts = ((entry.name, reader.text(entry.value, f"lookup of {entry.name}")) for entry in entries)
    return {name: text for name, text in texts if text is not None}
