"""Copy a whole gateway's database, to the same or the other backend: same keys, same surrogates, same people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import delete, insert, select

from gateway.catalog.load import load_catalog
from gateway.store.engine import Database, open_database
from gateway.store.migrate import whole_metadata

PAGE = 500


def copy_everything(source: Database, target: Database) -> None:
    """Copy every table's rows into a database that was migrated and never used."""
    with source.read() as origin, target.write() as destination:
        for table in whole_metadata(load_catalog()).sorted_tables:
            if table.name == "state_epoch":
                destination.execute(delete(table))
            rows = [dict(row._mapping) for row in origin.execute(select(table))]
            for start in range(0, len(rows), PAGE):
                destination.execute(insert(table), rows[start : start + PAGE])


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """A database by its address, closed again."""
    database = open_database(url)
    try:
        yield database
    finally:
        database.close()
