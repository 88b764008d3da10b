"""Intake: connector -> normalise -> stage -> promote, one resource at a time, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from connectors.base import Connector, Page
from connectors.source import Source
from gateway.admit import admit
from gateway.audit import AuditLog
from gateway.catalog.model import Catalog, Resource
from gateway.catalog.naming import naming_elements
from gateway.domain.auditing import AuditEvent
from gateway.domain.identifiers import ElementPath, InstitutionId, PersonId, ResourceName
from gateway.domain.records import EducationRecord, RawRecord, Rejection
from gateway.domain.rights_events import change_event
from gateway.domain.times import utc_text
from gateway.errors import GatewayError, IngestError
from gateway.normalise import normalise
from gateway.stage import Provenance, Stage, people_key_spaces
from gateway.store.agreements import needed_elements
from gateway.store.consents import follow_people, note_former_numbers, write_rights
from gateway.store.engine import Connection, Database
from gateway.store.epoch import lock_epoch
from gateway.store.exclusive import exclusive
from gateway.store.key_ring import KeyRing
from gateway.store.prune import prune
from gateway.store.record_tables import RecordTables
from gateway.store.staging import Counts, begin_run, drop_quarantine, end_run, head, move_head, write_quarantine

Outcome = Literal["promoted", "unchanged", "not_stored"]
Progress = Callable[[ResourceName, int, int | None], None]
"""(resource, rows read so far, about how many there are)"""


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
    person role has where the source knows it."""

    source: str
    provider: InstitutionId
    maintainers: Mapping[ResourceName, str]
    subjects: Mapping[ResourceName, Mapping[str, str]] = field(default_factory=dict)
    allow_shrink: bool = False


def order_of(source: Source, *, allow_shrink: bool = False) -> SyncOrder:
    """The order that a source file stands for."""
    rules = source.resources.items()
    return SyncOrder(
        source=source.id,
        provider=source.provider,
        maintainers={name: rule.maintainer or source.maintainer for name, rule in rules},
        subjects={name: rule.subjects for name, rule in rules},
        allow_shrink=allow_shrink,
    )


@dataclass(frozen=True)
class ResourceReport:
    """What became of one resource: `rows` of the source, of which `folded` and `blank` made no record of their own;
    `unidentified` rows could not say which record they were, so that nothing was taken for deleted."""

    resource: ResourceName
    outcome: Outcome
    rows: int
    folded: int
    blank: int
    quarantined: int
    unidentified: int
    counts: Counts
    version: int


def ingest(order: SyncOrder, connector: Connector, intake: Intake, progress: Progress) -> Iterable[ResourceReport]:
    """Pull every resource of a source in dependency order; yields a report when a resource is done.

    Raises `IngestError` (and leaves the last good state whole) when no operation agreement of the provider is in force, the
    source cannot be read, another sync of the provider runs, or the shrink guard refuses.
    """
    offered = frozenset(connector.resources())
    with exclusive(intake.database, f"sync/{order.provider}"):
        for name, resource in intake.catalog.resources.items():
            if name in offered:
                _check_maintainer(order, resource)
                yield _take_in(order, connector, intake, resource, progress)


def _take_in(order: SyncOrder, connector: Connector, intake: Intake, resource: Resource, progress: Progress) -> ResourceReport:
    with intake.database.read() as connection:
        admit(connection, order.provider, intake.clock())
        needed = needed_elements(connection, order.provider, naming_elements(intake.catalog)).get(resource.name)
        version, stored_before = head(connection, order.provider, resource.name)
    if needed is None:
        return ResourceReport(resource.name, "not_stored", 0, 0, 0, 0, 0, Counts(), version)
    stored = frozenset(needed) | frozenset(resource.identity)
    run_id = intake.new_run_id()
    with intake.database.write() as connection:
        begin_run(connection, run_id, order.provider, order.source, resource.name, utc_text(intake.clock()))
    run = _Run(order, intake, resource, run_id, version, stored)
    try:
        for page in connector.pull(resource.name):
            if page.unaccounted():
                raise IngestError(f"{order.source}: the connector lost rows of {resource.name}; nothing was taken over.")
            run.take(page)
            progress(resource.name, run.rows, connector.rows_in(resource.name))
        if not run.unidentified:
            run.stage.remove_unseen(1.0 if order.allow_shrink else intake.shrink_limit)
        report = run.promote(widened=frozenset(stored) != stored_before)
    except GatewayError as why:
        run.give_up(why)
        raise
    before = utc_text(intake.clock() - intake.keep_versions)
    with intake.database.write() as connection:
        prune(connection, intake.tables[resource.name], order.provider, before)
    return report


class _Run:
    """One resource of one sync, from the first page to its promotion."""

    def __init__(
        self, order: SyncOrder, intake: Intake, resource: Resource, run_id: str, version: int, stored: frozenset[ElementPath]
    ) -> None:
        self._order = order
        self._intake = intake
        self._resource = resource
        self._run_id = run_id
        self._version = version
        self._stored = stored
        self._read = stored | {member for reference in resource.references.values() for member in reference.members}
        self._identity = frozenset(resource.identity)
        subjects = order.subjects.get(resource.name, {})
        provenance = Provenance(
            provider=order.provider,
            source=order.source,
            maintainer=order.maintainers[resource.name],
            subjects={role: subjects.get(role, person.subject_types[0]) for role, person in resource.persons.items()},
        )
        self.stage = Stage(
            intake.database,
            intake.tables[resource.name],
            provenance,
            intake.ring.provider(order.provider, fresh=True),
            version=version,
            stored=stored,
            people=people_key_spaces(intake.catalog.resources),
            follow=self._follow,
        )
        self.rows = 0
        self.unidentified = 0
        """Rows so broken that they cannot say which record they were: while there are any, nothing is taken for deleted."""
        self._folded = 0
        self._blank = 0
        self._quarantined = 0

    def take(self, page: Page) -> None:
        """Stage one page; what does not fit goes to quarantine, and its last good version stays."""
        records: list[EducationRecord] = []
        rejected = list(page.rejections)
        kept = [record for raw in page.partial for record in self._identity_of(raw)]
        self.unidentified += len(page.rejections) - len(kept)
        for raw in page.records:
            outcome = normalise(raw, self._resource, self._read)
            if isinstance(outcome, EducationRecord):
                records.append(outcome)
            else:
                rejected.append(outcome)
                known = self._identity_of(raw)
                kept += known
                self.unidentified += 0 if known else 1
        rejected += self.stage.take(records)
        if kept:
            self.stage.keep(kept)
        self._quarantine(rejected)
        self.rows += page.rows
        self._folded += page.folded
        self._blank += page.blank

    def promote(self, *, widened: bool) -> ResourceReport:
        """Make the staged version visible, with its audit event, in one transaction; nothing changed: no new version."""
        counts = self.stage.counts
        changed = counts.changes > 0 or widened
        version = self._version + 1 if changed else self._version
        now = self._intake.clock()
        at = utc_text(now)
        with self._intake.database.write() as connection:
            # A suspension that came while the source was read promotes nothing, and none can come before the commit.
            lock_epoch(connection)
            admit(connection, self._order.provider, now)
            if changed:
                move_head(
                    connection,
                    self._order.provider,
                    self._resource.name,
                    version=version,
                    stored=self._stored,
                    run_id=self._run_id,
                    counts=counts,
                    at=at,
                )
            drop_quarantine(connection, self._order.provider, self._order.source, self._resource.name, keep_run=self._run_id)
            state = "promoted" if changed else "unchanged"
            end_run(connection, self._run_id, state=state, at=at, read=self.rows, quarantined=self._quarantined)
            self._intake.log.append_in(connection, self._event("promotion" if changed else "unchanged", version, counts))
        return ResourceReport(
            self._resource.name,
            "promoted" if changed else "unchanged",
            self.rows,
            self._folded,
            self._blank,
            self._quarantined,
            self.unidentified,
            counts,
            version,
        )

    def give_up(self, why: GatewayError) -> None:
        """Undo what was staged and put the failure on the log; readers never saw any of it."""
        self.stage.discard()
        at = utc_text(self._intake.clock())
        with self._intake.database.write() as connection:
            end_run(
                connection, self._run_id, state="failed", at=at, read=self.rows, quarantined=self._quarantined, failure=why.code
            )
            self._intake.log.append_in(connection, self._event("failed", self._version, Counts()))

    def _follow(self, connection: Connection, moved: Mapping[PersonId, PersonId]) -> None:
        """Consents and opt-outs go with the people whom the source now knows by another number."""
        change = follow_people(connection, self._order.provider, moved)
        note_former_numbers(connection, self._order.provider, moved)
        if change:
            event = change_event("follow_person", change, {"source": self._order.source, "run": self._run_id})
            write_rights(connection, change, utc_text(self._intake.clock()), event, self._intake.log.append_in)

    def _identity_of(self, raw: RawRecord) -> list[EducationRecord]:
        outcome = normalise(raw, self._resource, self._identity)
        return [outcome] if isinstance(outcome, EducationRecord) else []

    def _quarantine(self, rejected: Iterable[Rejection]) -> None:
        rows = [
            {
                "run_id": self._run_id,
                "position": self._quarantined + at,
                "provider_id": self._order.provider,
                "resource": rejection.resource,
                "file": rejection.location.file,
                "line": rejection.location.line,
                "column_name": rejection.column,
                "code": rejection.code,
                "reason": rejection.reason,
            }
            for at, rejection in enumerate(rejected)
        ]
        if rows:
            with self._intake.database.write() as connection:
                write_quarantine(connection, rows)
        self._quarantined += len(rows)

    def _event(self, outcome: str, version: int, counts: Counts) -> AuditEvent:
        leaf: dict[str, object] = {
            "outcome": outcome,
            "provider": self._order.provider,
            "source": self._order.source,
            "resource": self._resource.name,
            "resource_version": str(version),
            "run": self._run_id,
            "rows": str(self.rows),
            "quarantined": str(self._quarantined),
            "inserted": str(counts.inserted),
            "updated": str(counts.updated),
            "deleted": str(counts.deleted),
            "unchanged": str(counts.unchanged),
        }
        return AuditEvent(kind="sync", leaf=leaf, institutions=(self._order.provider,))


def _check_maintainer(order: SyncOrder, resource: Resource) -> None:
    """Who maintains a record decides the law, so a source may only bring what the catalog lets its kind maintain."""
    maintainer = order.maintainers[resource.name]
    for person in resource.persons.values():
        if maintainer not in person.maintained_by:
            allowed = " or ".join(person.maintained_by)
            raise IngestError(
                f"{order.source}: {resource.name} may be maintained by {allowed}, not by {maintainer}. "
                "Correct `maintainer` in the source file, or leave the resource out."
            )
