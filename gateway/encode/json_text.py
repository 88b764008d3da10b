"""JSON, a column at a time: a page has a thousand times more values than names, and an object a row costs more than all their
text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import orjson

from gateway.domain.query_plan import QueryPlan
from gateway.domain.rows import TreatedMembers, TreatedRows

NOTHING: Mapping[str, Sequence[bytes]] = {}
_BETWEEN_LINES = b",\n  "
"""What orjson writes between the items of an indented list; no item holds it, as JSON escapes a line's end inside a text."""
_FIRST, _LAST = len(b"[\n  "), -len(b"\n]")


def records(rows: TreatedRows, plan: QueryPlan, between: bytes, beside: Mapping[str, Sequence[bytes]] = NOTHING) -> bytes:
    """The records as objects in Ed-Fi's nesting, with `between` between them; `beside` has more of each, as JSON."""
    columns = {str(element.path): texts(rows.values[element.path]) for element in plan.selected if element.collection is None}
    columns |= {name: lists_of(members, rows.count) for name, members in rows.members.items()}
    return objects(columns | dict(beside), rows.count, between)


def texts(column: Sequence[object]) -> Sequence[bytes]:
    """Each value's JSON text."""
    if not column:
        return ()
    return orjson.dumps(column, option=orjson.OPT_INDENT_2)[_FIRST:_LAST].split(_BETWEEN_LINES)


def lists_of(members: TreatedMembers, count: int) -> Sequence[bytes]:
    """Each record's list of members."""
    lists = [b"[]"] * count
    if not members.row:
        return lists
    columns = {path: texts(column) for path, column in members.values.items()}
    written = objects(columns, len(members.row), b"\n").split(b"\n")
    for row, text in zip(members.row, written, strict=True):
        known = lists[row]
        lists[row] = b"[%b]" % text if known == b"[]" else b"%b,%b]" % (known[:-1], text)
    return lists


def objects(columns: Mapping[str, Sequence[bytes]], count: int, between: bytes) -> bytes:
    """Columns `a.b` and `a.c` -> rows `{"a":{"b":..,"c":..}}`, at any depth, with `between` between them."""
    if not count:
        return b""
    pieces: list[bytes] = []
    laid: list[Sequence[bytes]] = []
    text = between
    for literal, path in _layout(tuple((path, path) for path in columns)):
        text += literal
        if path is not None:
            pieces.append(text)
            laid.append(columns[path])
            text = b""
    width = 2 * len(laid) + 1
    parts: list[bytes] = [text] * (width * count)
    for at, (piece, column) in enumerate(zip(pieces, laid, strict=True)):
        parts[2 * at :: width] = [piece] * count
        parts[2 * at + 1 :: width] = column
    parts[0] = parts[0][len(between) :]
    return b"".join(parts)


def _layout(paths: Sequence[tuple[str, str]]) -> Iterator[tuple[bytes, str | None]]:
    """An object with these (rest of the path, whole path): its text, piece by piece, and the column whose value follows it."""
    names: dict[str, list[tuple[str, str]]] = {}
    for rest, path in paths:
        name, _, inner = rest.partition(".")
        names.setdefault(name, []).append((inner, path))
    text = b"{"
    for name, group in names.items():
        text += orjson.dumps(name) + b":"
        first, path = group[0]
        if first:
            yield text, None
            yield from _layout(group)
        else:
            yield text, path
        text = b","
    yield (b"}" if names else b"{}"), None
