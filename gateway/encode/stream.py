"""Records in any number of parts, written one after the other to where they wait: the format of a page without its end."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Protocol

import pyarrow
import pyarrow.parquet

from gateway.domain.access import Format
from gateway.domain.query_plan import QueryPlan
from gateway.domain.rows import TreatedRows
from gateway.encode.arrow import COMPRESSION, table
from gateway.encode.csv_text import csv_header, csv_rows
from gateway.encode.json_text import records

Write = Callable[[bytes], int]
ROW_GROUP = 20000
"""Records of a Parquet row group or an Arrow batch: fewer compress worse, more take memory."""


class RecordStream(Protocol):
    """Takes parts of one plan's records, at least one (it may be empty), and the end."""

    def add(self, rows: TreatedRows) -> None: ...

    def end(self) -> None: ...


def open_stream(form: Format, plan: QueryPlan, notice: str | None, write: Write) -> RecordStream:
    """A stream of `ndjson`, `csv`, `parquet` or `arrow`; the notice goes into the metadata of the last two."""
    match form:
        case "csv":
            return _Csv(plan, write)
        case "parquet" | "arrow":
            return _Columns(_WRITERS[form], plan, notice, write)
        case _:
            return _Lines(plan, write)


class _Lines:
    def __init__(self, plan: QueryPlan, write: Write) -> None:
        self._plan, self._write = plan, write

    def add(self, rows: TreatedRows) -> None:
        if rows.count:
            self._write(records(rows, self._plan, b"\n"))
            self._write(b"\n")

    def end(self) -> None:
        return


class _Csv:
    def __init__(self, plan: QueryPlan, write: Write) -> None:
        self._plan, self._write = plan, write
        self._begun = False

    def add(self, rows: TreatedRows) -> None:
        if not self._begun:
            self._begun = True
            self._write(csv_header(rows, self._plan))
        self._write(csv_rows(rows, self._plan))

    def end(self) -> None:
        return


class _Columns:
    def __init__(
        self, open_writer: Callable[[io.RawIOBase, pyarrow.Schema], _TableWriter], plan: QueryPlan, notice: str | None, write: Write
    ) -> None:
        self._open, self._plan, self._notice = open_writer, plan, notice
        self._sink = _Sink(write)
        self._waiting: list[pyarrow.Table] = []
        self._writer: _TableWriter | None = None

    def add(self, rows: TreatedRows) -> None:
        self._waiting.append(table(rows, self._plan, self._notice))
        if sum(part.num_rows for part in self._waiting) >= ROW_GROUP:
            self._put()

    def end(self) -> None:
        if self._waiting:
            self._put()
        if self._writer is not None:
            self._writer.close()

    def _put(self) -> None:
        group = pyarrow.concat_tables(self._waiting).combine_chunks()
        self._waiting.clear()
        if self._writer is None:
            self._writer = self._open(self._sink, group.schema)
        self._writer.write_table(group)


class _TableWriter(Protocol):
    def write_table(self, table: pyarrow.Table) -> None: ...

    def close(self) -> None: ...


class _Sink(io.RawIOBase):
    """A file to pyarrow that can only be written to its end."""

    def __init__(self, write: Write) -> None:
        super().__init__()
        self._put = write
        self._length = 0

    def writable(self) -> bool:
        return True

    def write(self, content: object) -> int:
        written = self._put(bytes(content))  # type: ignore[call-overload]
        self._length += written
        return int(written)

    def tell(self) -> int:
        return self._length


_WRITERS: Mapping[str, Callable[[io.RawIOBase, pyarrow.Schema], _TableWriter]] = {
    "parquet": lambda sink, schema: pyarrow.parquet.ParquetWriter(sink, schema, compression=COMPRESSION),
    "arrow": pyarrow.ipc.new_stream,
}
