"""The query language read plainly, a row at a time: what tests hold the databases' answers against.

Written from the README's description, over treated rows: `{path: value}`, and for a list `{path: [value of each member]}`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.domain.filtering import Comparison, Filter, Joined, Not, SortBy, Written

Row = Mapping[str, object]
LOOKED_AT = 120


def kept(rows: Sequence[Row], asked: Filter | None) -> list[Row]:
    return [row for row in rows if asked is None or satisfies(row, asked)]


def satisfies(row: Row, asked: Filter) -> bool:
    match asked:
        case Not(part):
            return not satisfies(row, part)
        case Joined("and", parts):
            return all(satisfies(row, part) for part in parts)
        case Joined(_, parts):
            return any(satisfies(row, part) for part in parts)
        case Comparison(path, operator, values):
            found = row[path]
            known = [value for value in (found if isinstance(found, list) else [found]) if value is not None]
            if operator == "isnull":
                return not known
            if operator == "ne":
                return not any(value == read(values[0]) for value in known)
            return any(_compare(value, operator, [read(written) for written in values]) for value in known)


def _compare(value: object, operator: str, values: Sequence[object]) -> bool:
    [first, *_] = values
    match operator, value, first:
        case "eq", _, _:
            return value == first
        case "in", _, _:
            return value in values
        case "contains", str(text), str(part):
            return part in text
        case "startswith", str(text), str(part):
            return text.startswith(part)
        case _, str(), str():
            return _in_order(operator, value, first)
        case _, int() | float(), int() | float():
            return _in_order(operator, value, first)
        case _:
            raise AssertionError((operator, value, first))


def _in_order(operator: str, left: str | float, right: str | float) -> bool:
    less, equal = left < right, left == right  # type: ignore[operator]
    return {"lt": less, "le": less or equal, "gt": not less and not equal, "ge": not less}[operator]


def read(written: Written) -> object:
    match written.kind:
        case "number":
            return float(written.text)
        case "boolean":
            return written.text == "true"
        case _:
            return written.text


def ordered(rows: Sequence[Row], sort: Sequence[SortBy]) -> list[Row]:
    """Rows that stand in the order of their numbers, in the order asked for; what is missing comes last."""
    found = list(rows)
    for by in reversed(sort):
        there = [row for row in found if row[by.path] is not None]
        missing = [row for row in found if row[by.path] is None]
        # A stable sort: descending, equal ones must stay as they are too.
        there.sort(key=lambda row: _key(row[by.path]), reverse=by.descending)
        found = [*there, *missing]
    return found


def _key(value: object) -> str | float:
    if isinstance(value, str):
        return value[:LOOKED_AT]
    if isinstance(value, int | float):
        return value
    raise AssertionError(value)


def spelled(asked: Filter) -> str:
    """A filter as a client would write it, with parentheses wherever they may stand."""
    match asked:
        case Not(part):
            return f"not ({spelled(part)})"
        case Joined(word, parts):
            return f" {word} ".join(f"({spelled(part)})" for part in parts)
        case Comparison(path, "isnull"):
            return f"{path} isnull"
        case Comparison(path, "in", values):
            return f"{path} in ({', '.join(map(_literal, values))})"
        case Comparison(path, operator, [value]):
            return f"{path} {operator} {_literal(value)}"
        case _:
            raise AssertionError(asked)


def _literal(value: Written) -> str:
    return "'" + value.text.replace("'", "''") + "'" if value.kind == "text" else value.text
