"""Stage the records of one resource under its next version: identify them, compare, write what changed.

Nothing that this step writes can be seen by a reader until `ingest` promotes the version.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import orjson

from gateway.catalog.model import Person, Reference, Resource
from gateway.domain.access import Scalar
from gateway.domain.identifiers import ElementPath, PersonId, RecordId, ResourceName
from gateway.domain.records import EducationRecord, Rejection
from gateway.errors import IngestError
from gateway.keys.natural import source_key
from gateway.lay_out import Identified, Layout, Provenance
from gateway.store.engine import Connection, Database
from gateway.store.key_ring import ProviderKeys
from gateway.store.one_of import IN_LIST
from gateway.store.record_tables import RecordTables
from gateway.store.registry import Registered, link_persons, look_up, register
from gateway.store.seen import Seen
from gateway.store.staging import (
    Counts,
    CurrentRow,
    count_open,
    current_rows,
    discard_staged,
    end_rows,
    open_records,
    take_back,
)
from gateway.store.write_rows import write_rows

FollowPeople = Callable[[Connection, Mapping[PersonId, PersonId]], None]
"""Told, in the transaction that does it, which people the source named as others (old -> new): their rights go with them."""


@dataclass(frozen=True)
class Taken:
    """What became of a chunk: who was refused because of an earlier row, and the registry's keys of the others."""

    rejected: list[Rejection]
    source_keys: list[bytes]


class Stage:
    """The staging of one resource in one run; `version` is the one that readers see when it starts. Where a record comes twice
    the first row counts and the second is refused, unless `later_counts`: a living source may show a record again."""

    def __init__(
        self,
        database: Database,
        tables: RecordTables,
        provenance: Provenance,
        keys: ProviderKeys,
        *,
        version: int,
        stored: frozenset[ElementPath],
        people: frozenset[ResourceName],
        follow: FollowPeople,
        later_counts: bool = False,
    ) -> None:
        self._database = database
        self._tables = tables
        self._resource = tables.resource
        self._provenance = provenance
        self._source_secret = keys.source.secret
        self._layout = Layout(tables, provenance, keys, stored)
        self._version = version
        self._stored = stored
        self._people = people
        self._follow = follow
        self._later_counts = later_counts
        self._moved: dict[PersonId, PersonId] = {}
        self._seen = Seen()
        self.counts = Counts()
        with database.write() as connection:
            discard_staged(connection, tables, provenance.provider, version)

    def take(self, records: Sequence[EducationRecord]) -> Taken:
        """Write a chunk in one transaction."""
        with self._database.write() as connection:
            identified, rejected, again = self._distinct(self._identify(connection, records))
            known = [item.own.record for item in identified if not item.own.new]
            before = current_rows(connection, self._tables, self._provenance.provider, known)
            changed = [item for item in identified if not _same(before.get(item.own.record), item)]
            self._end(connection, changed, before)
            for rows in self._layout.rows(changed, self._version + 1):
                write_rows(connection, rows)
            self._follow_moved(connection)
        self._count(identified, changed, before, again)
        return Taken(rejected, [item.source_key for item in identified])

    def keep(self, records: Sequence[EducationRecord]) -> list[bytes]:
        """Hold on to the last good version of records whose new row went to quarantine: a bad row deletes nothing. Returns the
        keys by which the registry knows them."""
        with self._database.write() as connection:
            identified = self._identify(connection, records)
            self._seen.add((item.own.record, item.record.location.line) for item in identified)
            self._follow_moved(connection)
        return [item.source_key for item in identified]

    def remove(self, records: Sequence[EducationRecord]) -> None:
        """End records that the source says it has no longer, by their identity. One that this run has met is there again, and
        stays; one that the registry does not know never was."""
        if not records:
            return
        resource, provider = self._resource, self._provenance.provider
        keys = [self._source_key(resource.key_space, [r.elements[path] for path in resource.identity]) for r in records]
        with self._database.write() as connection:
            known = look_up(connection, provider, resource.key_space, keys)
            gone = self._seen.missing([known[key].record for key in dict.fromkeys(keys) if key in known])
            before = current_rows(connection, self._tables, provider, gone)
            end_rows(connection, self._tables, provider, list(before), self._version + 1)
        self._seen.add((record, 0) for record in before)
        self.counts = replace(self.counts, deleted=self.counts.deleted + len(before))

    def rekey(self, changes: Sequence[tuple[EducationRecord, EducationRecord]]) -> None:
        """Records have another identity now (old, new). A person's stays that person's, with all rights; the record under its new
        identity comes by itself."""
        resource, provider = self._resource, self._provenance.provider
        if changes and resource.key_space in self._people:
            keys = [
                tuple(self._source_key(resource.key_space, [r.elements[path] for path in resource.identity]) for r in change)
                for change in changes
            ]
            with self._database.write() as connection:
                named = register(connection, provider, resource.key_space, [key for pair in keys for key in pair], people=True)
                link_persons(
                    connection, provider, resource.key_space, {new: _known(named[old].person) for old, new in keys if old != new}
                )
        self.remove([old for old, _ in changes])

    def remove_unseen(self) -> None:
        """End the records that a whole pull did not meet: the source has them no longer."""
        with self._database.read() as connection:
            gone: list[RecordId] = []
            records = open_records(connection, self._tables, self._provenance.provider, self._provenance.source)
            while chunk := list(islice(records, IN_LIST)):
                gone += self._seen.missing(chunk)
        for start in range(0, len(gone), IN_LIST):
            with self._database.write() as connection:
                end_rows(connection, self._tables, self._provenance.provider, gone[start : start + IN_LIST], self._version + 1)
        self.counts = replace(self.counts, deleted=self.counts.deleted + len(gone))

    def check_shrink(self, limit: float) -> None:
        """Raises `IngestError` when more than `limit` (0 to 1) of what the source had is gone."""
        gone = self.counts.deleted
        if not gone:
            return
        with self._database.read() as connection:
            known = (
                gone
                - self.counts.inserted
                + count_open(connection, self._tables, self._provenance.provider, self._provenance.source)
            )
        if gone > limit * known:
            raise IngestError(
                f"{self._resource.name}: the source no longer has {gone} of {known} records, more than the "
                f"{limit:.0%} that GATEWAY_SHRINK_LIMIT allows. Check the extract; if it is right, "
                "run this sync once with --allow-shrink, or complete the batch with allow_shrink."
            )

    def close(self) -> None:
        """Let go of the notes of this run."""
        self._seen.close()

    def discard(self) -> None:
        """Undo everything this run staged."""
        with self._database.write() as connection:
            discard_staged(connection, self._tables, self._provenance.provider, self._version)

    def _distinct(self, identified: Sequence[Identified]) -> tuple[list[Identified], list[Rejection], frozenset[RecordId]]:
        """Each record once; with what is refused, and which records an earlier chunk of this run had."""
        met = dict(self._seen.lines([item.own.record for item in identified]))
        again = frozenset(met)
        kept: dict[RecordId, Identified] = {}
        rejected: list[Rejection] = []
        for item in identified:
            first = met.setdefault(item.own.record, item.record.location.line)
            if self._later_counts or (item.own.record not in kept and item.own.record not in again):
                kept[item.own.record] = item
                continue
            rejected.append(
                Rejection(
                    self._resource.name,
                    item.record.location,
                    ", ".join(self._resource.identity),
                    "duplicate_key",
                    f"Line {first} already has a record with this key; the first one counts.",
                )
            )
        self._seen.add((record, item.record.location.line) for record, item in kept.items())
        return list(kept.values()), rejected, again

    def _end(self, connection: Connection, changed: Sequence[Identified], before: Mapping[RecordId, CurrentRow]) -> None:
        """End the versions that readers see, and take back what this run staged of the same records."""
        open_rows = [item.own.record for item in changed if item.own.record in before]
        staged = [record for record in open_rows if before[record].from_version > self._version]
        end_rows(connection, self._tables, self._provenance.provider, open_rows, self._version + 1)
        take_back(connection, self._tables, self._provenance.provider, staged, self._version + 1)

    def _count(
        self,
        identified: Sequence[Identified],
        changed: Sequence[Identified],
        before: Mapping[RecordId, CurrentRow],
        again: frozenset[RecordId],
    ) -> None:
        """A record that comes again was counted when it came first, as unchanged unless it was staged then."""
        inserted = updated = revised = 0
        for item in changed:
            known = before.get(item.own.record)
            if known is None:
                inserted += 1
            elif known.from_version <= self._version:
                updated += 1
                revised += item.own.record in again
        unchanged = sum(item.own.record not in again for item in identified) - sum(item.own.record not in again for item in changed)
        self.counts = replace(
            self.counts,
            inserted=self.counts.inserted + inserted,
            updated=self.counts.updated + updated,
            unchanged=self.counts.unchanged + unchanged - revised,
        )

    def _identify(self, connection: Connection, records: Sequence[EducationRecord]) -> list[Identified]:
        resource, provider = self._resource, self._provenance.provider
        own_keys = [self._source_key(resource.key_space, [r.elements[path] for path in resource.identity]) for r in records]
        own = register(connection, provider, resource.key_space, own_keys, people=resource.key_space in self._people)
        references: list[dict[str, Registered | None]] = [{} for _ in records]
        reference_keys: dict[str, list[bytes | None]] = {}
        for reference in resource.references.values():
            keys = [self._reference_key(reference, record) for record in records]
            reference_keys[reference.name] = keys
            target = reference.target
            known = register(connection, provider, target, [k for k in keys if k is not None], people=target in self._people)
            for found, key in zip(references, keys, strict=True):
                found[reference.name] = None if key is None else known[key]
        own = self._link_named_people(connection, own_keys, own, references)
        persons = self._persons(connection, own_keys, own, references)
        return [
            self._identified(record, key, own[key], refs, people)
            for record, key, refs, people in zip(records, own_keys, references, persons, strict=True)
        ]

    def _identified(
        self,
        record: EducationRecord,
        source_key: bytes,
        own: Registered,
        references: Mapping[str, Registered | None],
        persons: Mapping[str, PersonId],
    ) -> Identified:
        content = orjson.dumps(
            [
                {path: value for path, value in record.elements.items() if path in self._stored},
                dict(record.collections),
                {name: None if target is None else str(target.record) for name, target in references.items()},
                {role: str(person) for role, person in persons.items()},
                dict(self._provenance.subjects),
                self._provenance.maintainer,
            ],
            option=orjson.OPT_SORT_KEYS,
        )
        return Identified(record, source_key, own, references, persons, hmac.digest(self._source_secret, content, "sha256"))

    def _link_named_people(
        self,
        connection: Connection,
        own_keys: Sequence[bytes],
        own: dict[bytes, Registered],
        references: Sequence[Mapping[str, Registered | None]],
    ) -> dict[bytes, Registered]:
        """A record that is itself a person's and names who that is (as `people`, else as a candidate or member of staff) is
        that person's from now on: an opt-out or a suspension of theirs must find it."""
        naming = sorted(
            (r.name for r in self._resource.references.values() if r.target in self._people),
            key=lambda name: self._resource.references[name].target != "people",
        )
        if self._resource.key_space not in self._people or self._resource.key_space == "people" or not naming:
            return own
        moved: dict[bytes, PersonId] = {}
        before: dict[PersonId, PersonId] = {}
        for key, found in zip(own_keys, references, strict=True):
            person = next((named for name in naming if (named := found[name]) is not None), None)
            if person is not None and person.person is not None and own[key].person != person.person:
                moved[key] = person.person
                if not own[key].new:
                    before[_known(own[key].person)] = person.person
        self._moved |= before
        link_persons(connection, self._provenance.provider, self._resource.key_space, moved)
        return own | {key: Registered(own[key].record, person) for key, person in moved.items()}

    def _follow_moved(self, connection: Connection) -> None:
        # Last in the transaction: it may write to the log, whose head comes after every business row (decision 20).
        moved, self._moved = self._moved, {}
        if moved:
            self._follow(connection, moved)

    def _persons(
        self,
        connection: Connection,
        own_keys: Sequence[bytes],
        own: Mapping[bytes, Registered],
        references: Sequence[Mapping[str, Registered | None]],
    ) -> list[dict[str, PersonId]]:
        found: list[dict[str, PersonId]] = [{} for _ in own_keys]
        for person in self._resource.persons.values():
            named = [_named(person, own[key], refs) for key, refs in zip(own_keys, references, strict=True)]
            nameless = [key for key, name in zip(own_keys, named, strict=True) if name is None]
            # A person that the source does not name is one of its own, the same at every sync.
            stand_in = f"{self._resource.name}#{person.role}"
            fresh = register(connection, self._provenance.provider, stand_in, nameless, people=True) if nameless else {}
            for people, key, name in zip(found, own_keys, named, strict=True):
                people[person.role] = name if name is not None else _known(fresh[key].person)
        return found

    def _reference_key(self, reference: Reference, record: EducationRecord) -> bytes | None:
        values = [record.elements.get(path) for path in reference.members]
        present = [value for value in values if value is not None]
        return self._source_key(reference.target, present) if len(present) == len(values) else None

    def _source_key(self, key_space: str, values: Sequence[Scalar]) -> bytes:
        return source_key(self._source_secret, key_space, values)


def people_key_spaces(resources: Mapping[ResourceName, Resource]) -> frozenset[ResourceName]:
    """The key spaces whose keys are people's: those that some resource finds a person through."""
    return frozenset(
        resource.key_space if person.via == "self" else resource.references[person.via].target
        for resource in resources.values()
        for person in resource.persons.values()
    )


def _same(before: CurrentRow | None, item: Identified) -> bool:
    return before is not None and before.content == item.content


def _named(person: Person, own: Registered, references: Mapping[str, Registered | None]) -> PersonId | None:
    if person.via == "self":
        return own.person
    target = references[person.via]
    return None if target is None else target.person


def _known(person: PersonId | None) -> PersonId:
    if person is None:
        raise IngestError("The key registry has a person without a number; restore the database from its last backup.")
    return person
