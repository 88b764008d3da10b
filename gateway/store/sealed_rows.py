"""The SQL of everything that lies sealed of a provider, of one table part by part: to seal it again, and to index it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy
from sqlalchemy import BindParameter, ColumnElement, Connection, bindparam, select, tuple_, update

from gateway.domain.identifiers import InstitutionId
from gateway.store.engine import Database

Table = sqlalchemy.Table
"""What `sealed_rows` walks; modules outside the store name the type through here."""

PROVIDER = "provider_id"
AT_ONCE = 500
"""Rows of one part, and of one write transaction: other writers wait no longer than for these."""
KEY, BEFORE = "key_", "before"


@dataclass(frozen=True, repr=False)
class SealedRow:
    """What lies sealed in one row; `key` are the columns of the table's key after the provider's, in order."""

    key: tuple[object, ...]
    sealed: bytes


def sealed_rows(database: Database, table: Table, column: str, provider: InstitutionId) -> Iterator[Sequence[SealedRow]]:
    """Every row of a provider in which something lies sealed, in parts, each in a snapshot of its own and in the order of keys."""
    keys = _keys(table)
    names = [table.c[name] for name in keys]
    statement = (
        select(*names, table.c[column])
        .where(table.c[PROVIDER] == provider, table.c[column].is_not(None))
        .order_by(*names)
        .limit(AT_ONCE)
    )
    after: tuple[object, ...] | None = None
    while True:
        following = statement if after is None else statement.where(tuple_(*names) > tuple_(*after))
        with database.read() as connection:
            rows = [SealedRow(tuple(key), bytes(sealed)) for *key, sealed in connection.execute(following)]
        if not rows:
            return
        yield rows
        after = rows[-1].key


def seal_again(
    connection: Connection, table: Table, column: str, provider: InstitutionId, rows: Sequence[tuple[SealedRow, bytes]]
) -> None:
    """Put these blobs in the place of what was read; a row that is another by now, or gone, is left alone."""
    statement = update(table).where(*_this_row(table), table.c[column] == bindparam(BEFORE)).values({column: bindparam("after")})
    connection.execute(statement, [_key_of(table, provider, row) | {BEFORE: row.sealed, "after": sealed} for row, sealed in rows])


def put_values(
    connection: Connection, table: Table, provider: InstitutionId, rows: Sequence[tuple[SealedRow, Mapping[str, object]]]
) -> None:
    """Put values into other columns of these rows, the same columns of each."""
    values: dict[str, BindParameter[Any]] = {name: bindparam(f"value_{name}") for name in rows[0][1]}
    statement = update(table).where(*_this_row(table)).values(values)
    connection.execute(
        statement,
        [_key_of(table, provider, row) | {f"value_{name}": value for name, value in given.items()} for row, given in rows],
    )


def place_of(provider: InstitutionId, row: SealedRow) -> str:
    """What the sealed values of a record's row are bound to."""
    return "|".join((provider, *map(str, row.key)))


def newest_row(
    connection: Connection, table: Table, column: str, number: int, provider: InstitutionId, version: int
) -> Mapping[str, Any] | None:
    """The newest row up to a version in which a column holds a record's number, of a record that is gone too."""
    found = connection.execute(
        select(table)
        .where(table.c[PROVIDER] == provider, table.c[column] == number, table.c.from_version <= version)
        .order_by(table.c.from_version.desc())
        .limit(1)
    ).one_or_none()
    return None if found is None else dict(found._mapping)


def _keys(table: Table) -> list[str]:
    return [column.name for column in table.primary_key if column.name != PROVIDER]


def _this_row(table: Table) -> list[ColumnElement[bool]]:
    return [table.c[name] == bindparam(KEY + name) for name in (PROVIDER, *_keys(table))]


def _key_of(table: Table, provider: InstitutionId, row: SealedRow) -> dict[str, object]:
    return {KEY + PROVIDER: provider} | {KEY + name: value for name, value in zip(_keys(table), row.key, strict=True)}
