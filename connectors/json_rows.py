"""Flatten JSON objects into rows by the paths that a source file names, so that they are mapped as rows of a file are.

A path is names with dots between (`Contact.Email`); a name that holds a dot itself is quoted (`"a.b".c`); a whole number is a
place in a list (`ids.0.value`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import isfinite

from connectors.looking import Look, sampled
from connectors.rows import Fault, FileRow, Table
from connectors.source import ResourceRule

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None
_STEP = re.compile(r'"([^"]*)"|([^."]+)')


@dataclass(frozen=True)
class _Path:
    column: str
    steps: tuple[str, ...]


def json_table(rule: ResourceRule, objects: Iterable[tuple[int, Json]], also: tuple[str, ...] = ()) -> Table:
    """The rows of numbered objects. Columns that a rule names and an object lacks are empty; names that no rule mentions are
    gathered in the table's `further`. `also` are columns that the kind of source wants to see beside the rule's."""
    header = tuple(dict.fromkeys((*rule.header_names(), *also)))
    further: set[str] = set()
    flatten = flattener(rule, header)
    look = look_at_objects(rule)
    settled = {_steps(name)[0] for name in header} | {_steps(c.each)[0] for c in rule.collections if c.each} | rule.ignore

    def rows() -> Iterator[FileRow]:
        for number, found in sampled(objects, lambda numbered: look.item(numbered[1])):
            if isinstance(found, dict):
                further.update(found.keys() - settled)
            yield flatten(number, found)

    return Table(header, rows(), further, look)


def look_at_objects(rule: ResourceRule) -> Look:
    """A look at objects that a rule reads, and at the objects inside them of which it names a member."""
    paths = [_steps(name) for name in rule.header_names()]
    return Look(rule, walked=frozenset(path[:end] for path in paths for end in range(1, len(path))))


def flattener(rule: ResourceRule, header: tuple[str, ...]) -> Callable[[int, Json], FileRow]:
    """What makes a row of one object, with its number in the source."""
    paths = tuple(_Path(name, _steps(name)) for name in header)
    lists = [
        (c.name, _steps(c.each), tuple(_Path(r.column, _steps(r.column)) for r in c.columns)) for c in rule.collections if c.each
    ]

    def flatten(number: int, found: Json) -> FileRow:
        if not isinstance(found, dict):
            return FileRow(number, [], Fault("not_an_object", "an item of the list is not an object"))
        cells, fault = _cells(found, paths)
        members: dict[str, list[list[str]]] = {}
        for name, steps, columns in lists:
            listed = _at(found, steps)
            if listed is not None and not isinstance(listed, list):
                fault = fault or Fault("not_a_list", f"{'.'.join(steps)} is not a list")
                continue
            members[name] = []
            for item in listed or ():
                inner, wrong = _cells(item, columns)
                members[name].append(inner)
                fault = fault or (None if wrong is None else Fault(wrong.code, f"{'.'.join(steps)}: {wrong.reason}"))
        return FileRow(number, cells, fault, members)

    return flatten


def at_path(found: Json, path: str) -> Json:
    """What stands at a path; None where nothing does. An empty path is the whole."""
    return _at(found, _steps(path)) if path else found


def leaves(found: Json, before: str = "") -> dict[str, str]:
    """The text of every scalar of an object by its path; lists are left out."""
    texts: dict[str, str] = {}
    for name, value in found.items() if isinstance(found, dict) else ():
        path = before + (f'"{name}"' if "." in name else name)
        texts |= leaves(value, f"{path}.") if isinstance(value, dict) else {}
        text = _text(value)
        texts |= {} if text is None else {path: text}
    return texts


def _steps(path: str) -> tuple[str, ...]:
    return tuple(quoted or plain for quoted, plain in _STEP.findall(path)) or (path,)


def _cells(found: Json, paths: tuple[_Path, ...]) -> tuple[list[str], Fault | None]:
    cells: list[str] = []
    fault: Fault | None = None
    for index, path in enumerate(paths):
        value = _at(found, path.steps)
        text = _text(value)
        if text is None and fault is None:
            fault = Fault("not_a_scalar", f"{path.column} holds an object or a list, or no number", index)
        cells.append(text or "")
    return cells, fault


def _at(found: Json, steps: tuple[str, ...]) -> Json:
    for step in steps:
        if isinstance(found, dict):
            found = found.get(step)
        elif isinstance(found, list) and step.isdigit():
            found = found[int(step)] if int(step) < len(found) else None
        else:
            return None
    return found


def _text(value: Json) -> str | None:
    """A scalar as text, none for what is not one."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int():
            return str(value)
        case float():
            return repr(value) if isfinite(value) else None
    return None
