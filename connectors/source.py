"""The source file as frozen values: how an institution's system is reached and which column feeds which element."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Literal

import orjson

from connectors.schedule import Schedule
from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.domain.rights import RightsKind

Encoding = Literal["auto", "utf-8", "utf-16", "cp1252"]
MaintainerKind = Literal["epp", "district"]

DELIMITED = ("delimiter", "encoding", "quoting")
"""How a file of delimited text is written: members of a source file."""
NUMBER = "{n}"
"""Stands in a column's name for the number of a wide column: `RaceDescriptor{n}`."""


@dataclass(frozen=True)
class Known:
    """What the catalog has for one resource: what a source file may name.

    `elements` are the record's own paths (`personReference.personId`), `collections` the paths inside each collection
    without its name (`races`: `raceDescriptor`), `roles` the people a row is about. `identity` are the paths of the key;
    `person_key` is the same where it is a person's: the only resources that consents and opt-outs can name people in.
    """

    elements: frozenset[str]
    collections: Mapping[str, frozenset[str]] = field(default_factory=dict)
    roles: frozenset[str] = frozenset()
    person_key: frozenset[str] = frozenset()
    identity: tuple[str, ...] = ()


@dataclass(frozen=True)
class Numbers:
    """The numbers, both included, that `{n}` takes."""

    first: int
    last: int

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.first, self.last + 1))


@dataclass(frozen=True)
class Split:
    """One part of a cell that holds several: `part` (from 0) of what stands between `on`; the last of `parts` takes all
    that is left."""

    on: str
    part: int
    parts: int


@dataclass(frozen=True)
class Condition:
    """Holds in the rows whose `column` has one of these texts."""

    column: str
    texts: frozenset[str]


@dataclass(frozen=True)
class ColumnRule:
    """One column and the elements it feeds; inside a collection the paths leave out the collection's name.

    In this order: `split` takes a part of the text, `dates` (strptime formats, or `iso`) turn it into an ISO date, `lookup`
    replaces it by its entry (a text without an entry is refused), `prefix` is put before it. Where `when` does not hold, the
    elements are empty.
    """

    column: str
    elements: tuple[str, ...]
    dates: tuple[str, ...] = ()
    lookup: Mapping[str, str] | None = None
    prefix: str = ""
    split: Split | None = None
    when: Condition | None = None

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
class JoinRule:
    """An element made of several columns: the texts that are not empty, with `between` between them."""

    element: str
    columns: tuple[str, ...]
    between: str


@dataclass(frozen=True)
class CollectionRule:
    """A list inside a record: one member a row (narrow), one a number (wide, `numbers` set), or, in sources that speak JSON,
    one for each object of the list at the path `each`, in which the columns are paths."""

    name: str
    columns: tuple[ColumnRule, ...]
    constants: Mapping[str, str] = field(default_factory=dict)
    numbers: Numbers | None = None
    each: str = ""


@dataclass(frozen=True)
class ResourceRule:
    """How the rows of one file (or table, or path: `file` is its name, for messages) become records of one resource.

    `repeat` makes one record for each number of which a `{n}` column is filled; `fold` names the key elements by which
    several rows make one record; rows for which not every condition of `only` holds are passed over. `origin` is what the
    kind of the source reads of the resource beside its mapping, `identity` the paths of the record's key.
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
    joined: tuple[JoinRule, ...] = ()
    only: tuple[Condition, ...] = ()
    origin: object = None
    identity: tuple[str, ...] = ()

    def header_names(self) -> tuple[str, ...]:
        """Every column that the file must have."""
        own = [name for rule in self.columns for name in rule.names(self.repeat)]
        own += [name for rule in self.joined for name in rule.columns]
        own += [condition.column for condition in self.only]
        own += [rule.when.column for rule in self.columns if rule.when is not None]
        for collection in self.collections:
            if not collection.each:
                own += [name for rule in collection.columns for name in rule.names(collection.numbers)]
        return tuple(dict.fromkeys(own))

    def fed(self) -> frozenset[str]:
        """The paths of elements that the rule feeds, those inside a collection with its name."""
        own = {path for rule in self.columns for path in rule.elements} | {join.element for join in self.joined}
        inside = {f"{c.name}.{path}" for c in self.collections for rule in c.columns for path in rule.elements}
        fixed = {f"{c.name}.{path}" for c in self.collections for path in c.constants}
        return frozenset(own | inside | fixed | set(self.constants))


@dataclass(frozen=True)
class ArchiveLimits:
    """What a zip may unpack to: all its files together in bytes, and unpacked by packed size of one file."""

    unpacked_bytes: int = 4 * 1024**3
    ratio: int = 250


@dataclass(frozen=True)
class LocalFolder:
    """A folder or a zip on this machine."""

    location: Path
    limits: ArchiveLimits = ArchiveLimits()


@dataclass(frozen=True)
class Source:
    """One source of one provider; the kind of `maintainer` decides the law.

    `connection` is what its kind reads of the source file beside the mapping: for delimited files a `LocalFolder`. `rights` are
    its files of consents and opt-outs, by kind and by the resource that names their people. Without a `schedule` it is synced by
    command only.
    """

    id: str
    provider: InstitutionId
    maintainer: MaintainerKind
    connection: object
    resources: Mapping[ResourceName, ResourceRule]
    rights: Mapping[RightsKind, Mapping[ResourceName, ResourceRule]] = field(default_factory=dict)
    kind: str = "delimited"
    schedule: Schedule | None = None

    def mapping_of(self, resource: ResourceName) -> str:
        """A digest of everything that decides which records a resource's rows become, in hexadecimal."""
        said = [self.kind, self.maintainer, self.connection, self.resources[resource]]
        return sha256(orjson.dumps(said, default=_plain, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)).hexdigest()

    def every_rule(self) -> Iterator[ResourceRule]:
        """The rules of all files."""
        yield from self.resources.values()
        for rules in self.rights.values():
            yield from rules.values()


def _plain(value: object) -> object:
    """What JSON has no word for, the same in every process."""
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)
