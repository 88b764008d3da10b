"""Index identifiers that were sealed before there were blind indexes, so that they are found like those that come after."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from gateway.catalog.look_up import index_column
from gateway.catalog.model import Catalog, Element
from gateway.domain.identifiers import ElementPath, InstitutionId, ResourceName
from gateway.keys.blind_index import BlindIndex
from gateway.keys.seal import Sealer
from gateway.store.engine import Connection, Database
from gateway.store.key_ring import KeyRing, ProviderKeys
from gateway.store.record_tables import RecordTables
from gateway.store.sealed_rows import SealedRow, Table, place_of, put_values, sealed_rows


def index_identifiers(
    catalog: Catalog, tables: Mapping[ResourceName, RecordTables], database: Database, ring: KeyRing, at: str
) -> None:
    """For each provider that has no key for it yet: make the key and index what is there, in one transaction."""
    with database.read() as connection:
        sealing, indexing = (
            {key.owner for key in ring.stored(connection, "provider", purpose=purpose)} for purpose in ("data", "index")
        )
    for owner in sorted(sealing - indexing):
        provider = InstitutionId(owner)
        with database.write() as connection:
            ring.create_provider_keys(connection, provider, at)
            keys = ring.provider_in(connection, provider)
            for resource in catalog.resources.values():
                index, of_resource = BlindIndex(keys.index.secret, resource.name), tables[resource.name]
                _index(connection, database, of_resource.rows, resource.elements, provider, keys, index)
                for name, collection in resource.stored_collections.items():
                    _index(connection, database, of_resource.members[name], collection.elements, provider, keys, index)


def _index(
    connection: Connection,
    database: Database,
    table: Table,
    elements: Mapping[ElementPath, Element],
    provider: InstitutionId,
    keys: ProviderKeys,
    index: BlindIndex,
) -> None:
    columns = {path: column for path, element in elements.items() if (column := index_column(element)) is not None}
    if not columns:
        return
    sealer = Sealer(keys.data, table.name)

    def indexed(row: SealedRow) -> Mapping[str, object]:
        values = orjson.loads(sealer.unseal(row.sealed, place_of(provider, row)))
        return {column: index.of(path, str(values[path])) if path in values else None for path, column in columns.items()}

    for part in sealed_rows(database, table, "sealed", provider):
        put_values(connection, table, provider, [(row, indexed(row)) for row in part])
