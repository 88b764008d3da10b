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
    """A rule bound to a header: where its cell stands, and the cell that its condition looks at."""

    index: int
    rule: ColumnRule
    condition: int | None = None

    @property
    def condition_texts(self) -> frozenset[str]:
        return frozenset() if self.rule.when is None else self.rule.when.texts


@dataclass(frozen=True)
class _Bound:
    """A collection bound to a header: the cells of each possible member."""

    rule: CollectionRule
    members: tuple[tuple[_Cell, ...], ...]


@dataclass(frozen=True)
class Mapped:
    """What one row became. It has neither record nor rejection only where it is `passed_over`, because a condition of the source
    file does not hold or it is no row of the resource, or for a repeated group with nothing filled in."""

    records: tuple[RawRecord, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    partial: tuple[RawRecord, ...] = ()
    passed_over: bool = False


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
        self._joined = [(ElementPath(join.element), _indexes(join.columns, header), join.between) for join in rule.joined]
        self._only = [(header.index(condition.column), condition.texts) for condition in rule.only]
        self._collections = [_bind(collection, header) for collection in rule.collections]
        self._constants = {ElementPath(path): text for path, text in rule.constants.items()}
        self._columns = _column_names(rule, None)
        self._repeat_columns = [_column_names(rule, number) for number in rule.repeat or ()]

    def map_row(self, row: FileRow) -> Mapped:
        """The records of one row, or its rejection and what could be read of it."""
        if row.passed_over:
            return Mapped(passed_over=True)
        if not row.cells or len(row.cells) != len(self._header):
            return Mapped(rejections=(self._rejected(row.line, row.fault or self._ragged(row)),))
        if any(row.cells[index].strip() not in texts for index, texts in self._only):
            return Mapped(passed_over=True)
        faults = [] if row.fault is None else [row.fault]
        shared = self._values(row.cells, self._shared, faults) | self._constants
        for path, indexes, between in self._joined:
            shared[path] = between.join(text for index in indexes if (text := self._text(row.cells[index])))
        collections = {bound.rule.name: self._members(row, bound, faults) for bound in self._collections}
        location = Location(self._rule.file, row.line)
        if self._rule.repeat is None:
            return self._judged(RawRecord(self._rule.resource, location, shared, collections, self._columns), faults)
        mapped = Mapped()
        for cells, columns in zip(self._repeats, self._repeat_columns, strict=True):
            own_faults = list(faults)
            own = self._values(row.cells, cells, own_faults)
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
        if bound.rule.each:
            found = [self._values(texts, bound.members[0], faults) for texts in row.members.get(bound.rule.name, ())]
        else:
            found = [self._values(row.cells, cells, faults) for cells in bound.members]
        named = ({str(path): text for path, text in member.items()} for member in found if any(member.values()))
        return tuple({**member, **bound.rule.constants} for member in named)

    def _text(self, cell: str) -> str:
        text = cell.strip()
        return "" if text in self._rule.empty else text

    def _values(self, texts: list[str], cells: tuple[_Cell, ...], faults: list[Fault]) -> dict[ElementPath, str]:
        """Texts by path; a cell that its rule cannot convert is empty and has a fault."""
        values: dict[ElementPath, str] = {}
        for cell in cells:
            text = self._text(texts[cell.index])
            if cell.condition is not None and texts[cell.condition].strip() not in cell.condition_texts:
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
    if rule.split is not None:
        parts = text.split(rule.split.on, rule.split.parts - 1)
        text = parts[rule.split.part].strip() if rule.split.part < len(parts) else ""
        if not text:
            return ""
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
    return tuple(
        _Cell(
            header.index(rule.column if number is None else rule.numbered(number)),
            rule,
            None if rule.when is None else header.index(rule.when.column),
        )
        for rule in rules
    )


def _indexes(columns: tuple[str, ...], header: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(header.index(column) for column in columns)


def _bind(collection: CollectionRule, header: tuple[str, ...]) -> _Bound:
    if collection.each:
        return _Bound(collection, (_cells(collection.columns, tuple(rule.column for rule in collection.columns), None),))
    numbers: Numbers | tuple[None] = (None,) if collection.numbers is None else collection.numbers
    return _Bound(collection, tuple(_cells(collection.columns, header, number) for number in numbers))


def _column_names(rule: ResourceRule, number: int | None) -> Mapping[str, str]:
    """Which column each path comes from; a member of a wide collection names the column with `{n}`."""
    names: dict[str, str] = {}
    for column in rule.columns:
        for path in column.elements:
            names[path] = column.column if number is None else column.numbered(number)
    for join in rule.joined:
        names[join.element] = ", ".join(join.columns)
    for collection in rule.collections:
        for column in collection.columns:
            for path in column.elements:
                names[f"{collection.name}.{path}"] = column.column
    return names
