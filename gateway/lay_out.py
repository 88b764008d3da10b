"""Lay out: identified records as the rows that are stored. What may stand in a column does; what must not is sealed in one text a
row, and beside it stand the blind indexes of what may be looked up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import orjson

from gateway.catalog.look_up import index_column
from gateway.catalog.model import Element, person_column
from gateway.domain.access import Scalar
from gateway.domain.identifiers import ElementPath, InstitutionId, PersonId
from gateway.domain.records import EducationRecord
from gateway.keys.blind_index import BlindIndex
from gateway.keys.seal import Sealer
from gateway.store.key_ring import ProviderKeys
from gateway.store.record_tables import RecordTables
from gateway.store.registry import Registered
from gateway.store.write_rows import TableRows


@dataclass(frozen=True)
class Provenance:
    """Whose records these are: facts of the source that decide which law holds.

    `subjects` says for each person role which subject type the source's rows have.
    """

    provider: InstitutionId
    source: str
    maintainer: str
    subjects: Mapping[str, str]


@dataclass(frozen=True)
class Identified:
    """A record, the registry's key and surrogate of it and of what it refers to, the people it is about, and the digest of all that
    is stored of it."""

    record: EducationRecord
    source_key: bytes
    own: Registered
    references: Mapping[str, Registered | None]
    persons: Mapping[str, PersonId]
    content: bytes


class Layout:
    """The rows of one resource under a provider's keys; of a record only the elements in `stored`."""

    def __init__(self, tables: RecordTables, provenance: Provenance, keys: ProviderKeys, stored: frozenset[ElementPath]) -> None:
        resource = tables.resource
        index = BlindIndex(keys.index.secret, resource.name)
        own = [element for path, element in resource.elements.items() if path in stored]
        self._tables = tables
        self._provenance = provenance
        self._own = _Columns(own, "", index, Sealer(keys.data, tables.rows.name))
        self._members = {
            name: _Columns(collection.elements.values(), f"{name}.", index, Sealer(keys.data, collection.table))
            for name, collection in resource.stored_collections.items()
        }
        self._names = (
            *("provider_id", "record_id", "from_version", "source_id", "source_key", "maintainer", "content"),
            *(name for role in resource.persons for name in (person_column(resource, role), f"{role}_subject")),
            *(reference.column for reference in resource.references.values()),
            *self._own.names,
        )

    def rows(self, items: Sequence[Identified], version: int) -> list[TableRows]:
        """The rows of these records as of a version, by table."""
        provider, resource = self._provenance.provider, self._tables.resource
        own: list[tuple[object, ...]] = []
        members: dict[str, list[tuple[object, ...]]] = {name: [] for name in self._members}
        for item in items:
            record, number = item.record, item.own.record
            place = f"{provider}|{number}|{version}"
            facts: list[object] = [provider, number, version, self._provenance.source, item.source_key]
            facts += self._provenance.maintainer, item.content
            for role in resource.persons:
                facts += item.persons[role], self._provenance.subjects[role]
            for name in resource.references:
                target = item.references[name]
                facts.append(None if target is None else target.record)
            own.append((*facts, *self._own.values(cast("Mapping[str, Scalar]", record.elements), place)))
            for name, listed in record.collections.items():
                columns = self._members[name]
                for ordinal, member in enumerate(listed):
                    values = columns.values(member, f"{place}|{ordinal}")
                    members[name].append((provider, number, version, ordinal, *values))
        return [
            TableRows(self._tables.rows.name, self._names, own),
            *(
                TableRows(
                    self._tables.members[name].name,
                    ("provider_id", "record_id", "from_version", "ordinal", *self._members[name].names),
                    rows,
                )
                for name, rows in members.items()
            ),
        ]


class _Columns:
    """The elements of one table: which value goes where. `prefix` is what paths have before them that values do not."""

    def __init__(self, elements: Iterable[Element], prefix: str, index: BlindIndex, sealer: Sealer) -> None:
        stored = [(element.path.removeprefix(prefix), element) for element in elements if element.sensitivity != "prohibited"]
        plain = [(inside, element) for inside, element in stored if not element.sealed]
        self._plain = tuple(inside for inside, _ in plain)
        self._sealed = tuple((inside, element.path) for inside, element in stored if element.sealed)
        looked_up = [(inside, element.path, column) for inside, element in stored if (column := index_column(element)) is not None]
        self._looked_up = tuple((inside, path) for inside, path, _ in looked_up)
        self._index = index
        self._sealer = sealer
        self.names = (
            *(element.column for _, element in plain),
            *(("sealed",) if self._sealed else ()),
            *(column for _, _, column in looked_up),
        )

    def values(self, values: Mapping[str, Scalar], place: str) -> list[object]:
        """In the order of `names`; `place` is what the sealed text is bound to."""
        get = values.get
        found: list[object] = [get(inside) for inside in self._plain]
        if self._sealed:
            sealed = {path: value for inside, path in self._sealed if (value := get(inside)) is not None}
            found.append(self._sealer.seal(orjson.dumps(sealed), place) if sealed else None)
        for inside, path in self._looked_up:
            value = get(inside)
            found.append(None if value is None else self._index.of(path, str(value)))
        return found
