"""Know people: who is named in a provider's records, in the very snapshot that a text is read from, and an index of them.

An index costs the opening of every name that a provider has, so that it is kept in this process, for the versions that it was made
from: a promotion makes another. It is nowhere else, and nothing of it is printed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import orjson

from gateway.catalog.model import Catalog
from gateway.catalog.naming import naming_elements
from gateway.domain.identifiers import ElementPath, InstitutionId, ResourceName
from gateway.domain.people import KnownPerson, Told
from gateway.redact.text import KnownPeople, know
from gateway.store.engine import Connection
from gateway.store.record_tables import RecordTables
from gateway.store.sealed import SealedBlobs, promoted, sealed_blobs
from gateway.words import read_words

MOST_PROVIDERS = 8
Versions = tuple[tuple[ResourceName, int], ...]
Unsealer = Callable[[ResourceName, str | None, Sequence[bytes | None], Iterable[tuple[int, ...]]], Iterable[bytes | None]]
"""(resource, collection or None, sealed bytes, the place of each) -> JSON of the sealed elements by path."""


@dataclass(frozen=True, repr=False)
class PeopleRead:
    """Who is known in one snapshot: an index that was made of it before, or what to make one of.

    `versions` is None where it is not known who is named: no resource with names is promoted, or one without its names.
    """

    provider: InstitutionId
    versions: Versions | None
    index: KnownPeople | None
    sealed: Sequence[SealedBlobs]


class Acquaintances:
    """The indexes of one process, of the newest versions and of so many providers; threads may share it."""

    def __init__(self, catalog: Catalog, tables: Mapping[ResourceName, RecordTables]) -> None:
        self._naming = naming_elements(catalog)
        self._tables = tables
        self._lock = threading.Lock()
        self._making = threading.Lock()
        self._known: OrderedDict[InstitutionId, tuple[Versions, KnownPeople]] = OrderedDict()

    def read(self, provider: InstitutionId, connection: Connection) -> PeopleRead:
        """Who is known in the caller's snapshot. Records are read only where no index of these versions is kept."""
        heads = promoted(connection, provider, self._naming)
        if not heads or any(not self._naming[name].keys() <= head.stored for name, head in heads.items()):
            return PeopleRead(provider, None, None, ())
        versions = tuple(sorted((name, head.version) for name, head in heads.items()))
        index = self._kept(provider, versions)
        if index is not None:
            return PeopleRead(provider, versions, index, ())
        sealed = [
            blobs
            for name, version in versions
            for blobs in sealed_blobs(connection, self._tables[name], provider, version, self._collections(name))
        ]
        return PeopleRead(provider, versions, None, sealed)

    def index(self, read: PeopleRead, unseal: Unsealer) -> KnownPeople | None:
        """The index of who was read; None where it is not known who is named. Raises `IntegrityError` when a name does not open."""
        if read.versions is None:
            return None
        if read.index is not None:
            return _anybody(read.index)
        # Threads that wait for an index of the same versions take the one that was made meanwhile.
        with self._making:
            made = self._kept(read.provider, read.versions)
            if made is None:
                made = know(self._people(read.sealed, unseal), read_words())
                self._keep(read.provider, read.versions, made)
        return _anybody(made)

    def _collections(self, name: ResourceName) -> frozenset[str]:
        return frozenset(path.partition(".")[0] for path in self._naming[name]) & self._tables[name].members.keys()

    def _people(self, sealed: Sequence[SealedBlobs], unseal: Unsealer) -> Iterable[KnownPerson]:
        people: defaultdict[tuple[ResourceName, int], list[tuple[Told, str]]] = defaultdict(list)
        for blobs in sealed:
            naming = self._naming[blobs.resource]
            opened = unseal(blobs.resource, blobs.collection, blobs.sealed, blobs.places)
            for place, text in zip(blobs.places, opened, strict=True):
                if text is not None:
                    people[blobs.resource, place[0]] += _told(orjson.loads(text), naming)
        return (KnownPerson(tuple(told)) for told in people.values() if told)

    def _kept(self, provider: InstitutionId, versions: Versions) -> KnownPeople | None:
        with self._lock:
            kept = self._known.get(provider)
            if kept is None or kept[0] != versions:
                return None
            self._known.move_to_end(provider)
            return kept[1]

    def _keep(self, provider: InstitutionId, versions: Versions, index: KnownPeople) -> None:
        with self._lock:
            self._known[provider] = versions, index
            self._known.move_to_end(provider)
            while len(self._known) > MOST_PROVIDERS:
                self._known.popitem(last=False)


def _anybody(index: KnownPeople) -> KnownPeople | None:
    return index if index.count else None


def _told(opened: Mapping[str, object], naming: Mapping[ElementPath, Told]) -> list[tuple[Told, str]]:
    return [(naming[ElementPath(path)], str(value)) for path, value in opened.items() if path in naming and value is not None]
