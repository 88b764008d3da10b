"""Records by state: `RawRecord` as sent, `EducationRecord` normalised; the rows that did not make it say why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.domain.access import Scalar
from gateway.domain.identifiers import ElementPath, ResourceName


@dataclass(frozen=True)
class Location:
    """Where a record came from: file (or endpoint) and 1-based line (or item number)."""

    file: str
    line: int


@dataclass(frozen=True)
class RawRecord:
    """One record as its source sent it, already named in catalog words but not yet checked.

    `elements` maps scalar element paths to text; `collections` maps a collection name to its members, each a map of the
    path inside the collection to text. An empty text means that the source had nothing there. `columns` tells which
    source column each path came from, for messages.
    """

    resource: ResourceName
    location: Location
    elements: Mapping[ElementPath, str]
    collections: Mapping[str, tuple[Mapping[str, str], ...]] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class EducationRecord:
    """A record that fits the catalog: typed values, empty elements left out, identity complete."""

    resource: ResourceName
    location: Location
    elements: Mapping[ElementPath, Scalar]
    collections: Mapping[str, tuple[Mapping[str, Scalar], ...]]


@dataclass(frozen=True)
class Rejection:
    """A row for the quarantine: where, which column, which rule; never the value."""

    resource: ResourceName
    location: Location
    column: str
    code: str
    reason: str
