"""Read what a source file says of a database: where it is, and what each resource is read from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from ruamel.yaml.nodes import Node

from connectors.column_rules import read_conditions
from connectors.kind import Origin
from connectors.place import Place
from connectors.place_rules import read_filled, read_path
from connectors.schedule import read_distance
from connectors.secrets import SecretRef, read_secret, read_text_or_secret
from connectors.source import Condition
from gateway.domain.yaml_nodes import Entry, NodeReader

DIALECTS: Mapping[str, str] = {
    "postgresql": "postgresql+psycopg",
    "mariadb": "mariadb+pymysql",
    "mysql": "mysql+pymysql",
    "mssql": "mssql+pymssql",
    "oracle": "oracle+oracledb",
    "sqlite": "sqlite",
}
"""What may stand behind `dialect`, and SQLAlchemy's name of it with its driver."""
EXTRAS: Mapping[str, str] = {"mariadb": "mariadb", "mysql": "mariadb", "mssql": "mssql", "oracle": "oracle"}
"""The extra that brings a dialect's driver; PostgreSQL's and SQLite's are always there."""
_MEMBERS = ("dialect", "host", "port", "name", "user", "password", "file", "options")
_STATEMENT = re.compile(r"\s*(select|with)\b", re.IGNORECASE)
_STRINGS = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
_LARGEST_PORT, _LONGEST_STATEMENT = 65535, 24 * 3600
OVERLAP = timedelta(minutes=10)


@dataclass(frozen=True)
class SqlConnection:
    """A database: its dialect and address, or a whole URL as a secret; how long one statement may take."""

    dialect: str = ""
    host: str = ""
    port: int | None = None
    name: str = ""
    user: SecretRef | str = ""
    password: SecretRef | None = None
    file: Path | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    url: SecretRef | None = None
    statement_seconds: int = 300


@dataclass(frozen=True)
class SqlOrigin:
    """A table (`schema.table`) or a query; the column that tells what changed, how far behind it is read again, and which rows are
    those of records that are gone."""

    table: str = ""
    query: str = ""
    watermark: str = ""
    overlap: timedelta = OVERLAP
    deleted: tuple[Condition, ...] = ()


def read_connection(reader: NodeReader, top: Mapping[str, Entry], place: Place) -> SqlConnection | None:
    """The database of a source file; None when a part is wrong."""
    seconds = 300
    if "statement_seconds" in top:
        seconds = reader.whole(top["statement_seconds"].value, "statement_seconds", 1, _LONGEST_STATEMENT) or seconds
    if ("url" in top) == ("database" in top):
        node = top["url"].key if "url" in top else top["kind"].key
        fix = "write database: {dialect: postgresql, host: .., name: ..}"
        reader.problem(node, "a source of kind sql has either database or url", fix)
        return None
    if "url" in top:
        url = read_secret(reader, top["url"].value, "url", place)
        return None if url is None else SqlConnection(url=url, statement_seconds=seconds)
    return _database(reader, top["database"].value, place, seconds)


def _database(reader: NodeReader, node: Node, place: Place, seconds: int) -> SqlConnection | None:
    entries = reader.entries(node, "database", _MEMBERS, ("dialect",))
    dialect = reader.choice(entries["dialect"].value, "dialect", DIALECTS) if "dialect" in entries else None
    if dialect is None:
        return None
    needed = ("file",) if dialect == "sqlite" else ("host", "name")
    missing = [name for name in needed if name not in entries]
    for name in missing:
        reader.problem(node, f'database lacks "{name}"', f"add {name}:")
    if missing:
        return None
    texts = {name: read_filled(reader, entries[name].value, place, name) for name in ("host", "name") if name in entries}
    port = reader.whole(entries["port"].value, "port", 1, _LARGEST_PORT) if "port" in entries else None
    user: SecretRef | str | None = ""
    if "user" in entries:
        user = read_text_or_secret(reader, entries["user"].value, "user", place)
    password = read_secret(reader, entries["password"].value, "password", place) if "password" in entries else None
    file = read_path(reader, entries["file"].value, place, "file") if "file" in entries else None
    listed = reader.entries(entries["options"].value, "options").values() if "options" in entries else ()
    options = {entry.name: reader.text(entry.value, entry.name) or "" for entry in listed}
    if None in texts.values() or user is None:
        return None
    host, name = texts.get("host") or "", texts.get("name") or ""
    return SqlConnection(dialect, host, port, name, user, password, file, options, None, seconds)


def read_origin(reader: NodeReader, resource: Entry, entries: Mapping[str, Entry]) -> Origin | None:
    """What one resource is read from; None when a part is wrong."""
    if ("table" in entries) == ("query" in entries):
        told = f"resource {resource.name} has either table or query"
        reader.problem(resource.key, told, "write table: NAME, or query: SELECT ..")
        return None
    table = reader.words(entries["table"].value, "table") if "table" in entries else ""
    query = _query(reader, entries["query"].value) if "query" in entries else ""
    watermark = (reader.words(entries["watermark"].value, "watermark") or "") if "watermark" in entries else ""
    overlap = read_distance(reader, entries["overlap"].value, "overlap") if "overlap" in entries else OVERLAP
    deleted = read_conditions(reader, entries["deleted"].value, f"deleted of {resource.name}") if "deleted" in entries else ()
    for name in ("overlap", "deleted"):
        if name in entries and not watermark:
            reader.problem(entries[name].key, f"{name} says something only beside a watermark", "add watermark: COLUMN")
    if table is None or query is None or overlap is None:
        return None
    return Origin(table or resource.name, SqlOrigin(table, query, watermark, overlap, deleted))


def _query(reader: NodeReader, node: Node) -> str | None:
    query = reader.words(node, "query")
    if query is None:
        return None
    bare = _STRINGS.sub(" ", query).strip().rstrip(";")
    if not _STATEMENT.match(bare):
        reader.problem(node, "a query begins with SELECT or WITH", "a source is only read")
        return None
    if ";" in bare:
        reader.problem(node, "a query is one statement", "leave out what stands behind the semicolon")
        return None
    return query.strip().rstrip(";")
