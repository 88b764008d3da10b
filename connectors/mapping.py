"""Map the cells of one row to records in catalog words, by the rule of the source file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.dates import iso_date
from connectors.rows import Fault, FileRow
from connectors.source import CollectionRule, ColumnRule, Numbers, ResourceRule
from gateway.domain.identifiers import ElementPath
from gateway.domain.records import Location, RawRecord, Rejection
from gateway.errors import IngestError


@dataclass(frozen=True)
class _Cell:
    """A rule bound to a header: where its cell stands."""

    index: int
    rule: ColumnRule


@dataclass(frozen=True)
class _Bound:
    """A collection bound to a header: the cells of each possible member."""

    rule: CollectionRule
    members: tuple[tuple[_Cell, ...], ...]


@dataclass(frozen=True)
class Mapped:
    """What one row became. All three are empty only for a repeated group with nothing filled in."""

    records: tuple[RawRecord, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    partial: tuple[RawRecord, ...] = ()


class RowMapper:
    """One resource's rule bound to one file's header.

    Raises IngestError when the header lacks a column that the rule reads.
    """

    def __init__(self, rule: ResourceRule, header: tuple[str, ...]) -> None:
        missing = [name for name in rule.header_names() if name not in header]
        if missing:
            raise IngestError(
                f"{rule.file} has no column {', '.join(missing)}, which {rule.resource} needs: "
                "export it again, or correct the source file"
            )
        self._rule = rule
        self._header = header
        self._shared = _cells(tuple(c for c in rule.columns if not c.is_numbered), header, None)
        repeated = tuple(c for c in rule.columns if c.is_numbered)
        self._repeats = [_cells(repeated, header, number) for number in rule.repeat or ()]
        self._collections = [_bind(collection, header) for collection in rule.collections]
        self._constants = {ElementPath(path): text for path, text in rule.constants.items()}
        self._columns = _column_names(rule, None)
        self._repeat_columns = [_column_names(rule, number) for number in rule.repeat or ()]

    def map_row(self, row: FileRow) -> Mapped:
        """The records of one row, or its rejection and what could be read of it."""
        if not row.cells or len(row.cells) != len(self._header):
            return Mapped(rejections=(self._rejected(row.line, row.fault or self._ragged(row)),))
        faults = [] if row.fault is None else [row.fault]
        shared = self._values(row, self._shared, faults) | self._constants
        collections = {bound.rule.name: self._members(row, bound, faults) for bound in self._collections}
        location = Location(self._rule.file, row.line)
        if self._rule.repeat is None:
            return self._judged(RawRecord(self._rule.resource, location, shared, collections, self._columns), faults)
        mapped = Mapped()
        for cells, columns in zip(self._repeats, self._repeat_columns, strict=True):
            own_faults = list(faults)
            own = self._values(row, cells, own_faults)
            if any(own.values()) or len(own_faults) > len(faults):
                record = RawRecord(self._rule.resource, location, shared | own, collections, columns)
                mapped = _joined(mapped, self._judged(record, own_faults))
        if faults and not mapped.rejections:
            return Mapped(rejections=(self._rejected(row.line, faults[0]),))
        return mapped

    def _judged(self, record: RawRecord, faults: list[Fault]) -> Mapped:
        if not faults:
            return Mapped((record,))
        return Mapped(rejections=(self._rejected(record.location.line, faults[0]),), partial=(record,))

    def _members(self, row: FileRow, bound: _Bound, faults: list[Fault]) -> tuple[Mapping[str, str], ...]:
        members = []
        for cells in bound.members:
            member = self._values(row, cells, faults)
            if any(member.values()):
                members.append({**{str(path): text for path, text in member.items()}, **bound.rule.constants})
        return tuple(members)

    def _values(self, row: FileRow, cells: tuple[_Cell, ...], faults: list[Fault]) -> dict[ElementPath, str]:
        """Texts by path; a cell that its rule cannot convert is empty and has a fault."""
        values: dict[ElementPath, str] = {}
        for cell in cells:
            text = row.cells[cell.index].strip()
            if text in self._rule.empty:
                text = ""
            if text:
                converted = _converted(text, cell)
                if isinstance(converted, Fault):
                    faults.append(converted)
                text = "" if isinstance(converted, Fault) else converted
            for path in cell.rule.elements:
                values[ElementPath(path)] = text
        return values

    def _ragged(self, row: FileRow) -> Fault:
        return Fault("ragged_row", f"the row has {len(row.cells)} cells, the header {len(self._header)}")

    def _rejected(self, line: int, fault: Fault) -> Rejection:
        column = "" if fault.cell is None else self._header[fault.cell]
        return Rejection(self._rule.resource, Location(self._rule.file, line), column, fault.code, fault.reason)


def _joined(left: Mapped, right: Mapped) -> Mapped:
    return Mapped(left.records + right.records, left.rejections + right.rejections, left.partial + right.partial)


def _converted(text: str, cell: _Cell) -> str | Fault:
    rule = cell.rule
    if rule.dates:
        day = iso_date(text, rule.dates)
        if day is None:
            reason = "the cell is not a date in a format that the source file names"
            return Fault("not_a_date", reason, cell.index)
        text = day
    if rule.lookup is not None:
        if text not in rule.lookup:
            return Fault("not_in_lookup", "the cell is not in the lookup table of the source file", cell.index)
        text = rule.lookup[text]
    return rule.prefix + text if text else text


def _cells(rules: tuple[ColumnRule, ...], header: tuple[str, ...], number: int | None) -> tuple[_Cell, ...]:
    return tuple(_Cell(header.index(rule.column if number is None else rule.numbered(number)), rule) for rule in rules)


def _bind(collection: CollectionRule, header: tuple[str, ...]) -> _Bound:
    numbers: Numbers | tuple[None] = (None,) if collection.numbers is None else collection.numbers
    return _Bound(collection, tuple(_cells(collection.columns, header, number) for number in numbers))


def _column_names(rule: ResourceRule, number: int | None) -> Mapping[str, str]:
    """Which column each path comes from; a member of a wide collection names the column with `{n}`."""
    names: dict[str, str] = {}
    for column in rule.columns:
        for path in column.elements:
            names[path] = column.column if number is None else column.numbered(number)
    for collection in rule.collections:
        for column in collection.columns:
            for path in column.elements:
                names[f"{collection.name}.{path}"] = column.column
    return names
