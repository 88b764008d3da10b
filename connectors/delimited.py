"""The connector for CSV and TSV extracts in a folder or a zip."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from connectors.base import PAGE_ROWS, Page
from connectors.files import open_file
from connectors.folding import Folding
from connectors.mapping import RowMapper
from connectors.rows import FileRow, read_rows
from connectors.source import ResourceRule, Source
from gateway.domain.identifiers import ResourceName
from gateway.domain.records import RawRecord, Rejection
from gateway.errors import IngestError

_CHUNK = 1024 * 1024


class DelimitedSource:
    """One source whose records lie in delimited files; see `Connector` for what each method promises."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def resources(self) -> tuple[ResourceName, ...]:
        return tuple(self._source.resources)

    def pull(self, resource: ResourceName) -> Iterator[Page]:
        rule = self._rule(resource)
        with open_file(self._source.location, rule.file, self._source.limits) as stream:
            table = read_rows(stream, rule.file, delimiter=rule.delimiter, encoding=rule.encoding, quoted=rule.quoted)
            mapper = RowMapper(rule, table.header)
            if rule.fold:
                yield from _folded_pages(table.rows, mapper, rule)
            else:
                yield from _pages(table.rows, mapper)

    def rows_in(self, resource: ResourceName) -> int | None:
        """Lines of the file less the header: at least the number of rows, more where a cell spans lines."""
        rule = self._rule(resource)
        lines = 0
        ended = True
        with open_file(self._source.location, rule.file, self._source.limits) as stream:
            while chunk := stream.read(_CHUNK):
                lines += chunk.count(b"\n")
                ended = chunk.rstrip(b"\x00").endswith(b"\n")
        return max(0, lines - (1 if ended else 0))

    def unmapped(self) -> Mapping[str, tuple[str, ...]]:
        """As `Connector.unmapped`; a column that one resource of a file reads or ignores is settled for all of them."""
        by_file: dict[str, list[ResourceRule]] = {}
        for rule in self._source.resources.values():
            by_file.setdefault(rule.file, []).append(rule)
        drift = {file: self._unread(rules) for file, rules in by_file.items()}
        return {file: columns for file, columns in drift.items() if columns}

    def _unread(self, rules: list[ResourceRule]) -> tuple[str, ...]:
        first = rules[0]
        with open_file(self._source.location, first.file, self._source.limits) as stream:
            table = read_rows(
                stream, first.file, delimiter=first.delimiter, encoding=first.encoding, quoted=first.quoted
            )
            settled = {name for rule in rules for name in (*rule.header_names(), *rule.ignore)}
            return tuple(name for name in table.header if name and name not in settled)

    def _rule(self, resource: ResourceName) -> ResourceRule:
        rule = self._source.resources.get(resource)
        if rule is None:
            raise IngestError(f"source {self._source.id} has no resource {resource}: add it to the source file")
        return rule


def _pages(rows: Iterable[FileRow], mapper: RowMapper) -> Iterator[Page]:
    records: list[RawRecord] = []
    rejections: list[Rejection] = []
    count = blank = 0
    for row in rows:
        made, refused = mapper.map_row(row)
        if count == PAGE_ROWS or len(records) + len(made) > PAGE_ROWS:
            yield Page(tuple(records), tuple(rejections), count, blank=blank)
            records, rejections, count, blank = [], [], 0, 0
        records += made
        rejections += refused
        count += 1
        blank += not made and not refused
    if count:
        yield Page(tuple(records), tuple(rejections), count, blank=blank)


def _folded_pages(rows: Iterable[FileRow], mapper: RowMapper, rule: ResourceRule) -> Iterator[Page]:
    """Pages of refused and folded rows as they are met, then pages of the records they were folded into."""
    folding = Folding(rule.fold)
    rejections: list[Rejection] = []
    reported = 0
    for row in rows:
        made, refused = mapper.map_row(row)
        for record in made:
            contradiction = folding.add(record)
            if contradiction is not None:
                refused.append(contradiction)
        rejections += refused
        if len(rejections) + folding.folded - reported == PAGE_ROWS:
            yield Page((), tuple(rejections), PAGE_ROWS, folded=folding.folded - reported)
            rejections, reported = [], folding.folded
    rest = len(rejections) + folding.folded - reported
    if rest:
        yield Page((), tuple(rejections), rest, folded=folding.folded - reported)
    folded = folding.records()
    while page := tuple(islice(folded, PAGE_ROWS)):
        yield Page(page, (), len(page))
