"""The migrations make exactly the tables that the catalog and the fixed schema describe, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gateway.catalog.load import load_catalog
from gateway.shipped import shipped
from gateway.store.engine import Database
from gateway.store.migrate import assert_current, differences


def test_the_migrated_database_has_no_difference_to_the_catalog(database: Database) -> None:
    assert_current(database, shipped("migrations"))
    with database.read() as connection:
        assert differences(connection, load_catalog()) == []


@pytest.mark.parametrize("table", ["audit_entry", "audit_node"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET log_id = 2", "DELETE FROM {}"])
def test_the_database_refuses_to_change_the_log(database: Database, table: str, statement: str) -> None:
    with database.write() as connection:
        connection.execute(text("INSERT INTO audit_entry VALUES (1, 0, 'e', :leaf, :leaf)"), {"leaf": b"x" * 32})
        connection.execute(text("INSERT INTO audit_node VALUES (1, 1, 0, :leaf)"), {"leaf": b"x" * 32})
    with pytest.raises(DBAPIError, match="append-only"), database.write() as connection:
        connection.execute(text(statement.format(table)))
