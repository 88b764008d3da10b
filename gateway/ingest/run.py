"""One resource of one sync, from its first page to its promotion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connectors.base import Page
from gateway.admit import admit
from gateway.catalog.model import Resource
from gateway.domain.auditing import AuditEvent
from gateway.domain.identifiers import ElementPath, PersonId
from gateway.domain.records import EducationRecord, Location, RawRecord, Rejection
from gateway.domain.rights_events import change_event
from gateway.domain.source_shapes import SeenShape, SourceDrift
from gateway.domain.times import utc_text
from gateway.ingest.drift import note_drift
from gateway.ingest.order import Intake, ResourceReport, SyncOrder
from gateway.lay_out import Provenance
from gateway.normalise import Normaliser
from gateway.stage import Stage, people_key_spaces
from gateway.store.consents import follow_people, note_former_numbers, write_rights
from gateway.store.engine import Connection
from gateway.store.epoch import lock_epoch
from gateway.store.positions import Position, write_position
from gateway.store.shapes import ShapeKey
from gateway.store.staging import Counts, drop_quarantine, end_run, has_quarantine, mend_quarantine, move_head, write_quarantine


@dataclass(frozen=True)
class Reach:
    """How much of a resource one run pulls: what changed after `since`, or everything; up to `until`, where the source can say
    how far that is. `version` is what readers see, `stored` what is kept of a record, `widened` that this is not as before."""

    since: Position | None
    until: str | None
    version: int
    stored: frozenset[ElementPath]
    widened: bool


class Run:
    """One resource of one sync, from the first page to its promotion."""

    def __init__(
        self, order: SyncOrder, intake: Intake, resource: Resource, run_id: str, reach: Reach, *, later_counts: bool
    ) -> None:
        self._order = order
        self._intake = intake
        self._resource = resource
        self._run_id = run_id
        self._reach = reach
        self._version = reach.version
        self._stored = stored = reach.stored
        read = stored | {member for reference in resource.references.values() for member in reference.members}
        self._records = Normaliser(resource, read)
        self._identities = Normaliser(resource, frozenset(resource.identity))
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
            version=self._version,
            stored=stored,
            people=people_key_spaces(intake.catalog.resources),
            follow=self._follow,
            later_counts=later_counts,
        )
        self.rows = 0
        self.drift: SourceDrift | None = None
        """What this run found changed at the source."""
        self.unidentified = 0
        """Rows so broken that they cannot say which record they were: while there are any, nothing is taken for deleted."""
        self._folded = 0
        self._blank = 0
        self._passed_over = 0
        self._quarantined = 0
        with intake.database.read() as connection:
            # Rows that came right leave the quarantine one by one where only changes are pulled; else the run replaces it whole.
            self._mending = reach.since is not None and has_quarantine(connection, order.provider, order.source, resource.name)

    def take(self, page: Page) -> None:
        """Stage one page; what does not fit goes to quarantine, and its last good version stays."""
        self.stage.rekey([change for old, new in page.rekeyed for change in self._identities_of(old, new)])
        records: list[EducationRecord] = []
        refused = list(page.rejections)
        partial = [record for raw in page.partial for record in self._identity_of(raw)]
        self.unidentified += len(page.rejections) - len(partial)
        for raw in page.records:
            outcome = self._records.normalise(raw)
            if isinstance(outcome, EducationRecord):
                records.append(outcome)
            else:
                refused.append(outcome)
                known = self._identity_of(raw)
                partial += known
                self.unidentified += 0 if known else 1
        taken = self.stage.take(records)
        keys = self.stage.keep(partial) if partial else []
        named = dict(zip((record.location for record in partial), keys, strict=True))
        if self._mending:
            with self._intake.database.write() as connection:
                mend_quarantine(
                    connection, self._order.provider, self._order.source, self._resource.name, [*taken.source_keys, *keys]
                )
        self.stage.remove([record for raw in page.deleted for record in self._identity_of(raw)])
        self._quarantine(refused, named)
        self._quarantine(taken.rejected, {})
        self.rows += page.rows
        self._folded += page.folded
        self._blank += page.blank
        self._passed_over += page.passed_over

    def promote(self, seen: SeenShape | None) -> ResourceReport:
        """Make the staged version visible and note how far the source was read and what changed of it, with the audit event, in one
        transaction; nothing changed: no new version."""
        counts, reach = self.stage.counts, self._reach
        changed = counts.changes > 0 or reach.widened
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
            if reach.since is None:
                drop_quarantine(connection, self._order.provider, self._order.source, self._resource.name, keep_run=self._run_id)
            write_position(connection, self._order.provider, self._order.source, self._resource.name, self._position(at))
            state = "promoted" if changed else "unchanged"
            end_run(connection, self._run_id, state=state, at=at, read=self.rows, quarantined=self._quarantined)
            drift = None if seen is None else self._noted(connection, seen, at)
            self._intake.log.append_in(connection, self._event("promotion" if changed else "unchanged", version, counts))
        self.drift = drift
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
            self._passed_over,
            reach.since is None,
            tuple(sorted(self._order.fed.get(self._resource.name, frozenset()) - self._stored)),
        )

    def _position(self, at: str) -> Position | None:
        """How far the source was read; None where it cannot say."""
        reach = self._reach
        if reach.until is None:
            return None
        mapping = self._order.mappings.get(self._resource.name, "")
        return Position(reach.until, mapping, at if reach.since is None else reach.since.whole_at)

    def give_up(self, failure: str, seen: SeenShape | None = None) -> None:
        """Undo what was staged and put the failure on the log; readers never saw any of it. A mapped field that is missing is told
        as gone."""
        self.stage.discard()
        at = utc_text(self._intake.clock())
        with self._intake.database.write() as connection:
            end_run(connection, self._run_id, state="failed", at=at, read=self.rows, quarantined=self._quarantined, failure=failure)
            drift = self._noted(connection, seen, at) if seen is not None and seen.missing else None
            self._intake.log.append_in(connection, self._event("failed", self._version, Counts()))
        self.drift = drift

    def _noted(self, connection: Connection, seen: SeenShape, at: str) -> SourceDrift | None:
        key = ShapeKey(self._order.provider, self._order.source, self._resource.name)
        mapping = self._order.mappings.get(self._resource.name, "")
        return note_drift(connection, key, self._run_id, seen, mapping=mapping, whole=self._reach.since is None, at=at)

    def _follow(self, connection: Connection, moved: Mapping[PersonId, PersonId]) -> None:
        """Consents and opt-outs go with the people whom the source now knows by another number."""
        change = follow_people(connection, self._order.provider, moved)
        note_former_numbers(connection, self._order.provider, moved)
        if change:
            event = change_event("follow_person", change, {"source": self._order.source, "run": self._run_id})
            write_rights(connection, change, utc_text(self._intake.clock()), event, self._intake.log.append_in)

    def _identity_of(self, raw: RawRecord) -> list[EducationRecord]:
        outcome = self._identities.normalise(raw)
        return [outcome] if isinstance(outcome, EducationRecord) else []

    def _identities_of(self, old: RawRecord, new: RawRecord) -> list[tuple[EducationRecord, EducationRecord]]:
        return [(before, after) for before in self._identity_of(old) for after in self._identity_of(new)]

    def _quarantine(self, rejected: Iterable[Rejection], named: Mapping[Location, bytes]) -> None:
        """`named` are the registry's keys of those rows that could say which record they were."""
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
                "source_key": named.get(rejection.location),
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
