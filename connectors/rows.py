"""Read the rows of a delimited file, each with the physical line where it starts, or why it cannot be read."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from connectors.looking import Look
from connectors.source import Encoding
from gateway.errors import IngestError

if TYPE_CHECKING:
    from _csv import Reader

_SUSPECT = re.compile("[\x00\ud800-\udfff]")
"""NUL, and what `surrogateescape` leaves of a byte that the encoding does not know."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8", "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16", "utf-16-be"),
)


@dataclass(frozen=True)
class Fault:
    """Why a row is not usable; `cell` is the index of the cell, when one is to blame."""

    code: str
    reason: str
    cell: int | None = None


@dataclass(frozen=True)
class FileRow:
    """One row: 1-based line of its first character, its cells (none when it is malformed), and its fault.

    `members` are the lists inside a row of JSON, by collection: for each member its cells, in the order of the rule's columns.
    `passed_over` rows are no rows of the resource at all, whatever their cells.
    """

    line: int
    cells: list[str]
    fault: Fault | None = None
    members: Mapping[str, Sequence[list[str]]] = field(default_factory=dict)
    passed_over: bool = False


@dataclass(frozen=True)
class Table:
    """A file's header and the rows after it, read as they are asked for. `further` fills while they are read, with names that
    the rows hold and the header does not (JSON). `look` is there where what the rows are made of is looked at (JSON); else the
    rows are."""

    header: tuple[str, ...]
    rows: Iterator[FileRow]
    further: set[str] = field(default_factory=set)
    look: Look | None = None


@contextmanager
def read_rows(stream: IO[bytes], file: str, *, delimiter: str, encoding: Encoding, quoted: bool) -> Iterator[Table]:
    """The header and the rows, while the context is open; lines without any character are not rows.

    Raises IngestError, now or while the rows are read, when the file cannot be read whole: no header, a name twice in
    it, a byte-order mark against the declared encoding, a quoted cell that never ends.
    """
    codec, skip = _codec(stream, file, encoding)
    stream.seek(skip)
    errors = "surrogatepass" if codec.startswith("utf-16") else "surrogateescape"
    with io.TextIOWrapper(stream, encoding=codec, errors=errors, newline="") as text:
        lines = _Lines(text, file)
        if quoted:
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
        else:
            reader = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE, strict=True)
        yield Table(_header(reader, file), _rows(reader, lines, file, codec))


class _Lines:
    """The file's physical lines, noting whether one since the last look holds something suspect, and the end."""

    def __init__(self, text: io.TextIOWrapper, file: str) -> None:
        self._text = text
        self._file = file
        self._count = 0
        self.suspect = False
        self.ended = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        try:
            line = self._text.readline()
        except UnicodeDecodeError as why:
            raise IngestError(f"{self._file} is not valid {why.encoding} after line {self._count}: export it again") from why
        if not line:
            self.ended = True
            raise StopIteration
        self._count += 1
        if _SUSPECT.search(line):
            self.suspect = True
        return line


def _codec(stream: IO[bytes], file: str, encoding: Encoding) -> tuple[str, int]:
    """Python's codec name and the bytes of the mark to skip."""
    start = stream.read(4)
    if start == codecs.BOM_UTF32_LE or start == codecs.BOM_UTF32_BE:
        raise IngestError(f"{file} is UTF-32: export it as UTF-8")
    for mark, family, codec in _MARKS:
        if start.startswith(mark):
            if encoding not in ("auto", family):
                raise IngestError(f"{file} begins with a {family} mark but is declared {encoding}: declare {family} or auto")
            return codec, len(mark)
    if encoding == "utf-16":
        # Without a mark the header tells: ASCII has its zero byte first in big-endian text.
        return ("utf-16-be" if start[:1] == b"\x00" else "utf-16-le"), 0
    return ("cp1252" if encoding == "cp1252" else "utf-8"), 0


def _header(reader: Iterator[list[str]], file: str) -> tuple[str, ...]:
    try:
        header = tuple(name.strip() for name in next(reader, []))
    except csv.Error as why:
        raise IngestError(f"{file} has a header that cannot be read: export it again") from why
    if not any(header):
        raise IngestError(f"{file} has no header on its first line: export it again with column names")
    if any(_SUSPECT.search(name) for name in header):
        raise IngestError(f"{file} has a header that does not fit its encoding: declare the right one in the source file")
    alike = same_name(header)
    if alike:
        raise IngestError(f"{file} has the columns {alike[0]} and {alike[1]} under one name: rename one, or export its header too")
    return header


def same_name(header: Sequence[str]) -> tuple[int, int] | None:
    """The numbers (from 1) of the first two columns of one name. The name itself is nobody's to tell: where the header was left out
    it is a record's."""
    first: dict[str, int] = {}
    for number, name in enumerate(header, start=1):
        if name and first.setdefault(name, number) != number:
            return first[name], number
    return None


def _rows(reader: Reader, lines: _Lines, file: str, codec: str) -> Iterator[FileRow]:
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as why:
            # A fault inside one line leaves the next line's start certain. One that spans lines, or meets the end, may
            # have swallowed whole rows: then the file was not read whole.
            if lines.ended or reader.line_num > line:
                raise IngestError(f"{file}: a quoted cell that starts on line {line} does not end properly") from why
            lines.suspect = False
            yield FileRow(line, [], Fault("malformed_row", "quotes inside a quoted cell must be doubled"))
            continue
        if not cells:
            continue
        fault = None
        if lines.suspect:
            lines.suspect = False
            fault = _empty_suspects(cells, codec)
        yield FileRow(line, cells, fault)


def _empty_suspects(cells: list[str], codec: str) -> Fault | None:
    """The fault of the first suspect cell; every suspect cell is emptied."""
    fault = None
    for index, cell in enumerate(cells):
        found = _SUSPECT.search(cell)
        if found is None:
            continue
        cells[index] = ""
        if fault is None and found.group() == "\x00":
            fault = Fault("nul_byte", "the cell holds a NUL byte", index)
        elif fault is None:
            fault = Fault("undecodable", f"the cell holds bytes that are not {codec}; is the encoding right?", index)
    return fault
