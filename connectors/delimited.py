"""The connector for CSV and TSV extracts in a folder or a zip."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice

from connectors.base import PAGE_ROWS, Page
from connectors.files import open_file
from connectors.folding import Folding
from connectors.mapping import Mapped, RowMapper
from connectors.rows import FileRow, Table, read_rows
from connectors.source import ResourceRule, Source
from gateway.domain.identifiers import ResourceName
from gateway.domain.rights import RightsKind
from gateway.errors import IngestError

_CHUNK = 1024 * 1024


class DelimitedSource:
    """One source whose records lie in delimited files; see `Connector` for what each method promises."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._lines: dict[str, int] = {}

    def resources(self) -> tuple[ResourceName, ...]:
        return tuple(self._source.resources)

    def pull(self, resource: ResourceName) -> Iterator[Page]:
        yield from self._pull(self._rule(resource))

    def rights(self) -> tuple[tuple[RightsKind, ResourceName], ...]:
        return tuple((kind, resource) for kind, rules in self._source.rights.items() for resource in rules)

    def pull_rights(self, kind: RightsKind, resource: ResourceName) -> Iterator[Page]:
        yield from self._pull(self._source.rights[kind][resource])

    def _pull(self, rule: ResourceRule) -> Iterator[Page]:
        with self._table(rule) as table:
            mapper = RowMapper(rule, table.header)
            yield from _folded_pages(table.rows, mapper, rule) if rule.fold else _pages(table.rows, mapper)

    def rows_in(self, resource: ResourceName) -> int | None:
        """Lines of the file less the header: at least the number of rows, more where a cell spans lines."""
        file = self._rule(resource).file
        if file not in self._lines:
            self._lines[file] = self._count_lines(file)
        return max(0, self._lines[file] - 1)

    def unmapped(self) -> Mapping[str, tuple[str, ...]]:
        """As `Connector.unmapped`; a column that one resource of a file reads or ignores is settled for all of them."""
        by_file: dict[str, list[ResourceRule]] = {}
        for rule in self._source.every_rule():
            by_file.setdefault(rule.file, []).append(rule)
        drift = {file: self._unread(rules) for file, rules in by_file.items()}
        return {file: columns for file, columns in drift.items() if columns}

    def _count_lines(self, file: str) -> int:
        lines = 0
        ended = True
        with open_file(self._source.location, file, self._source.limits) as stream:
            while chunk := stream.read(_CHUNK):
                lines += chunk.count(b"\n")
                ended = chunk.rstrip(b"\x00").endswith(b"\n")
        return lines if ended else lines + 1

    def _unread(self, rules: list[ResourceRule]) -> tuple[str, ...]:
        settled = {name for rule in rules for name in (*rule.header_names(), *rule.ignore)}
        with self._table(rules[0]) as table:
            return tuple(name for name in table.header if name and name not in settled)

    @contextmanager
    def _table(self, rule: ResourceRule) -> Iterator[Table]:
        with (
            open_file(self._source.location, rule.file, self._source.limits) as stream,
            read_rows(stream, rule.file, delimiter=rule.delimiter, encoding=rule.encoding, quoted=rule.quoted) as table,
        ):
            yield table

    def _rule(self, resource: ResourceName) -> ResourceRule:
        rule = self._source.resources.get(resource)
        if rule is None:
            raise IngestError(f"source {self._source.id} has no resource {resource}: add it to the source file")
        return rule


def _pages(rows: Iterable[FileRow], mapper: RowMapper) -> Iterator[Page]:
    batch: list[Mapped] = []
    records = 0
    for row in rows:
        mapped = mapper.map_row(row)
        if len(batch) == PAGE_ROWS or records + len(mapped.records) > PAGE_ROWS:
            yield _page(batch)
            batch, records = [], 0
        batch.append(mapped)
        records += len(mapped.records)
    if batch:
        yield _page(batch)


def _page(batch: list[Mapped], folded: int = 0) -> Page:
    """One page for the rows of a batch, and for `folded` rows beside them."""
    return Page(
        records=tuple(record for mapped in batch for record in mapped.records),
        rejections=tuple(rejection for mapped in batch for rejection in mapped.rejections),
        rows=len(batch) + folded,
        folded=folded,
        blank=sum(not mapped.records and not mapped.rejections for mapped in batch),
        partial=tuple(record for mapped in batch for record in mapped.partial),
    )


def _folded_pages(rows: Iterable[FileRow], mapper: RowMapper, rule: ResourceRule) -> Iterator[Page]:
    """Pages of refused and folded rows as they are met, then pages of the records they were folded into."""
    folding = Folding(rule.fold)
    refused: list[Mapped] = []
    folded = 0
    for row in rows:
        mapped = mapper.map_row(row)
        for record in mapped.records:
            contradiction = folding.add(record)
            if contradiction is not None:
                mapped = Mapped(rejections=(contradiction,), partial=(record,))
        if mapped.rejections:
            refused.append(mapped)
        new = folding.folded - folded
        if len(refused) + new == PAGE_ROWS:
            yield _page(refused, new)
            refused, folded = [], folding.folded
    if refused or folding.folded > folded:
        yield _page(refused, folding.folded - folded)
    records = folding.records()
    while page := tuple(islice(records, PAGE_ROWS)):
        yield Page(page, (), len(page))
