"""Connect to a source's database so that nothing can be written, one snapshot is read, and no statement takes for ever."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from connectors.secrets import Secrets, revealed
from connectors.sql_rules import DIALECTS, EXTRAS, SqlConnection
from gateway.errors import ConfigurationError, IngestError

CONNECT_SECONDS = 10
_STARTS = {
    "postgresql": ("SET TRANSACTION READ ONLY", "SET LOCAL statement_timeout = {milliseconds}"),
    "mysql": (
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "SET SESSION max_execution_time = {milliseconds}",
        "START TRANSACTION READ ONLY, WITH CONSISTENT SNAPSHOT",
    ),
    "mariadb": (
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "SET SESSION max_statement_time = {seconds}",
        "START TRANSACTION READ ONLY, WITH CONSISTENT SNAPSHOT",
    ),
    "mssql": ("SET TRANSACTION ISOLATION LEVEL READ COMMITTED", "SET LOCK_TIMEOUT {milliseconds}"),
    "oracle": ("SET TRANSACTION READ ONLY",),
    "sqlite": ("PRAGMA query_only = ON", "BEGIN"),
}
"""What makes a connection read one snapshot and write nothing. SQL Server reads committed rows: a snapshot there is a setting of
the database that a reader cannot count on, and its user is to have no right to write."""


@contextmanager
def reading(connection: SqlConnection, secrets: Secrets) -> Iterator[Engine]:
    """An engine for as long as it is needed. Raises ConfigurationError when the driver is not installed or the URL is none."""
    arguments = _arguments(connection)
    try:
        engine = create_engine(_url(connection, secrets), poolclass=NullPool, connect_args=arguments, hide_parameters=True)
    except (ModuleNotFoundError, NoSuchModuleError):
        extra = EXTRAS.get(connection.dialect, connection.dialect or "mariadb, mssql or oracle")
        raise ConfigurationError(
            f"This database needs a driver that is not installed. Run: pip install 'educator-data-gateway[{extra}]'"
        ) from None
    except ArgumentError:
        raise ConfigurationError("The url of this source is not a database's: write dialect://user:password@host/name.") from None
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def snapshot(engine: Engine, seconds: int) -> Iterator[Connection]:
    """One read-only snapshot in which a statement takes no longer than so many seconds."""
    with engine.connect().execution_options(isolation_level=_level(engine)) as connection:
        for statement in _STARTS[engine.dialect.name]:
            connection.exec_driver_sql(statement.format(seconds=seconds, milliseconds=seconds * 1000))
        if engine.dialect.name == "oracle":
            connection.connection.dbapi_connection.call_timeout = seconds * 1000  # type: ignore[union-attr]
        yield connection
        connection.rollback()


@contextmanager
def refusal(where: str) -> Iterator[None]:
    """What the database refuses, as an error that says what to do and nothing of what it quotes."""
    try:
        yield
    except DBAPIError as why:
        raise IngestError(f"{where}: {_advice(why)}") from None
    except SQLAlchemyError as why:
        kind = type(why).__name__
        raise IngestError(f"{where} cannot be read from the database ({kind}): check table, query and columns.") from None


def _level(engine: Engine) -> str:
    """MySQL and SQLite begin their transactions by the statements above."""
    if engine.dialect.name in ("mysql", "mariadb", "sqlite"):
        return "AUTOCOMMIT"
    return "REPEATABLE READ" if engine.dialect.name == "postgresql" else "READ COMMITTED"


def _url(connection: SqlConnection, secrets: Secrets) -> URL:
    if connection.url is not None:
        return make_url(secrets(connection.url))
    if connection.dialect == "sqlite":
        return URL.create("sqlite", database=f"file:{connection.file}", query={"mode": "ro", "uri": "true"})
    return URL.create(
        DIALECTS[connection.dialect],
        username=revealed(connection.user, secrets) or None,
        password=None if connection.password is None else secrets(connection.password),
        host=connection.host,
        port=connection.port,
        database=connection.name,
        query=dict(connection.options),
    )


def _arguments(connection: SqlConnection) -> dict[str, object]:
    match connection.dialect:
        case "postgresql" | "mariadb" | "mysql":
            return {"connect_timeout": CONNECT_SECONDS}
        case "mssql":
            return {"login_timeout": CONNECT_SECONDS, "timeout": connection.statement_seconds, "read_only": True}
        case "oracle":
            return {"tcp_connect_timeout": CONNECT_SECONDS}
    return {}


def _advice(why: DBAPIError) -> str:
    number = next(iter(getattr(why.orig, "args", ())), "")
    code = number if isinstance(number, int) else getattr(why.orig, "sqlstate", None) or number
    match code:
        case "57014" | 1969 | 3024:
            return "the statement took too long and was ended: narrow it, or raise statement_seconds."
        case "25006" | "0A000" | 1792 | "attempt to write a readonly database":
            return "the statement writes; a source is only read. Correct the query."
        case "42P01" | "42703" | 1146 | 1054:
            return "there is no such table or column: correct table, query or columns."
        case "28P01" | "28000" | 1045:
            return "the database does not know this user and password: check them."
        case "42501" | 1142 | 1044:
            return "this user may not read it: have it granted SELECT."
    if why.connection_invalidated or not code:
        return "the connection was lost or could not be made; check host and port, or sync again."
    known = code if isinstance(code, int) or (isinstance(code, str) and code.isalnum()) else type(why.orig).__name__
    return f"the database refused it ({known}): check host, table, query and columns."
