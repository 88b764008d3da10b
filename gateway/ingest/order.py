"""What a sync is asked for and what it needs, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from connectors.source import Source
from gateway.audit import AuditLog
from gateway.catalog.model import Catalog
from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.domain.source_shapes import SourceDrift
from gateway.store.engine import Database
from gateway.store.key_ring import KeyRing
from gateway.store.record_tables import RecordTables
from gateway.store.staging import Counts

Outcome = Literal["promoted", "unchanged", "not_stored"]
Progress = Callable[[ResourceName, int, int | None], None]
"""(resource, rows read so far, about how many there are)"""
Drifted = Callable[[SourceDrift], None]
"""Told of each resource at whose source something changed, also where the sync fails because of it."""


@dataclass(frozen=True)
class Intake:
    """What a sync needs from outside itself. `clock` gives UTC, `new_run_id` an id for each resource's run, `keep_versions` is
    how long superseded row versions are kept."""

    catalog: Catalog
    tables: Mapping[ResourceName, RecordTables]
    database: Database
    ring: KeyRing
    log: AuditLog
    clock: Callable[[], datetime]
    new_run_id: Callable[[], str]
    shrink_limit: float
    keep_versions: timedelta


@dataclass(frozen=True)
class SyncOrder:
    """One source to be pulled: whose records they are, who maintains those of each resource, and which subject type each
    person role has where the source knows it. `mappings` are digests of how each resource is mapped, `fed` the paths that its
    mapping feeds. `only` names the resources to pull where it is not all of them."""

    source: str
    provider: InstitutionId
    maintainers: Mapping[ResourceName, str]
    subjects: Mapping[ResourceName, Mapping[str, str]] = field(default_factory=dict)
    mappings: Mapping[ResourceName, str] = field(default_factory=dict)
    fed: Mapping[ResourceName, frozenset[str]] = field(default_factory=dict)
    only: frozenset[ResourceName] = frozenset()
    allow_shrink: bool = False
    whole: bool = False


def order_of(
    source: Source, *, allow_shrink: bool = False, whole: bool = False, only: frozenset[ResourceName] = frozenset()
) -> SyncOrder:
    """The order that a source file stands for; `whole` pulls everything even where the source knows what changed."""
    rules = source.resources.items()
    return SyncOrder(
        source=source.id,
        provider=source.provider,
        maintainers={name: rule.maintainer or source.maintainer for name, rule in rules},
        subjects={name: rule.subjects for name, rule in rules},
        mappings={name: source.mapping_of(name) for name in source.resources},
        fed={name: rule.fed() for name, rule in rules},
        only=only,
        allow_shrink=allow_shrink,
        whole=whole,
    )


@dataclass(frozen=True)
class ResourceReport:
    """What became of one resource: `rows` of the source, of which `folded`, `blank` and `passed_over` made no record of their
    own; `unidentified` rows could not say which record they were, so that nothing was taken for deleted. `whole`: everything was
    pulled, not only what changed. `dropped` are the elements that the source gives and nobody can use."""

    resource: ResourceName
    outcome: Outcome
    rows: int
    folded: int
    blank: int
    quarantined: int
    unidentified: int
    counts: Counts
    version: int
    passed_over: int = 0
    whole: bool = True
    dropped: tuple[str, ...] = ()
