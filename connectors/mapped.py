"""Make a connector out of tables: rows in, records in catalog words out, page by page, by the rules of a source file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import islice
from typing import Protocol

from connectors.base import PAGE_ROWS, Page
from connectors.folding import Folding
from connectors.looking import Look, sampled
from connectors.mapping import Mapped, RowMapper
from connectors.rows import FileRow, Table
from connectors.source import Condition, ResourceRule, Source
from gateway.domain.identifiers import ResourceName
from gateway.domain.rights import RightsKind
from gateway.domain.source_shapes import SeenShape
from gateway.errors import IngestError


class Tables(Protocol):
    """Where the rows of a source come from. This is all that a new kind of source has to write."""

    def open(self, rule: ResourceRule) -> AbstractContextManager[Table]:
        """The rows of one rule's file, table or path, read while the context is open.

        Raises IngestError, now or while the rows are read, when they cannot be read whole.
        """
        ...

    def rows_in(self, rule: ResourceRule) -> int | None:
        """About how many rows there are, for a progress bar; None when that is not cheap to know."""
        ...


class MappedSource:
    """One source whose rows are mapped by its source file; see `Connector` for what each method promises.

    `may_repeat` says that paging through the living source may give a row twice: then the later one counts.
    """

    def __init__(self, source: Source, tables: Tables, *, may_repeat: bool = False) -> None:
        self._source = source
        self._tables = tables
        self._columns: dict[str, set[str]] = {}
        self._looks: dict[ResourceName, Look] = {}
        self._may_repeat = may_repeat

    def resources(self) -> tuple[ResourceName, ...]:
        return tuple(self._source.resources)

    def may_repeat(self) -> bool:
        return self._may_repeat

    def pull(self, resource: ResourceName) -> Iterator[Page]:
        yield from self._pull(self.rule(resource), self.watched)

    def rights(self) -> tuple[tuple[RightsKind, ResourceName], ...]:
        return tuple((kind, resource) for kind, rules in self._source.rights.items() for resource in rules)

    def pull_rights(self, kind: RightsKind, resource: ResourceName) -> Iterator[Page]:
        yield from self._pull(self._source.rights[kind][resource], _unwatched)

    def rows_in(self, resource: ResourceName) -> int | None:
        return self._tables.rows_in(self.rule(resource))

    def unmapped(self) -> Mapping[str, tuple[str, ...]]:
        """As `Connector.unmapped`; a column that one resource of a file reads or ignores is settled for all of them."""
        by_file: dict[str, list[ResourceRule]] = {}
        for rule in self._source.every_rule():
            by_file.setdefault(rule.file, []).append(rule)
        drift = {file: self._unread(rules) for file, rules in by_file.items()}
        return {file: columns for file, columns in drift.items() if columns}

    def seen(self, resource: ResourceName) -> SeenShape | None:
        """As `Observing.seen`."""
        look = self._looks.get(resource)
        return None if look is None else look.shape()

    def watched(self, table: Table, rule: ResourceRule) -> Table:
        """A table of a resource whose rows are looked at while they are read, for `seen`."""
        look = self._looks[rule.resource] = table.look or Look(rule, table.header)
        return table if table.look else replace(table, rows=sampled(table.rows, lambda row: look.row(row.cells)))

    def rule(self, resource: ResourceName) -> ResourceRule:
        """The rule of a resource. Raises IngestError when the source file has none."""
        rule = self._source.resources.get(resource)
        if rule is None:
            raise IngestError(f"source {self._source.id} has no resource {resource}: add it to the source file")
        return rule

    def offers(self) -> Iterator[str]:
        """As `Probing.offers`, where the tables know; else what the source file names."""
        names = getattr(self._tables, "names", None)
        yield from names() if names is not None else (rule.file for rule in self._source.every_rule())

    def sample(self, resource: ResourceName, most: int) -> Mapping[str, Sequence[str]]:
        """As `Probing.sample`."""
        texts: dict[str, list[str]] = {}
        with self._tables.open(self.rule(resource)) as table:
            for row in islice((row for row in table.rows if len(row.cells) == len(table.header)), most):
                for name, cell in zip(table.header, row.cells, strict=True):
                    texts.setdefault(name, []).append(cell)
            names = dict.fromkeys((*table.header, *sorted(table.further)))
        return {name: texts.get(name, []) for name in names if name}

    def _unread(self, rules: list[ResourceRule]) -> tuple[str, ...]:
        settled = {name for rule in rules for name in (*rule.header_names(), *rule.ignore)}
        if rules[0].file not in self._columns:
            with self._tables.open(rules[0]) as table:
                self._columns[rules[0].file] = set(table.header)
        return tuple(sorted(name for name in self._columns[rules[0].file] if name and name not in settled))

    def _pull(self, rule: ResourceRule, watched: Callable[[Table, ResourceRule], Table]) -> Iterator[Page]:
        with self._tables.open(rule) as opened:
            table = watched(opened, rule)
            mapper = RowMapper(rule, table.header)
            yield from _folded_pages(table.rows, mapper, rule) if rule.fold else pages_of(table.rows, mapper)
            self._columns.setdefault(rule.file, set()).update(table.header, table.further)


def _unwatched(table: Table, rule: ResourceRule) -> Table:
    return table


def pages_of(rows: Iterable[FileRow], mapper: RowMapper) -> Iterator[Page]:
    """The pages of rows that are not folded."""
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


def pages_of_changes(table: Table, rule: ResourceRule, deleted: Sequence[Condition]) -> Iterator[Page]:
    """The pages of rows of which some say that their record is gone: by `deleted`, or because the conditions of the source file do
    not hold for them (any more).

    Raises IngestError when the table lacks a column that says so.
    """
    missing = [condition.column for condition in deleted if condition.column not in table.header]
    if missing:
        raise IngestError(f"{rule.file} has no column {missing[0]}, which says in {rule.resource} what is deleted.")
    mapper, whoever = RowMapper(rule, table.header), RowMapper(replace(rule, only=()), table.header)
    gone_where, kept_where = _places(deleted, table), _places(rule.only, table)

    def is_gone(row: FileRow) -> bool:
        if len(row.cells) != len(table.header):
            return False
        return (bool(gone_where) and _hold(gone_where, row)) or not _hold(kept_where, row)

    while rows := list(islice(table.rows, PAGE_ROWS)):
        yield from pages_of((row for row in rows if not is_gone(row)), mapper)
        mapped = [whoever.map_row(row) for row in rows if is_gone(row)]
        yield Page((), (), 0, deleted=tuple(record for found in mapped for record in (*found.records, *found.partial)))


def _places(conditions: Sequence[Condition], table: Table) -> list[tuple[int, frozenset[str]]]:
    return [(table.header.index(condition.column), condition.texts) for condition in conditions]


def _hold(places: list[tuple[int, frozenset[str]]], row: FileRow) -> bool:
    return all(row.cells[at].strip() in texts for at, texts in places)


def _page(batch: list[Mapped], folded: int = 0) -> Page:
    """One page for the rows of a batch, and for `folded` rows beside them."""
    passed_over = sum(mapped.passed_over for mapped in batch)
    return Page(
        records=tuple(record for mapped in batch for record in mapped.records),
        rejections=tuple(rejection for mapped in batch for rejection in mapped.rejections),
        rows=len(batch) + folded,
        folded=folded,
        blank=sum(not mapped.records and not mapped.rejections for mapped in batch) - passed_over,
        partial=tuple(record for mapped in batch for record in mapped.partial),
        passed_over=passed_over,
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
        if mapped.rejections or mapped.passed_over:
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
