"""What a kind of source is: what its source file says beside the mapping, and how it is opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from connectors.base import Connector
from connectors.place import Place
from connectors.secrets import Secrets
from connectors.source import CollectionRule, ColumnRule, Condition, JoinRule, Known, Source
from gateway.domain.identifiers import ResourceName
from gateway.domain.yaml_nodes import Entry, NodeReader


@dataclass(frozen=True)
class Origin:
    """Where the rows of one resource are: `name` for messages and locations, and what the kind needs to find them."""

    name: str
    detail: object = None


@dataclass(frozen=True)
class Preset:
    """The mapping that a kind brings itself, for sources whose words it knows. What a source file says of an element goes
    before it."""

    columns: tuple[ColumnRule, ...] = ()
    constants: Mapping[str, str] | None = None
    collections: tuple[CollectionRule, ...] = ()
    joined: tuple[JoinRule, ...] = ()
    only: tuple[Condition, ...] = ()


class Kind(Protocol):
    """One kind of source. A package adds one by an entry point of the group `educator_data_gateway.sources`, whose name is the
    word that stands behind `kind:` and whose object is one of these.

    `members` may stand in a source file of this kind beside those of every source file, and `required` must; the same for
    each resource. `defaults` may stand under `defaults:` beside `empty` and `dates`. `each` says whether a collection may name
    the path of a list in JSON. `shapes` says in JSON Schema what a member of either may hold, where there is more to say than
    its name: editors use it, the reader does not.
    """

    @property
    def members(self) -> tuple[str, ...]: ...

    @property
    def required(self) -> tuple[str, ...]: ...

    @property
    def resource_members(self) -> tuple[str, ...]: ...

    @property
    def resource_required(self) -> tuple[str, ...]: ...

    @property
    def defaults(self) -> tuple[str, ...]: ...

    @property
    def each(self) -> bool: ...

    @property
    def shapes(self) -> Mapping[str, Mapping[str, object]]: ...

    def read(self, reader: NodeReader, top: Mapping[str, Entry], place: Place) -> object | None:
        """The connection as frozen values, from the members of the file. Mistakes go to the reader; then None."""
        ...

    def read_origin(self, reader: NodeReader, resource: Entry, entries: Mapping[str, Entry]) -> Origin | None:
        """Where the rows of one resource are, from the members of its entry. Mistakes go to the reader; then None."""
        ...

    def preset(self, resource: ResourceName, known: Known) -> Preset | None:
        """The mapping that needs no `columns` in the source file; None where the columns must be named."""
        ...

    def open(self, source: Source, secrets: Secrets) -> Connector:
        """The connector of a source. It connects at the first pull, not before."""
        ...


class PlainKind:
    """What most kinds have in common, to inherit from: no members, no preset, no lists in JSON."""

    members: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    resource_members: tuple[str, ...] = ()
    resource_required: tuple[str, ...] = ()
    defaults: tuple[str, ...] = ()
    each: bool = False
    shapes: Mapping[str, Mapping[str, object]] = MappingProxyType({})

    def read(self, reader: NodeReader, top: Mapping[str, Entry], place: Place) -> object | None:
        return ()

    def read_origin(self, reader: NodeReader, resource: Entry, entries: Mapping[str, Entry]) -> Origin | None:
        return Origin(resource.name)

    def preset(self, resource: ResourceName, known: Known) -> Preset | None:
        return None
