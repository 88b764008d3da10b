"""Read a roster (pure): the CSV or JSON that a recipient sends -> one line for each record that it asks about, or every mistake."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.catalog.model import Resource
from gateway.domain.identifiers import ElementPath
from gateway.domain.records import Location, RawRecord, Rejection
from gateway.errors import FileProblem, FileRefused, RequestError
from gateway.identify import identify

CSV, JSON = "text/csv", "application/json"
OWN_ID = "own_id"
LONGEST_OWN_ID = 100
MOST_LINES = 50_000
LARGEST_ROSTER = 8_000_000
MOST_TOLD = 50
FILE = "roster"


@dataclass(frozen=True)
class NamedLine:
    """One line: the registry's key of the record that it names, and the recipient's own id for it."""

    key: bytes
    own_id: str = field(repr=False)


@dataclass(frozen=True)
class _Sent:
    """A line as it was sent: where it stands, and its members by name."""

    line: int
    members: Mapping[str, str]


def read_roster(content: bytes, media_type: str, resource: Resource, secret: bytes) -> list[NamedLine]:
    """Every line, once; `resource` is what its lines name by its identity, `secret` the provider's key of natural keys.

    A line has `own_id` and the members of the identity, no more and no less. Raises `FileRefused` with the place of every mistake,
    or `RequestError` for what is no roster at all; neither repeats what stood there.
    """
    members = (OWN_ID, *(str(path) for path in resource.identity))
    text = _text(content)
    sent = list(_csv(text, members) if media_type == CSV else _json(text, members))
    if len(sent) > MOST_LINES:
        raise RequestError(f"A roster has {MOST_LINES:,} lines at most.")
    lines: list[NamedLine] = []
    problems: list[FileProblem] = []
    first: dict[bytes, int] = {}
    for line in sent:
        named = _named(line, resource, secret)
        if isinstance(named, FileProblem):
            problems.append(named)
        elif first.setdefault(named.key, line.line) != line.line:
            problems.append(_problem(line.line, f"names the same record as line {first[named.key]}", "keep one of them"))
        else:
            lines.append(named)
    if problems:
        raise FileRefused(tuple(problems[:MOST_TOLD]))
    return lines


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as why:
        raise RequestError(f"The roster is not UTF-8 from byte {why.start + 1} on. Save it as UTF-8 and send it again.") from why


def _csv(text: str, members: Sequence[str]) -> Iterator[_Sent]:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(rows, [])]
        if sorted(header) != sorted(members):
            raise RequestError(f"The first line of a roster names its columns, which are: {', '.join(members)}.")
        for row in rows:
            if not row:
                continue
            if len(row) != len(header):
                message = f"has {len(row)} fields where the first line has {len(header)}"
                raise FileRefused((_problem(rows.line_num, message, "put a text with a comma in quotes"),))
            yield _Sent(rows.line_num, dict(zip(header, row, strict=True)))
    except csv.Error as why:
        raise FileRefused((_problem(rows.line_num, "is not CSV", "close each quote, and double a quote inside quotes"),)) from why


def _json(text: str, members: Sequence[str]) -> Iterator[_Sent]:
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as why:
        raise RequestError("The roster is not JSON, or a member of it stands twice.") from why
    lines = found.get("lines") if isinstance(found, dict) and found.keys() == {"lines"} else None
    if not isinstance(lines, list):
        raise RequestError('A roster in JSON is {"lines": [..]}, one object for each record.')
    for number, line in enumerate(lines, start=1):
        if not isinstance(line, dict) or sorted(line) != sorted(members) or not all(isinstance(of, str) for of in line.values()):
            raise FileRefused((_problem(number, "is not a line of this roster", f"its members are texts: {', '.join(members)}"),))
        yield _Sent(number, line)


def _once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a member stands twice")
    return found


def _named(line: _Sent, resource: Resource, secret: bytes) -> NamedLine | FileProblem:
    own_id = line.members[OWN_ID].strip()
    if not own_id or len(own_id) > LONGEST_OWN_ID or not own_id.isprintable():
        return _problem(
            line.line, f"has no {OWN_ID} that can be kept", f"write your id in 1 to {LONGEST_OWN_ID} printable characters"
        )
    elements = {ElementPath(path): line.members[path] for path in resource.identity}
    key = identify(RawRecord(resource.name, Location(FILE, line.line), elements), resource, secret)
    if isinstance(key, Rejection):
        return _problem(line.line, f"{key.column}: {key.reason}", "write it as the provider does")
    return NamedLine(key, own_id)


def _problem(line: int, message: str, fix: str) -> FileProblem:
    return FileProblem(FILE, line, 1, f"line {line} {message}", fix)
