"""Read the `columns` and `constants` of a source file against the element paths that are valid there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from connectors.dates import DIRECTIVES, ISO
from connectors.source import NUMBER, ColumnRule, Condition, Split
from gateway.domain.yaml_nodes import Entry, NodeReader, nearest

_LONG_FORM = ("element", "date", "lookup", "prefix", "split", "into", "when")


@dataclass(frozen=True)
class Targets:
    """The paths that columns and constants of one place may feed, each once; `dates` are the file's date formats, `lookups` its
    named tables."""

    place: str
    known: frozenset[str]
    dates: tuple[str, ...]
    lookups: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
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
    rules: list[ColumnRule] = []
    for entry in reader.entries(node, f"columns of {targets.place}").values():
        if NUMBER in entry.name and not numbered:
            reader.problem(entry.key, f'"{entry.name}" holds "{NUMBER}" but {targets.place} has no from and to')
        rules += _column(reader, entry, targets)
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


def read_conditions(reader: NodeReader, node: Node, what: str) -> tuple[Condition, ...]:
    """`Column: text` or `Column: [text, text]`, each of which must hold."""
    conditions = []
    if isinstance(node, MappingNode) and not node.value:
        reader.problem(node, f"{what} names no column", "write Column: [text, text] under it, or leave it out")
    for entry in reader.entries(node, what).values():
        texts = [reader.text(item, f"a text of {entry.name}") for item in reader.items(entry.value, entry.name)]
        conditions.append(Condition(entry.name, frozenset(text for text in texts if text is not None)))
    return tuple(conditions)


def read_lookup(reader: NodeReader, node: Node) -> Mapping[str, str]:
    """A table of texts."""
    entries = reader.entries(node, "lookup").values()
    texts = ((entry.name, reader.text(entry.value, f"lookup of {entry.name}")) for entry in entries)
    return {name: text for name, text in texts if text is not None}


def _column(reader: NodeReader, entry: Entry, targets: Targets) -> tuple[ColumnRule, ...]:
    """The rules of one column: one, or one for each part that it is split into."""
    if not isinstance(entry.value, MappingNode):
        elements = _fed(reader, entry.value, entry.name, targets)
        return (ColumnRule(entry.name, elements),) if elements else ()
    members = reader.entries(entry.value, f"column {entry.name}", _LONG_FORM)
    if ("split" in members) != ("into" in members) or ("into" in members) == ("element" in members):
        reader.problem(
            entry.value, f'column {entry.name} lacks "element"', "add element:, or split: and into: for a cell of several parts"
        )
        return ()
    rule = ColumnRule(
        entry.name,
        (),
        _column_dates(reader, members["date"].value, targets) if "date" in members else (),
        _lookup(reader, members["lookup"].value, targets) if "lookup" in members else None,
        (reader.text(members["prefix"].value, "prefix") or "") if "prefix" in members else "",
        when=_condition(reader, members["when"].value, entry.name) if "when" in members else None,
    )
    if "element" in members:
        elements = _fed(reader, members["element"].value, entry.name, targets)
        return (replace(rule, elements=elements),) if elements else ()
    on = reader.text(members["split"].value, "split")
    if not on:
        reader.problem(members["split"].value, "split must say what stands between the parts", 'write split: ", "')
        return ()
    parts = [_elements(reader, item, targets) for item in reader.items(members["into"].value, "into")]
    splits = [replace(rule, elements=elements, split=Split(on, at, len(parts))) for at, elements in enumerate(parts)]
    return tuple(split for split in splits if split.elements)


def _condition(reader: NodeReader, node: Node, column: str) -> Condition | None:
    conditions = read_conditions(reader, node, f"when of column {column}")
    if len(conditions) != 1:
        reader.problem(node, f"when of column {column} must name one column", "write when: {Column: [text, text]}")
        return None
    return conditions[0]


def _lookup(reader: NodeReader, node: Node, targets: Targets) -> Mapping[str, str]:
    """A table of its own, or the name of one under the file's `lookups`."""
    if isinstance(node, MappingNode):
        return read_lookup(reader, node)
    name = reader.choice(node, "lookup", targets.lookups, "write a table here, or name one under lookups")
    return {} if name is None else targets.lookups[name]


def _fed(reader: NodeReader, node: Node, column: str, targets: Targets) -> tuple[str, ...]:
    """The elements of a column, one or more."""
    if isinstance(node, SequenceNode) and not node.value:
        reader.problem(node, f"column {column} feeds no element", "name one, or list the column under ignore")
    return _elements(reader, node, targets)


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
