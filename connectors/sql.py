"""`kind: sql`: a database as a source, through SQLAlchemy; it is read in one read-only snapshot and never written to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import cast

from sqlalchemy import Connection, MetaData, TextClause, func, inspect, select, text
from sqlalchemy import Table as SqlTable
from sqlalchemy.exc import NoSuchTableError
from sqlalchemy.sql import FromClause, Select, column

from connectors.base import PAGE_ROWS, Connector, Page
from connectors.kind import Origin, PlainKind
from connectors.mapped import MappedSource, pages_of_changes
from connectors.place import Place
from connectors.rows import FileRow, Table
from connectors.secrets import Secrets
from connectors.shapes import SQL as SQL_SHAPES
from connectors.source import ResourceRule, Source
from connectors.sql_engine import reading, refusal, snapshot
from connectors.sql_rules import SqlConnection, SqlOrigin, read_connection, read_origin
from connectors.sql_texts import Watermark, earlier, fault_of, text_of
from gateway.domain.identifiers import ResourceName
from gateway.domain.yaml_nodes import Entry, NodeReader
from gateway.errors import IngestError


class SqlKind(PlainKind):
    """`kind: sql`: `database` or `url`; each resource names a `table` or a `query`."""

    members = ("database", "url", "statement_seconds")
    resource_members = ("table", "query", "watermark", "overlap", "deleted")
    shapes = SQL_SHAPES

    def read(self, reader: NodeReader, top: Mapping[str, Entry], place: Place) -> SqlConnection | None:
        return read_connection(reader, top, place)

    def read_origin(self, reader: NodeReader, resource: Entry, entries: Mapping[str, Entry]) -> Origin | None:
        return read_origin(reader, resource, entries)

    def open(self, source: Source, secrets: Secrets) -> Connector:
        return SqlSource(source, secrets)


class SqlSource(MappedSource):
    """One database. Where a resource has a watermark the source is `Incremental` for it; a row that is deleted without a trace is
    only seen by a whole pull."""

    def __init__(self, source: Source, secrets: Secrets) -> None:
        self._database = SqlTables(cast("SqlConnection", source.connection), secrets)
        super().__init__(source, self._database, may_repeat=True)

    def position(self, resource: ResourceName) -> str | None:
        rule = self.rule(resource)
        return self._database.newest(rule) if _origin(rule).watermark else None

    def changes(self, resource: ResourceName, since: str, until: str) -> Iterator[Page]:
        """The rows whose watermark lies behind `since`, less the overlap: a long transaction may commit an earlier time late."""
        rule = self.rule(resource)
        with self._database.window(rule, since, until) as table:
            yield from pages_of_changes(self.watched(table, rule), rule, _origin(rule).deleted)


class SqlTables:
    """The tables of one database, connected to while one is read."""

    def __init__(self, connection: SqlConnection, secrets: Secrets) -> None:
        self._connection = connection
        self._secrets = secrets

    @contextmanager
    def open(self, rule: ResourceRule) -> Iterator[Table]:
        with self._snapshot(rule) as connection:
            yield _table(connection, _everything(connection, rule), rule)

    def rows_in(self, rule: ResourceRule) -> int | None:
        return None

    def names(self) -> Iterator[str]:
        """Every table and view that the user can see."""
        with self._snapshot(None) as connection:
            found = inspect(connection)
            for schema in found.get_schema_names():
                if schema not in ("information_schema", "pg_catalog", "sys", "mysql", "performance_schema"):
                    prefix = "" if schema == found.default_schema_name else f"{schema}."
                    yield from (f"{prefix}{name}" for name in (*found.get_table_names(schema), *found.get_view_names(schema)))

    def newest(self, rule: ResourceRule) -> str | None:
        """The greatest watermark, as text with its type; None in an empty table."""
        with self._snapshot(rule) as connection:
            rows = _rows_of(connection, rule).subquery("source_rows")
            found = connection.execute(select(func.max(rows.c[_name(rows, _origin(rule).watermark, rule)]))).scalar()
        return None if found is None else str(Watermark.of(found, rule))

    @contextmanager
    def window(self, rule: ResourceRule, since: str, until: str) -> Iterator[Table]:
        """The rows between two positions."""
        with self._snapshot(rule) as connection:
            rows = _rows_of(connection, rule).subquery("source_rows")
            mark = rows.c[_name(rows, _origin(rule).watermark, rule)]
            after = earlier(Watermark.read(since), _origin(rule).overlap)
            chosen = select(rows).where(mark > after.value, mark <= Watermark.read(until).value)
            yield _table(connection, chosen, rule)

    @contextmanager
    def _snapshot(self, rule: ResourceRule | None) -> Iterator[Connection]:
        where = "the database" if rule is None else rule.file
        seconds = self._connection.statement_seconds
        with reading(self._connection, self._secrets) as engine, refusal(where), snapshot(engine, seconds) as connection:
            yield connection


def _origin(rule: ResourceRule) -> SqlOrigin:
    return cast("SqlOrigin", rule.origin)


def _everything(connection: Connection, rule: ResourceRule) -> Select[tuple[object, ...]] | TextClause:
    origin = _origin(rule)
    return text(origin.query.replace(":", r"\:")) if origin.query else _rows_of(connection, rule)


def _rows_of(connection: Connection, rule: ResourceRule) -> Select[tuple[object, ...]]:
    """The rows of a table, or of a query as a table."""
    origin = _origin(rule)
    if origin.query:
        bare = text(origin.query.replace(":", r"\:"))
        names = connection.execute(select(text("*")).select_from(bare.columns().subquery("q")).limit(0)).keys()
        return select(bare.columns(*(column(name) for name in names)).subquery("source_query"))
    schema, _, name = origin.table.rpartition(".")
    try:
        return select(SqlTable(name, MetaData(), schema=schema or None, autoload_with=connection))
    except NoSuchTableError:
        raise IngestError(f"The database has no table {origin.table}, or its user may not see it: correct table.") from None


def _name(rows: FromClause, wanted: str, rule: ResourceRule) -> str:
    return tuple(rows.c.keys())[_place(tuple(rows.c.keys()), wanted, rule)]


def _place(names: tuple[str, ...], wanted: str, rule: ResourceRule) -> int:
    """Where a column is: by its exact name, else by the one that differs in case only (Oracle writes all large)."""
    if wanted in names:
        return names.index(wanted)
    alike = [at for at, name in enumerate(names) if name.casefold() == wanted.casefold()]
    if len(alike) != 1:
        raise IngestError(f"{rule.file} has no column {wanted}, which {rule.resource} needs: correct the source file.")
    return alike[0]


def _table(connection: Connection, statement: Select[tuple[object, ...]] | TextClause, rule: ResourceRule) -> Table:
    """The rows of a statement as they are fetched; columns have the names that the rule writes them with."""
    result = connection.execution_options(stream_results=True, yield_per=PAGE_ROWS).execute(statement)
    names = tuple(result.keys())
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise IngestError(f"{rule.file} has the column {twice[0]} twice: name one otherwise in the query.")
    header = list(names)
    for wanted in (*rule.header_names(), *rule.ignore, *(condition.column for condition in _origin(rule).deleted)):
        alike = [at for at, name in enumerate(names) if name.casefold() == wanted.casefold()]
        if wanted not in names and len(alike) == 1:
            header[alike[0]] = wanted

    def rows() -> Iterator[FileRow]:
        for number, found in enumerate(result, start=1):
            cells = [text_of(value) for value in found]
            yield FileRow(number, [cell or "" for cell in cells], fault_of(cells))

    return Table(tuple(header), rows())
