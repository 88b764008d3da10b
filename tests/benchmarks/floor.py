"""The floor, frozen (decision 24): the same rows read and sent by a route that does nothing else. README.md says why so.

`python -m tests.benchmarks.floor core|driver DATABASE_URL PORT` serves `GET /{case}`, and with `core` `GET /{case}/{record_id}`:
`core` with FastAPI and SQLAlchemy Core (the floor), `driver` with Starlette and the driver's rows (what the floor is held to).
It imports nothing of the gateway, so that no change there moves it.
"""

from __future__ import annotations

import sqlite3
import sys
import threading
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import psycopg
import uvicorn
from fastapi import FastAPI
from sqlalchemy import Date, MetaData, Select, String, Table, bindparam, create_engine, event, or_, select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PAGE = 1_000
JSON = "application/json"
Names = tuple[str, ...]
Row = Sequence[Any]
Read = Callable[[str, int, int], Sequence[Row]]
"""(table, lowest, highest record id) -> its rows of the page, record id first."""


@dataclass(frozen=True)
class Shape:
    """What one case reads: the columns that the permitted view starts from, and those of its child tables; rows whose `scope`, a
    column, is at most a number."""

    provider: str
    resource: str
    table: str
    columns: Names
    children: Mapping[str, tuple[str, Names]] = field(default_factory=dict)
    scope: tuple[str, int] | None = None


SHAPES = {
    "page": Shape(
        "lakeside",
        "candidates",
        "candidates",
        ("record_id", "from_version", "person_id", "sealed"),
        {
            "telephones": ("candidates__telephones", ("record_id", "ordinal", "sealed")),
            "electronicMails": ("candidates__electronic_mails", ("record_id", "ordinal", "sealed")),
        },
    ),
    "page_twelve": Shape(
        "lakeside",
        "fieldworkExperiences",
        "fieldwork_experiences",
        (
            "record_id",
            "from_version",
            "person_id",
            "begin_date",
            "educator_preparation_program_education_organization_id",
            "educator_preparation_program_program_name",
            "educator_preparation_program_program_type_descriptor",
            "school_school_id",
            "student_reference_id",
            "coteaching_coteaching_begin_date",
            "coteaching_coteaching_end_date",
            "end_date",
            "fieldwork_type_descriptor",
            "hours_completed",
        ),
        scope=("school_school_id", 600_135),
    ),
}


def body(shape: Shape, rows: Sequence[Row], children: Mapping[str, Sequence[Row]]) -> bytes:
    """Records as JSON objects, child rows in lists; what is sealed leaves as it stands, in base64."""
    records = _objects(shape.columns, rows)
    for name, found in children.items():
        lists: dict[int, list[object]] = {record["record_id"]: [] for record in records}
        for member in _objects(shape.children[name][1], found):
            lists[member["record_id"]].append(member)
        for record in records:
            record[name] = lists[record["record_id"]]
    return orjson.dumps({"data": records})


def _objects(names: Names, rows: Sequence[Row]) -> list[dict[str, Any]]:
    if names[-1] != "sealed":
        return [dict(zip(names, row, strict=False)) for row in rows]
    return [dict(zip(names, (*row[:-1], b64encode(row[-1]).decode() if row[-1] else None), strict=False)) for row in rows]


def core_app(url: str) -> FastAPI:
    """The floor: a FastAPI route without a response model over SQLAlchemy Core, statements built once."""
    engine = create_engine(url, pool_size=5)
    metadata = MetaData()
    # A date is text in SQLite and in JSON; the way over Python's dates would make the floor higher than it need be.
    if engine.dialect.name == "sqlite":
        event.listen(metadata, "column_reflect", _dates_stay_text)
    versions = Table("resource_head", metadata, autoload_with=engine)
    tables = {
        name: Table(name, metadata, autoload_with=engine)
        for shape in SHAPES.values()
        for name in (shape.table, *(table for table, _ in shape.children.values()))
    }
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_settings)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    else:
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    pages: dict[str, Select[Any]] = {}
    records: dict[str, Select[Any]] = {}
    lists: dict[tuple[str, str], Select[Any]] = {}
    with engine.connect() as connection:
        for case, shape in SHAPES.items():
            rows = tables[shape.table]
            head = select(versions.c.version).where(versions.c.provider_id == shape.provider, versions.c.resource == shape.resource)
            version = connection.execute(head).scalar_one()
            visible = (
                select(*(rows.c[name] for name in shape.columns))
                .where(rows.c.provider_id == shape.provider, rows.c.from_version <= version)
                .where(or_(rows.c.to_version.is_(None), rows.c.to_version > version))
            )
            if shape.scope is not None:
                visible = visible.where(rows.c[shape.scope[0]] <= shape.scope[1])
            pages[case] = visible.order_by(rows.c.record_id).limit(PAGE)
            records[case] = visible.where(rows.c.record_id == bindparam("record"))
            for name, (table, columns) in shape.children.items():
                members = tables[table]
                lists[case, name] = (
                    select(*(members.c[column] for column in columns))
                    .where(members.c.provider_id == shape.provider)
                    .where(members.c.record_id.between(bindparam("first"), bindparam("last")))
                    .order_by(members.c.record_id, members.c.ordinal)
                )
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/{case}")
    def page(case: str) -> Response:
        shape = SHAPES[case]
        with engine.connect() as connection, connection.begin():
            rows = connection.execute(pages[case]).fetchall()
            span = {"first": rows[0][0], "last": rows[-1][0]}
            children = {name: connection.execute(lists[case, name], span).fetchall() for name in shape.children}
        return Response(body(shape, rows, children), media_type=JSON)

    @app.get("/{case}/{record}")
    def one(case: str, record: int) -> Response:
        with engine.connect() as connection, connection.begin():
            rows = connection.execute(records[case], {"record": record}).fetchall()
        return Response(body(SHAPES[case], rows, {}), media_type=JSON)

    return app


def _dates_stay_text(_inspector: object, _table: object, column: dict[str, Any]) -> None:
    if isinstance(column["type"], Date):
        column["type"] = String()


def driver_app(url: str) -> Starlette:
    """What the floor is held to: a Starlette route, the driver's own rows, one connection kept open."""
    transaction, run = _sqlite(url) if url.startswith("sqlite") else _postgresql(url)
    with transaction():
        heads = {
            case: run(
                "SELECT version FROM resource_head WHERE provider_id = ? AND resource = ?",
                (shape.provider, shape.resource),
            )[0][0]
            for case, shape in SHAPES.items()
        }

    def page(request: Request) -> Response:
        case = request.path_params["case"]
        shape, version = SHAPES[case], heads[case]
        scope = "" if shape.scope is None else f"AND {shape.scope[0]} <= {shape.scope[1]} "
        with transaction():
            rows = run(
                f"SELECT {', '.join(shape.columns)} FROM {shape.table} WHERE provider_id = ? AND from_version <= ? "
                f"AND (to_version IS NULL OR to_version > ?) {scope}ORDER BY record_id LIMIT {PAGE}",
                (shape.provider, version, version),
            )
            children = {
                name: run(
                    f"SELECT {', '.join(columns)} FROM {table} WHERE provider_id = ? AND record_id BETWEEN ? AND ? "
                    "ORDER BY record_id, ordinal",
                    (shape.provider, rows[0][0], rows[-1][0]),
                )
                for name, (table, columns) in shape.children.items()
            }
        return Response(body(shape, rows, children), media_type=JSON)

    return Starlette(routes=[Route("/{case}", page)])


Transaction = Callable[[], AbstractContextManager[None]]
Run = Callable[[str, tuple[object, ...]], Sequence[Row]]


def _sqlite(url: str) -> tuple[Transaction, Run]:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), check_same_thread=False, isolation_level=None)
    _sqlite_settings(connection, None)
    turn = threading.Lock()

    @contextmanager
    def transaction() -> Any:
        with turn:
            connection.execute("BEGIN")
            yield
            connection.execute("COMMIT")

    return transaction, lambda sql, values: connection.execute(sql, values).fetchall()


def _postgresql(url: str) -> tuple[Transaction, Run]:
    connection = psycopg.connect(url.replace("+psycopg", ""))
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    turn = threading.Lock()

    @contextmanager
    def transaction() -> Any:
        with turn, connection.transaction():
            yield

    def run(sql: str, values: tuple[object, ...]) -> Sequence[Row]:
        return connection.execute(sql.replace("?", "%s").encode(), values).fetchall()

    return transaction, run


def _sqlite_settings(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
        connection.execute(f"PRAGMA {setting}")


def main(arguments: Sequence[str]) -> None:
    kind, url, port = arguments
    app = core_app(url) if kind == "core" else driver_app(url)
    uvicorn.run(app, host="127.0.0.1", port=int(port), access_log=False, log_level="warning", server_header=False)


if __name__ == "__main__":
    main(sys.argv[1:])
