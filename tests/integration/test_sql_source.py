"""Databases as sources, real ones: SQLite, PostgreSQL and MariaDB are read in one snapshot and never written to."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text

from connectors.base import Incremental, Page
from connectors.kinds import open_source
from connectors.secrets import SecretRef
from connectors.source import Source
from gateway.catalog.load import load_catalog
from gateway.cli.source.files import read_source
from gateway.domain.identifiers import ElementPath, ResourceName
from gateway.errors import ConfigurationError, FileErrors, IngestError
from tests.databases import empty_postgres
from tests.mariadb import NAME, PASSWORD, USER, mariadb_programs, mariadb_server

CANDIDATES = ResourceName("candidates")
CATALOG = load_catalog()
TABLE = """CREATE TABLE people (id varchar(20) PRIMARY KEY, {first} varchar(75), born date, tuition decimal(10, 2),
    hispanic {flag}, gone varchar(3), changed {time})"""
COLUMNS = "{ID: candidateIdentifier, First: firstName, born: birthDate, tuition: tuitionCost, hispanic: hispanicLatinoEthnicity}"


@dataclass(frozen=True)
class Database:
    """A database that a source file can name, and an engine of its owner to fill it with."""

    dialect: str
    connection: str
    engine: Engine
    secret: str = ""

    def put(self, identifier: str, first: str, changed: str, gone: str = "") -> None:
        row = {"i": identifier, "f": first, "c": changed, "g": gone}
        name = '"First"' if self.dialect == "postgresql" else "First"
        with self.engine.begin() as connection:
            connection.execute(text("DELETE FROM people WHERE id = :i"), row)
            columns = f"id, {name}, born, tuition, hispanic, gone, changed"
            yes = "true" if self.dialect == "postgresql" else "1"
            connection.execute(text(f"INSERT INTO people ({columns}) VALUES (:i, :f, '2001-02-03', 1200.50, {yes}, :g, :c)"), row)


@pytest.fixture(scope="module")
def mariadb() -> Iterator[int]:
    programs = mariadb_programs()
    if programs is None:
        pytest.skip("needs MariaDB's server programs (mariadbd, mariadb-install-db)")
    with mariadb_server(programs) as port:
        yield port


@pytest.fixture(params=("sqlite", "postgresql", "mariadb"))
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        file = tmp_path / "sis.db"
        engine = create_engine(f"sqlite:///{file}")
        found = Database("sqlite", f"database: {{dialect: sqlite, file: {file}}}", engine)
        yield from filled(found)
    elif request.param == "postgresql":
        with empty_postgres(request.getfixturevalue("postgres_server")) as url:
            engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
            yield from filled(Database("postgresql", "url: {env: URL}", engine, url.replace("postgresql:", "postgresql+psycopg:")))
    else:
        port = request.getfixturevalue("mariadb")
        engine = create_engine(f"mariadb+pymysql://{USER}@127.0.0.1:{port}/{NAME}", connect_args={"password": PASSWORD})
        connection = (
            f"database: {{dialect: mariadb, host: 127.0.0.1, port: {port}, name: {NAME}, user: {USER}, password: {{env: P}}}}"
        )
        yield from filled(Database("mariadb", connection, engine, PASSWORD))


def filled(database: Database) -> Iterator[Database]:
    names = {"first": '"First"' if database.dialect == "postgresql" else "First"}
    types = {"flag": "boolean", "time": "varchar(40)" if database.dialect == "sqlite" else "timestamp"}
    with database.engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS people"))
        connection.execute(text(TABLE.format(**names, **types)))
    database.put("1", "Zoë", "2026-01-01 10:00:00")
    database.put("2", "Bo", "2026-01-02 10:00:00")
    database.put("3", "", "2026-01-03 10:00:00")
    yield database
    database.engine.dispose()


def opened(database: Database, folder: Path, resource: str, more: str = "", columns: str = COLUMNS) -> Any:
    text_ = f"""version: 1
id: sis
provider: lakeside
maintainer: {{kind: epp}}
kind: sql
{database.connection}
{more}
resources:
  candidates: {{{resource}, columns: {columns}}}
"""
    return open_source(read(folder, text_), lambda _: database.secret)


def read(folder: Path, content: str) -> Source:
    file = folder / "sis.source.yaml"
    file.write_text(content, encoding="utf-8")
    return read_source(file, CATALOG, {})


def elements(pages: Iterator[Page]) -> list[Mapping[ElementPath, str]]:
    found = list(pages)
    assert not any(page.unaccounted() or page.rejections for page in found)
    return [record.elements for page in found for record in page.records]


def test_a_table_gives_texts_in_the_catalogs_spelling(database: Database, tmp_path: Path) -> None:
    source = opened(database, tmp_path, "table: people")
    found = {row[ElementPath("candidateIdentifier")]: row for row in elements(source.pull(CANDIDATES))}
    flag = "true" if database.dialect == "postgresql" else "1" if database.dialect == "mariadb" else "true"
    assert dict(found["1"]) == {
        "candidateIdentifier": "1",
        "firstName": "Zoë",
        "birthDate": "2001-02-03",
        "tuitionCost": "1200.50" if database.dialect != "sqlite" else found["1"][ElementPath("tuitionCost")],
        "hispanicLatinoEthnicity": flag,
    }
    assert set(found) == {"1", "2", "3"}
    assert source.unmapped() == {"people": ("changed", "gone")}
    assert list(source.offers()) == ["people"]


def test_a_query_gives_the_same_rows_and_may_hold_a_colon(database: Database, tmp_path: Path) -> None:
    first = '"First"' if database.dialect == "postgresql" else "First"
    query = f"SELECT id, {first} AS first, ''x:y'' AS note FROM people WHERE gone <> '':never'' ORDER BY id"
    source = opened(
        database, tmp_path, f"query: '{query}'", columns="{id: candidateIdentifier, First: firstName, note: lastSurname}"
    )
    assert [row[ElementPath("lastSurname")] for row in elements(source.pull(CANDIDATES))] == ["x:y"] * 3


def test_pulled_twice_the_pages_are_the_same(database: Database, tmp_path: Path) -> None:
    source = opened(database, tmp_path, "table: people")
    assert list(source.pull(CANDIDATES)) == list(source.pull(CANDIDATES))


def test_with_a_watermark_only_what_changed_is_read_again(database: Database, tmp_path: Path) -> None:
    source = opened(database, tmp_path, "table: people, watermark: changed, deleted: {gone: 'yes'}, overlap: 1h")
    assert isinstance(source, Incremental)
    since = source.position(CANDIDATES)
    assert since is not None
    database.put("2", "Bob", "2026-01-05 10:00:00")
    database.put("3", "", "2026-01-06 10:00:00", "yes")
    until = source.position(CANDIDATES)
    assert until is not None
    pages = list(source.changes(CANDIDATES, since, until))
    assert [row[ElementPath("firstName")] for row in elements(iter(pages))] == ["Bob"]
    assert [record.elements[ElementPath("candidateIdentifier")] for page in pages for record in page.deleted] == ["3"]
    database.put("1", "Zoe", "2026-01-06 09:30:00")
    again = elements(source.changes(CANDIDATES, until, until))
    assert [row[ElementPath("firstName")] for row in again] == ["Zoe"], (
        "a transaction that commits an earlier time late is not lost"
    )


def test_without_a_watermark_there_is_no_position_and_in_an_empty_table_neither(database: Database, tmp_path: Path) -> None:
    assert opened(database, tmp_path, "table: people").position(CANDIDATES) is None
    with database.engine.begin() as connection:
        connection.execute(text("DELETE FROM people"))
    assert opened(database, tmp_path, "table: people, watermark: changed").position(CANDIDATES) is None


@pytest.mark.parametrize(
    ("resource", "told"),
    [
        ("table: nothing", "no table nothing"),
        ("query: 'SELECT nothing FROM people'", "no such table or column|refused it|cannot be read"),
        ("table: people, watermark: nothing", "no column nothing"),
        ("table: people, watermark: id", "watermark"),
    ],
)
def test_what_is_not_there_is_told(database: Database, tmp_path: Path, resource: str, told: str) -> None:
    source = opened(database, tmp_path, resource)
    with pytest.raises(IngestError, match=told):
        (source.position(CANDIDATES), *source.pull(CANDIDATES))


def test_a_query_that_writes_is_refused_by_the_database(database: Database, tmp_path: Path) -> None:
    if database.dialect != "postgresql":
        pytest.skip("only PostgreSQL can write inside a query that begins with WITH")
    query = "WITH gone AS (DELETE FROM people RETURNING id) SELECT id FROM gone"
    source = opened(database, tmp_path, f"query: '{query}'", columns="{id: candidateIdentifier}")
    with pytest.raises(IngestError, match="a source is only read"):
        list(source.pull(CANDIDATES))
    assert len(elements(opened(database, tmp_path, "table: people").pull(CANDIDATES))) == 3


def test_a_statement_that_takes_too_long_is_ended(database: Database, tmp_path: Path) -> None:
    if database.dialect == "sqlite":
        pytest.skip("SQLite has no time limit for a statement")
    sleep = "pg_sleep(30)" if database.dialect == "postgresql" else "SLEEP(30)"
    query = f"SELECT id, CAST({sleep} AS char(9)) AS zz FROM people"
    source = opened(database, tmp_path, f"query: '{query}'", "statement_seconds: 1", columns="{id: candidateIdentifier}")
    with pytest.raises(IngestError, match="took too long"):
        list(source.pull(CANDIDATES))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_connection_that_is_killed_in_mid_read_ends_nothing_quietly(database: Database, tmp_path: Path) -> None:
    if database.dialect == "sqlite":
        pytest.skip("SQLite has no connection to kill")
    many = "generate_series(1, 200000) AS g(n)" if database.dialect == "postgresql" else "seq_1_to_200000"
    column = "n" if database.dialect == "postgresql" else "seq"
    query = f"SELECT {column} AS id, {column} AS zz FROM {many}"
    source = opened(database, tmp_path, f"query: '{query}'", columns="{id: candidateIdentifier}")
    pages = source.pull(CANDIDATES)
    next(pages)
    kill = {
        "postgresql": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND datname = current_database()",
        "mariadb": "SELECT GROUP_CONCAT(id) FROM information_schema.processlist WHERE id <> CONNECTION_ID()",
    }[database.dialect]
    with database.engine.connect() as connection:
        ids = connection.execute(text(kill)).scalars().all()[0]
        if database.dialect == "mariadb":
            for number in str(ids).split(","):
                connection.execute(text(f"KILL {number}"))
    with pytest.raises(IngestError, match=r"connection was lost|refused it"):
        list(pages)
    gc.collect()  # PyMySQL's cursor complains of its dead connection when it is collected


def test_a_wrong_password_is_told_without_it(database: Database, tmp_path: Path) -> None:
    if database.dialect != "mariadb":
        pytest.skip("this run's PostgreSQL trusts everybody, SQLite has no passwords")
    wrong = Database(database.dialect, database.connection, database.engine, "hunter2")
    with pytest.raises(IngestError, match="does not know this user and password") as told:
        list(opened(wrong, tmp_path, "table: people").pull(CANDIDATES))
    assert "hunter2" not in str(told.value)


HEAD = "version: 1\nid: sis\nprovider: lakeside\nmaintainer: {kind: epp}\nkind: sql\n"


@pytest.mark.parametrize(
    ("text_", "told"),
    [
        ("database: {dialect: db2, host: h, name: n}\nresources: {}\n", '"db2" is not a dialect'),
        ("database: {dialect: postgresql}\nresources: {}\n", 'database lacks "host"'),
        ("database: {dialect: postgresql, host: h, name: n, password: hunter2}\nresources: {}\n", "password must say where"),
        ("resources: {}\n", "either database or url"),
        ("url: {env: U}\nresources: {candidates: {columns: {}}}\n", "either table or query"),
        ("url: {env: U}\nresources: {candidates: {query: 'DELETE FROM x', columns: {}}}\n", "begins with SELECT"),
        ("url: {env: U}\nresources: {candidates: {query: 'SELECT 1; DROP TABLE x', columns: {}}}\n", "one statement"),
        ("url: {env: U}\nresources: {candidates: {table: x, overlap: 5m, columns: {}}}\n", "beside a watermark"),
    ],
)
def test_a_mistake_in_a_source_file_is_told_with_its_place(tmp_path: Path, text_: str, told: str) -> None:
    with pytest.raises(FileErrors) as caught:
        read(tmp_path, HEAD + text_)
    assert told in str(caught.value.problems[0])
    assert "hunter2" not in str(caught.value.problems)


def test_a_driver_that_is_not_installed_is_named_by_its_extra(tmp_path: Path) -> None:
    content = (
        HEAD
        + "database: {dialect: oracle, host: h, name: n}\nresources: {candidates: {table: x, columns: {id: candidateIdentifier}}}\n"
    )
    source = open_source(read(tmp_path, content), lambda _: "")
    with pytest.raises(ConfigurationError, match=r"educator-data-gateway\[oracle\]"):
        list(source.pull(CANDIDATES))


def test_a_secret_url_that_is_none_is_told(tmp_path: Path) -> None:
    def secrets(_: SecretRef) -> str:
        return "not a url"

    source = open_source(
        read(tmp_path, HEAD + "url: {env: U}\nresources: {candidates: {table: x, columns: {id: firstName}}}\n"), secrets
    )
    with pytest.raises(ConfigurationError, match="is not a database's"):
        list(source.pull(CANDIDATES))
