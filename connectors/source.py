"""The source file as frozen values: where an institution's extract lies and which column feeds which element."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.domain.rights import RightsKind

Encoding = Literal["auto", "utf-8", "utf-16", "cp1252"]
MaintainerKind = Literal["epp", "district"]

NUMBER = "{n}"
"""Stands in a column's name for the number of a wide column: `RaceDescriptor{n}`."""


@dataclass(frozen=True)
class Known:
    """What the catalog has for one resource: what a source file may name.

    `elements` are the record's own paths (`personReference.personId`), `collections` the paths inside each collection
    without its name (`races`: `raceDescriptor`), `roles` the people a row is about. `person_key` is the identity where it is a
    person's: the only resources that consents and opt-outs can name people in.
    """

    elements: frozenset[str]
    collections: Mapping[str, frozenset[str]] = field(default_factory=dict)
    roles: frozenset[str] = frozenset()
    person_key: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Numbers:
    """The numbers, both included, that `{n}` takes."""

    first: int
    last: int

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.first, self.last + 1))


@dataclass(frozen=True)
class ColumnRule:
    """One column and the elements it feeds; inside a collection the paths leave out the collection's name.

    In this order: `dates` (strptime formats, or `iso`) turn the text into an ISO date, `lookup` replaces it by its
    entry (a text without an entry is refused), `prefix` is put before it.
    """

    column: str
    elements: tuple[str, ...]
    dates: tuple[str, ...] = ()
    lookup: Mapping[str, str] | None = None
    prefix: str = ""

    @property
    def is_numbered(self) -> bool:
        return NUMBER in self.column

    def names(self, numbers: Numbers | None) -> tuple[str, ...]:
        """The header names that this rule reads."""
        if not self.is_numbered or numbers is None:
            return (self.column,)
        return tuple(self.numbered(number) for number in numbers)

    def numbered(self, number: int) -> str:
        return self.column.replace(NUMBER, str(number))


@dataclass(frozen=True)
class CollectionRule:
    """A list inside a record: one member a row (narrow), or one a number (wide, `numbers` set)."""

    name: str
    columns: tuple[ColumnRule, ...]
    constants: Mapping[str, str] = field(default_factory=dict)
    numbers: Numbers | None = None


@dataclass(frozen=True)
class ResourceRule:
    """How the rows of one file become records of one resource.

    `repeat` makes one record for each number of which a `{n}` column is filled; `fold` names the key elements by which
    several rows make one record.
    """

    resource: ResourceName
    file: str
    columns: tuple[ColumnRule, ...]
    delimiter: str = ","
    encoding: Encoding = "auto"
    quoted: bool = True
    empty: frozenset[str] = frozenset()
    constants: Mapping[str, str] = field(default_factory=dict)
    collections: tuple[CollectionRule, ...] = ()
    repeat: Numbers | None = None
    fold: tuple[str, ...] = ()
    ignore: frozenset[str] = frozenset()
    subjects: Mapping[str, str] = field(default_factory=dict)
    maintainer: MaintainerKind | None = None

    def header_names(self) -> tuple[str, ...]:
        """Every column that the file must have."""
        own = [name for rule in self.columns for name in rule.names(self.repeat)]
        for collection in self.collections:
            own += [name for rule in collection.columns for name in rule.names(collection.numbers)]
        return tuple(dict.fromkeys(own))


@dataclass(frozen=True)
class ArchiveLimits:
    """What a zip may unpack to: all its files together in bytes, and unpacked by packed size of one file."""

    unpacked_bytes: int = 4 * 1024**3
    ratio: int = 250


@dataclass(frozen=True)
class Source:
    """One source of one provider. `location` is a folder or a zip; the kind of `maintainer` decides the law.

    `rights` are its files of consents and opt-outs, by kind and by the resource that names their people.
    """

    id: str
    provider: InstitutionId
    maintainer: MaintainerKind
    location: Path
    resources: Mapping[ResourceName, ResourceRule]
    limits: ArchiveLimits = ArchiveLimits()
    rights: Mapping[RightsKind, Mapping[ResourceName, ResourceRule]] = field(default_factory=dict)

    def every_rule(self) -> Iterator[ResourceRule]:
        """The rules of all files."""
        yield from self.resources.values()
        for rules in self.rights.values():
            yield from rules.values()
