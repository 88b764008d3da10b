"""Bring a database to the newest schema through Alembic."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData

from gateway.catalog.model import Catalog
from gateway.errors import ConfigurationError
from gateway.store.engine import Database, in_text
from gateway.store.record_tables import build_record_tables
from gateway.store.schema import metadata as fixed


def whole_metadata(catalog: Catalog) -> MetaData:
    """Every table of the gateway in a metadata of its own: the fixed ones and the catalog's."""
    whole = MetaData(naming_convention=fixed.naming_convention)
    for table in fixed.sorted_tables:
        table.to_metadata(whole)
    build_record_tables(catalog, whole)
    return whole


def upgrade(database: Database, scripts: Path, catalog: Catalog) -> None:
    """Run the migrations that are missing, in one transaction."""
    with database.write() as connection:
        command.upgrade(_config(connection, scripts, catalog), "head")


def assert_current(database: Database, scripts: Path) -> None:
    """Raises `ConfigurationError` when the database is not at this program's schema."""
    newest = ScriptDirectory(str(scripts)).get_current_head()
    with database.read() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    if current != newest:
        raise ConfigurationError(
            f"The database has schema {current or 'none'}, this program needs {newest}. Run: gateway db upgrade"
        )


def differences(connection: Connection, catalog: Catalog) -> list[object]:
    """What the tables in the database lack against the catalog and the fixed schema; empty when they agree."""
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    with in_text(connection):
        return list(compare_metadata(context, whole_metadata(catalog)))


def write_revision(database: Database, scripts: Path, catalog: Catalog, message: str) -> None:
    """Generate the next migration from what differs (for the project's own developers)."""
    with database.write() as connection, in_text(connection):
        command.revision(_config(connection, scripts, catalog), message=message, autogenerate=True)


def _config(connection: Connection, scripts: Path, catalog: Catalog) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["metadata"] = whole_metadata(catalog)
    return config
