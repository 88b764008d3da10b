"""Write many rows of one table through the driver alone: what SQLAlchemy does for each value costs more than the database does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from gateway.store.engine import driver_errors


@dataclass(frozen=True)
class TableRows:
    """Rows of a table: values in the order of the columns' names, a day as ISO text. Columns that are not named are null."""

    table: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[object, ...]]


def write_rows(connection: Connection, new: TableRows) -> None:
    """Insert rows in the connection's transaction."""
    if not new.rows:
        return
    driver: Any = connection.connection.driver_connection
    names = ", ".join(f'"{name}"' for name in new.columns)
    with driver_errors(connection):
        if connection.dialect.name == "postgresql":
            with driver.cursor() as cursor, cursor.copy(f'COPY "{new.table}" ({names}) FROM STDIN') as copy:
                for row in new.rows:
                    copy.write_row(row)
        else:
            marks = ", ".join("?" * len(new.columns))
            driver.executemany(f'INSERT INTO "{new.table}" ({names}) VALUES ({marks})', new.rows)  # noqa: S608 (names of the catalog)
