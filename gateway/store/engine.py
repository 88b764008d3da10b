"""Open a database so that a commit is durable and a read is one snapshot, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import fcntl
import os
import select
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy
from sqlalchemy import Dialect, Engine, Executable, create_engine, event, text
from sqlalchemy.engine import Compiled, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from gateway.domain.auditing import AuditEntry, AuditEvent
from gateway.errors import ConfigurationError, GatewayError, StorageFailed, Unavailable

Connection = sqlalchemy.Connection
"""What a transaction hands on; modules outside the store name the type through here."""

AppendIn = Callable[[Connection, AuditEvent], AuditEntry]
"""`AuditLog.append_in`, as store writers take it: the entry becomes durable with the writer's own rows."""

SQLITE_BUSY_MILLISECONDS = 10_000
POOL_WAIT_SECONDS = 3.0
TRUSTED_SECONDS = 1.0
"""For so long after it was used a connection is taken to be open still, unless its socket says otherwise."""
LEFT_AT = "gateway:left"
MOST_COMPILED = 64
UNREACHABLE = "The database is out of reach; try again shortly."


class Database:
    """One SQLAlchemy engine with the two kinds of transaction that the gateway uses."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.dialect = engine.dialect.name
        self._turn = threading.Lock()
        file = engine.url.database
        self._lock_file = Path(f"{file}.write.lock") if self.dialect == "sqlite" and file else None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One read-only snapshot. Raises `Unavailable` when the database cannot be reached."""
        with unavailable_when_out_of_reach(), self.engine.connect() as connection:
            if self.dialect == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin(), _never_again_after_a_crash(connection):
                yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One write transaction, committed and synced at the end, rolled back on any error.

        SQLite writers take turns behind a file lock: its own busy back-off is unfair (p99 of 1.3 s with four processes).
        """
        with unavailable_when_out_of_reach(), self._sqlite_turn(), self.engine.connect() as connection:
            connection = connection.execution_options(gateway_write=True)
            with connection.begin(), _never_again_after_a_crash(connection):
                yield connection

    @contextmanager
    def _sqlite_turn(self) -> Iterator[None]:
        if self._lock_file is None:
            yield
            return
        with self._turn:
            try:
                handle = os.open(self._lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError as why:
                raise Unavailable(UNREACHABLE) from why
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                yield
            finally:
                os.close(handle)

    def connections(self) -> tuple[int, int]:
        """How many connections are at work now, and how many there may be."""
        pool = self.engine.pool
        return (pool.checkedout(), pool.size()) if isinstance(pool, QueuePool) else (0, 0)

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def without_waiting(connection: Connection, *, commit: bool = False) -> Iterator[None]:
    """Send the statements of the block one after another without waiting for the outcome of each, where the driver can; an error
    of any of them is raised when the block ends. For statements that return nothing. With `commit` the transaction is committed
    in the same go, and nothing may follow: one round trip less before an answer may leave."""
    if connection.dialect.name != "postgresql":
        yield
        return
    driver: Any = connection.connection.driver_connection
    with driver_errors(connection), driver.pipeline():
        yield
        if commit:
            driver.commit()


def together(connection: Connection, *asked: tuple[Executable, Mapping[str, object]]) -> list[Sequence[Any]]:
    """The rows of several statements, each with its parameters, asked in one round trip where the driver can: where little is read,
    the way to the server and back costs more than the reading. For statements that are built once and select numbers, texts and
    bytes: nobody converts a value."""
    if connection.dialect.name != "postgresql":
        return [connection.execute(statement, bound).fetchall() for statement, bound in asked]
    driver: Any = connection.connection.driver_connection
    compiled = [_compiled(statement, connection.dialect) for statement, _ in asked]
    with driver_errors(connection), driver.pipeline():
        cursors = [
            driver.execute(statement.string, statement.construct_params(bound))
            for statement, (_, bound) in zip(compiled, asked, strict=True)
        ]
        return [cursor.fetchall() for cursor in cursors]


@contextmanager
def in_text(connection: Connection) -> Iterator[None]:
    """Ask for values as texts in the block: PostgreSQL's own tables hold kinds of value that the driver reads only so."""
    if connection.dialect.name != "postgresql":
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.cursor_factory = psycopg.Cursor
    try:
        yield
    finally:
        driver.cursor_factory = _InBinary


@lru_cache(maxsize=MOST_COMPILED)
def _compiled(statement: Any, dialect: Dialect) -> Compiled:
    compiled: Compiled = statement.compile(dialect=dialect)
    return compiled


@contextmanager
def driver_errors(connection: Connection) -> Iterator[None]:
    """Raise what the driver raises past SQLAlchemy as SQLAlchemy does, but without the statement or a value."""
    errors = connection.dialect.loaded_dbapi.Error
    try:
        yield
    except errors as why:
        broken = connection.dialect.is_disconnect(why, connection.connection.driver_connection, None)
        raise DBAPIError.instance(None, None, why, errors, hide_parameters=True, connection_invalidated=broken) from why


@contextmanager
def _never_again_after_a_crash(connection: Connection) -> Iterator[None]:
    """Drop a connection that something unexpected was thrown through: a result left half read keeps SQLite's old snapshot
    open behind the pool's back, and the next writer on it would find the database locked."""
    try:
        yield
    except GatewayError:
        raise
    except BaseException:
        connection.invalidate()
        raise


@contextmanager
def unavailable_when_out_of_reach() -> Iterator[None]:
    """Turn a lost, read-only, full or exhausted database into the one error that callers answer with 503."""
    try:
        yield
    except PoolTimeout as why:
        raise Unavailable(UNREACHABLE) from why
    except DBAPIError as why:
        if (getattr(why.orig, "sqlite_errorname", None) or "").startswith("SQLITE_IOERR"):
            raise StorageFailed(UNREACHABLE) from why
        if _out_of_reach(why):
            raise Unavailable(UNREACHABLE) from why
        raise


def _out_of_reach(why: DBAPIError) -> bool:
    # OperationalError is the DB-API's class for what is not the statement's fault: lost, locked, read-only, full.
    name = type(why).__name__
    sqlstate: str = getattr(why.orig, "sqlstate", None) or ""
    return why.connection_invalidated or name in {"OperationalError", "InterfaceError"} or sqlstate.startswith("25006")


def open_database(url: str, *, pool_size: int = 5, patience: float | None = None) -> Database:
    """Open `sqlite:///file` or `postgresql+psycopg://...`; a PostgreSQL server has `patience` seconds for a statement, for ever
    without. Raises `ConfigurationError` for any other address."""
    try:
        parsed = make_url(url)
    except ArgumentError as why:
        raise ConfigurationError("GATEWAY_DATABASE_URL is not a database address.") from why
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(url, pool_size)
    if parsed.get_backend_name() == "postgresql":
        return _open_postgresql(
            parsed.set(drivername="postgresql+psycopg").render_as_string(hide_password=False), pool_size, patience
        )
    raise ConfigurationError("GATEWAY_DATABASE_URL must start with sqlite:/// or postgresql://.")


def exists(url: str) -> bool:
    """Whether a SQLite file is there, which opening would make; a server's database is taken to be."""
    parsed = make_url(url)
    return parsed.get_backend_name() != "sqlite" or Path(parsed.database or "").is_file()


def _open_sqlite(url: str, pool_size: int) -> Database:
    engine = create_engine(
        url,
        hide_parameters=True,  # an exception's text must not hold a record's value
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        pool_use_lifo=True,  # the connection that was used last has its pages and statements at hand
        connect_args={"check_same_thread": False, "timeout": SQLITE_BUSY_MILLISECONDS / 1000},
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin or commit by itself
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")  # NORMAL loses commits that were acknowledged
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA secure_delete = ON")
        cursor.execute(f"PRAGMA busy_timeout = {SQLITE_BUSY_MILLISECONDS}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("gateway_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return Database(engine)


class _InBinary(psycopg.Cursor[Any]):
    """Asks for values as the server holds them: texts of numbers and bytes would be written there only to be read here."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.format = psycopg.pq.Format.BINARY


def _open_postgresql(url: str, pool_size: int, patience: float | None) -> Database:
    options, limits = "-c timezone=UTC -c datestyle=ISO", {}
    if patience is not None:
        milliseconds = int(patience * 1000)
        # The server gives up a statement, the system a connection that answers nothing any more.
        options, limits = f"{options} -c statement_timeout={milliseconds}", {"tcp_user_timeout": milliseconds}
    engine = create_engine(
        url,
        hide_parameters=True,  # an exception's text must not hold a record's value
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        pool_use_lifo=True,  # the connection that was used last has its pages and statements at hand
        connect_args={"connect_timeout": 3, "options": options, "cursor_factory": _InBinary, **limits},
    )

    @event.listens_for(engine, "checkin")
    def left(_connection: Any, record: Any) -> None:
        record.info[LEFT_AT] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def still_there(connection: Any, record: Any, _proxy: object) -> None:
        # A round trip costs more than the statements of a small page. A server that ended a session has said so on its socket,
        # which is silent otherwise; one that is gone without a word shows only when it is asked.
        fresh = time.monotonic() - record.info.get(LEFT_AT, 0.0) < TRUSTED_SECONDS
        heard = select.poll()
        heard.register(connection, select.POLLIN)
        if fresh and not heard.poll(0):
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as why:
            raise DisconnectionError from why  # the pool opens another one

    @event.listens_for(engine, "checkout")
    def forget_mode(connection: Any, _record: object, _proxy: object) -> None:
        # A read leaves False here, which the driver says as READ WRITE: it would overrule a server that is set to read only,
        # and a standby refuses it as a wish it cannot grant instead of as a write.
        connection.read_only = None

    return Database(engine)


def assert_durable(database: Database) -> None:
    """Refuse to start on a PostgreSQL that acknowledges commits before they are on disk."""
    if database.dialect != "postgresql":
        return
    with database.read() as connection:
        setting = connection.execute(text("SHOW synchronous_commit")).scalar_one()
    if setting == "off":
        raise ConfigurationError("PostgreSQL has synchronous_commit=off: acknowledged audit entries could be lost. Set it to on.")
