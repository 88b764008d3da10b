"""The record tables, derived from the catalog: one table of row versions a resource, one child table a collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeEngine

from gateway.catalog.load import sql_name
from gateway.catalog.look_up import index_column
from gateway.catalog.model import Catalog, Collection, Element, Resource, person_column
from gateway.domain.identifiers import ResourceName
from gateway.keys.blind_index import DIGEST_BYTES

LONG_TEXT = 1000


@dataclass(frozen=True)
class RecordTables:
    """The tables of one resource: row versions, and the members of each collection by collection name."""

    resource: Resource
    rows: Table
    members: Mapping[str, Table]


Tables = Mapping[ResourceName, RecordTables]


def build_record_tables(catalog: Catalog, metadata: MetaData) -> Mapping[ResourceName, RecordTables]:
    """Declare every resource's tables on `metadata` (once for one metadata)."""
    return MappingProxyType({name: _tables(resource, metadata) for name, resource in catalog.resources.items()})


def _tables(resource: Resource, metadata: MetaData) -> RecordTables:
    rows = Table(
        resource.table,
        metadata,
        Column("provider_id", String(64), primary_key=True),
        Column("record_id", BigInteger, primary_key=True),
        Column("from_version", BigInteger, primary_key=True),
        Column("to_version", BigInteger),
        Column("source_id", String(128), nullable=False),
        Column("source_key", LargeBinary(32), nullable=False),
        Column("maintainer", String(32), nullable=False),
        Column("content", LargeBinary(32), nullable=False),
        *_person_columns(resource),
        *(Column(reference.column, BigInteger) for reference in resource.references.values()),
        *(Column(element.column, _type(element)) for element in resource.elements.values() if _has_column(element)),
        *([Column("sealed", LargeBinary)] if any(element.sealed for element in resource.elements.values()) else []),
        *_index_columns(resource.elements.values()),
    )
    _index_each(rows, resource.elements.values())
    Index(f"ix_{resource.table}_ends", rows.c.provider_id, rows.c.to_version, rows.c.record_id)
    Index(sql_name(f"ix_{resource.table}_begins"), rows.c.provider_id, rows.c.from_version, rows.c.record_id)
    members = {name: _member_table(collection, metadata) for name, collection in resource.stored_collections.items()}
    return RecordTables(resource, rows, MappingProxyType(members))


def _member_table(collection: Collection, metadata: MetaData) -> Table:
    table = Table(
        collection.table,
        metadata,
        Column("provider_id", String(64), primary_key=True),
        Column("record_id", BigInteger, primary_key=True),
        Column("from_version", BigInteger, primary_key=True),
        Column("ordinal", Integer, primary_key=True),
        *(Column(element.column, _type(element)) for element in collection.elements.values() if _has_column(element)),
        *([Column("sealed", LargeBinary)] if any(element.sealed for element in collection.elements.values()) else []),
        *_index_columns(collection.elements.values()),
    )
    _index_each(table, collection.elements.values())
    return table


def _index_columns(elements: Iterable[Element]) -> list[Column[object]]:
    """The blind indexes of sealed elements."""
    return [Column(name, LargeBinary(DIGEST_BYTES)) for element in elements if (name := index_column(element)) is not None]


def _index_each(table: Table, elements: Iterable[Element]) -> None:
    for element in elements:
        name = index_column(element)
        if name is not None:
            Index(sql_name(f"ix_{table.name}_{name}"), table.c.provider_id, table.c[name])


def _person_columns(resource: Resource) -> list[Column[object]]:
    """The first person is the row's `person_id`; a row about nobody has none."""
    columns: list[Column[object]] = []
    for role in resource.persons:
        columns.append(Column(person_column(resource, role), BigInteger, nullable=False))
        columns.append(Column(f"{role}_subject", String(16), nullable=False))
    return columns


def _has_column(element: Element) -> bool:
    return not element.sealed and element.sensitivity != "prohibited"


def _type(element: Element) -> TypeEngine[Any]:
    match element.type:
        case "integer":
            return BigInteger()
        case "number":
            return Float(53)
        case "boolean":
            return Boolean()
        case "date":
            return Date()
        case _:
            return String(element.max_length) if element.max_length and element.max_length <= LONG_TEXT else Text()
