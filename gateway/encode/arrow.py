"""Parquet and Arrow: typed columns named by the elements' paths, collections as lists of structures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow
import pyarrow.parquet

from gateway.domain.query_plan import PlannedElement, QueryPlan
from gateway.domain.rows import TreatedMembers, TreatedRows

# Arrow's own pool keeps for itself what a group of rows took; this server gives it back.
pyarrow.set_memory_pool(pyarrow.system_memory_pool())
NOTICE, COMPRESSION = b"notice", "zstd"
_TYPES: Mapping[str, pyarrow.DataType] = {
    "integer": pyarrow.int64(),
    "number": pyarrow.float64(),
    "boolean": pyarrow.bool_(),
    "date": pyarrow.date32(),
}
"""A moment stays a text: in a source its zone may be another, or none, in each row."""


def parquet(rows: TreatedRows, plan: QueryPlan, notice: str | None) -> bytes:
    """One file with one row group; the notice is `notice` in the metadata of its schema."""
    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(table(rows, plan, notice), sink, compression=COMPRESSION)
    return bytes(sink.getvalue())


def arrow_stream(rows: TreatedRows, plan: QueryPlan, notice: str | None) -> bytes:
    """An IPC stream with one batch; the notice as in `parquet`."""
    records, sink = table(rows, plan, notice), pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, records.schema) as stream:
        stream.write_table(records)
    return bytes(sink.getvalue())


def table(rows: TreatedRows, plan: QueryPlan, notice: str | None) -> pyarrow.Table:
    """The records in typed columns; the schema follows from the plan alone."""
    columns = {
        str(element.path): _column(rows.values[element.path], element) for element in plan.selected if element.collection is None
    }
    for name, members in rows.members.items():
        inside = [element for element in plan.selected if element.collection == name]
        columns[name] = _lists(members, inside, rows.count)
    return pyarrow.table(columns, metadata=None if notice is None else {NOTICE: notice.encode()})


def _column(values: Sequence[object], element: PlannedElement) -> pyarrow.Array:
    kind = _TYPES.get(element.type, pyarrow.string())
    if pyarrow.types.is_date(kind):
        return pyarrow.array(values, pyarrow.string()).cast(kind)
    return pyarrow.array(values, kind)


def _lists(members: TreatedMembers, elements: Sequence[PlannedElement], count: int) -> pyarrow.Array:
    """Each record's members, put in the order of the records, so that a list is where one ends."""
    names = [str(element.path).partition(".")[2] for element in elements]
    inside = pyarrow.StructArray.from_arrays(
        [_column(members.values[name], element) for name, element in zip(names, elements, strict=True)], names
    )
    inside = inside.take(pyarrow.array(sorted(range(len(members.row)), key=members.row.__getitem__), pyarrow.int64()))
    ends = [0] * (count + 1)
    for row in members.row:
        ends[row + 1] += 1
    for at in range(count):
        ends[at + 1] += ends[at]
    return pyarrow.ListArray.from_arrays(pyarrow.array(ends, pyarrow.int32()), inside)
