"""Read the rows of a file in one of five formats."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import IO, Any
from xml.etree.ElementTree import ParseError

import openpyxl
import orjson
import pyarrow
import pyarrow.parquet

from connectors.file_formats import Format
from connectors.json_rows import Json, json_table
from connectors.rows import Fault, FileRow, Table, read_rows, same_name
from connectors.source import ResourceRule
from connectors.sql_texts import fault_of, text_of
from gateway.errors import IngestError

LONGEST_LINE = 1024 * 1024
UNPACKED_LIMIT = 2 * 1024**3
PAGE = 1000
_EXCEL_ERRORS = frozenset({"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"})


@contextmanager
def open_table(path: Path, rule: ResourceRule, form: Format, sheet: str) -> Iterator[Table]:
    """The rows of a file while the context is open. Raises IngestError, now or while they are read, when it is not whole."""
    match form:
        case "csv" | "tsv":
            delimiter = "\t" if form == "tsv" else rule.delimiter
            with (
                path.open("rb") as stream,
                read_rows(stream, rule.file, delimiter=delimiter, encoding=rule.encoding, quoted=rule.quoted) as table,
            ):
                yield table
        case "jsonl":
            with path.open("rb") as stream:
                yield json_table(rule, _objects(stream, rule.file))
        case "excel":
            with _workbook(path, rule.file) as book:
                yield _sheet(book, rule.file, sheet)
        case "parquet":
            with _refusing(rule.file), pyarrow.parquet.ParquetFile(path) as file:
                yield json_table(rule, _parquet(file)) if any(c.each for c in rule.collections) else _columns(file)


def _objects(stream: IO[bytes], name: str) -> Iterator[tuple[int, Json]]:
    """Each line's object with its number; a line that is no JSON is handed on as none."""
    number = 0
    while line := stream.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise IngestError(f"{name}:{number}: the line is longer than {LONGEST_LINE} bytes; one record stands on a line.")
        if line.strip():
            try:
                yield number, orjson.loads(line)
            except orjson.JSONDecodeError:
                yield number, None


@contextmanager
def _workbook(path: Path, name: str) -> Iterator[Any]:
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > UNPACKED_LIMIT:
                raise IngestError(f"{name} unpacks to more than {UNPACKED_LIMIT} bytes; refused.")
        book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, ParseError, EOFError) as why:
        raise IngestError(f"{name} is no Excel workbook that can be read ({type(why).__name__}): save it again as .xlsx.") from None
    try:
        yield book
    finally:
        book.close()


def _sheet(book: Any, name: str, sheet: str) -> Table:
    if sheet and sheet not in book.sheetnames:
        raise IngestError(f"{name} has no sheet {sheet}; it has: {', '.join(book.sheetnames)}.")
    rows = (book[sheet] if sheet else book.worksheets[0]).iter_rows(values_only=True)
    header = tuple("" if cell is None else str(cell).strip() for cell in next(rows, ()))
    if not any(header):
        raise IngestError(f"{name} has no column names in its first row.")
    alike = same_name(header)
    if alike:
        raise IngestError(f"{name} has the columns {alike[0]} and {alike[1]} under one name: rename one, or export its header too.")
    return Table(header, _cells(rows, len(header), name))


def _cells(rows: Iterator[tuple[object, ...]], width: int, name: str) -> Iterator[FileRow]:
    number = 1
    while True:
        try:
            found = next(rows, None)
        except (zipfile.BadZipFile, ValueError, ParseError, EOFError, OSError) as why:
            raise IngestError(f"{name} is damaged behind row {number} ({type(why).__name__}): save it again.") from None
        if found is None:
            return
        number += 1
        if any(cell is not None for cell in found):
            cells = [_excel_text(cell) for cell in (*found, *(None,) * (width - len(found)))]
            fault = fault_of(cells)
            wrong = next((at for at, cell in enumerate(found) if isinstance(cell, str) and cell in _EXCEL_ERRORS), None)
            if wrong is not None:
                fault, cells[wrong] = Fault("formula_error", "the formula of the cell gives an error", wrong), ""
            yield FileRow(number, [cell or "" for cell in cells[:width]], fault)


def _excel_text(value: object) -> str | None:
    """As `text_of`; Excel keeps whole numbers as floats and days as instants at midnight."""
    if isinstance(value, float) and value.is_integer() and math.isfinite(value):
        return str(int(value))
    if isinstance(value, datetime) and value.time() == time():
        return date.isoformat(value)
    return text_of(value)


def _columns(file: Any) -> Table:
    names = tuple(file.schema_arrow.names)

    def rows() -> Iterator[FileRow]:
        number = 0
        for batch in file.iter_batches(batch_size=PAGE):
            for found in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                number += 1
                cells = [text_of(value) for value in found]
                yield FileRow(number, [cell or "" for cell in cells], fault_of(cells))

    return Table(names, rows())


def _parquet(file: Any) -> Iterator[tuple[int, Json]]:
    number = 0
    for batch in file.iter_batches(batch_size=PAGE):
        for found in batch.to_pylist():
            number += 1
            yield number, orjson.loads(orjson.dumps(found, default=str))


@contextmanager
def _refusing(name: str) -> Iterator[None]:
    try:
        yield
    except (pyarrow.ArrowException, OSError) as why:
        raise IngestError(f"{name} is no Parquet file that can be read whole ({type(why).__name__}): export it again.") from None
