"""The SQL of taking records in: chunks under the next, still invisible version, then one small promotion (decision 1).

A reader of version v sees rows with `from_version <= v` and `to_version` null or above v. Staging writes new rows with
`from_version` v+1 and ends old ones at v+1, so readers of v see nothing of it until the head moves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Select, delete, func, insert, select, update

from gateway.domain.identifiers import InstitutionId, RecordId, ResourceName
from gateway.domain.records import Location, Rejection
from gateway.store.one_of import IN_LIST, one_of
from gateway.store.record_tables import RecordTables
from gateway.store.schema import promotion, quarantine, resource_head, sync_run

INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class CurrentRow:
    """The newest version of a record, staged ones included."""

    from_version: int
    content: bytes


@dataclass(frozen=True)
class Counts:
    """What a run does to a resource, in records."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0

    @property
    def changes(self) -> int:
        return self.inserted + self.updated + self.deleted


def head(connection: Connection, provider: InstitutionId, resource: ResourceName) -> tuple[int, frozenset[str]]:
    """The version that readers see (0: nothing yet) and the elements that were stored with it."""
    row = connection.execute(
        select(resource_head.c.version, resource_head.c.stored_elements).where(
            resource_head.c.provider_id == provider, resource_head.c.resource == resource
        )
    ).one_or_none()
    return (0, frozenset()) if row is None else (int(row.version), frozenset(row.stored_elements))


def discard_staged(connection: Connection, tables: RecordTables, provider: InstitutionId, version: int) -> None:
    """Undo what an interrupted or refused run staged above the promoted version."""
    for table in (*tables.members.values(), tables.rows):
        connection.execute(delete(table).where(table.c.provider_id == provider, table.c.from_version > version))
    rows = tables.rows
    connection.execute(update(rows).where(rows.c.provider_id == provider, rows.c.to_version > version).values(to_version=None))


def current_rows(
    connection: Connection, tables: RecordTables, provider: InstitutionId, records: Sequence[RecordId]
) -> dict[RecordId, CurrentRow]:
    """The open row of each record that has one."""
    rows = tables.rows
    columns = select(rows.c.record_id, rows.c.from_version, rows.c.content)
    found: dict[RecordId, CurrentRow] = {}
    for start in range(0, len(records), IN_LIST):
        statement = one_of(
            connection,
            rows.c.record_id,
            records[start : start + IN_LIST],
            lambda is_one: columns.where(rows.c.provider_id == provider, rows.c.to_version.is_(None), is_one),
        )
        found.update({RecordId(r): CurrentRow(v, bytes(content)) for r, v, content in connection.execute(statement)})
    return found


def end_rows(
    connection: Connection, tables: RecordTables, provider: InstitutionId, records: Sequence[RecordId], version: int
) -> None:
    """End the open rows of these records at a version."""
    rows = tables.rows
    for start in range(0, len(records), IN_LIST):
        connection.execute(
            update(rows)
            .where(
                rows.c.provider_id == provider,
                rows.c.to_version.is_(None),
                rows.c.from_version < version,
                rows.c.record_id.in_(records[start : start + IN_LIST]),
            )
            .values(to_version=version)
        )


def take_back(
    connection: Connection, tables: RecordTables, provider: InstitutionId, records: Sequence[RecordId], version: int
) -> None:
    """Forget the rows of these records that this run has staged at a version."""
    for start in range(0, len(records), IN_LIST):
        part = records[start : start + IN_LIST]
        for table in (*tables.members.values(), tables.rows):
            connection.execute(
                delete(table).where(table.c.provider_id == provider, table.c.from_version == version, table.c.record_id.in_(part))
            )


def count_open(connection: Connection, tables: RecordTables, provider: InstitutionId, source: str) -> int:
    """How many records of a source have an open row, staged ones included."""
    rows = tables.rows
    counted = connection.execute(
        select(func.count()).where(rows.c.provider_id == provider, rows.c.to_version.is_(None), rows.c.source_id == source)
    ).scalar_one()
    return int(counted)


def open_records(connection: Connection, tables: RecordTables, provider: InstitutionId, source: str) -> Iterator[RecordId]:
    """Every record of one source that has an open row, as a stream."""
    rows = tables.rows
    statement = select(rows.c.record_id).where(
        rows.c.provider_id == provider, rows.c.to_version.is_(None), rows.c.source_id == source
    )
    for (record,) in connection.execution_options(yield_per=10_000).execute(statement):
        yield RecordId(record)


def move_head(
    connection: Connection,
    provider: InstitutionId,
    resource: ResourceName,
    *,
    version: int,
    stored: frozenset[str],
    run_id: str,
    counts: Counts,
    at: str,
) -> None:
    """Make a staged version the one that readers see; the caller writes the audit event in the same transaction."""
    moved = connection.execute(
        update(resource_head)
        .where(
            resource_head.c.provider_id == provider, resource_head.c.resource == resource, resource_head.c.version == version - 1
        )
        .values(version=version, promoted_at=at, stored_elements=sorted(stored))
    ).rowcount
    if not moved:
        connection.execute(
            insert(resource_head).values(
                provider_id=provider, resource=resource, version=version, promoted_at=at, stored_elements=sorted(stored)
            )
        )
    connection.execute(
        insert(promotion).values(
            provider_id=provider,
            resource=resource,
            version=version,
            run_id=run_id,
            at=at,
            inserted=counts.inserted,
            updated=counts.updated,
            deleted=counts.deleted,
            unchanged=counts.unchanged,
        )
    )


def begin_run(connection: Connection, run_id: str, provider: InstitutionId, source: str, resource: ResourceName, at: str) -> None:
    """Note that a run began."""
    connection.execute(
        insert(sync_run).values(
            run_id=run_id, provider_id=provider, source_id=source, resource=resource, started_at=at, state="running"
        )
    )


def close_interrupted(connection: Connection, provider: InstitutionId, at: str) -> None:
    """Note of runs that never ended that their process did; the caller holds the provider's lock, so none of them is at work."""
    connection.execute(
        update(sync_run)
        .where(sync_run.c.provider_id == provider, sync_run.c.state == "running")
        .values(state="failed", ended_at=at, failure=INTERRUPTED)
    )


def end_run(
    connection: Connection, run_id: str, *, state: str, at: str, read: int, quarantined: int, failure: str | None = None
) -> None:
    """Note how a run ended; `failure` names a rule, never a value."""
    connection.execute(
        update(sync_run)
        .where(sync_run.c.run_id == run_id)
        .values(state=state, ended_at=at, read=read, quarantined=quarantined, failure=failure)
    )


def write_quarantine(connection: Connection, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rejected rows: place, column, code and reason."""
    if rows:
        connection.execute(insert(quarantine), [dict(row) for row in rows])


def drop_quarantine(connection: Connection, provider: InstitutionId, source: str, resource: ResourceName, *, keep_run: str) -> None:
    """Forget the quarantine of earlier runs of this source and resource: it tells what is wrong now."""
    earlier = _runs_of(provider, source, resource).where(sync_run.c.run_id != keep_run)
    connection.execute(delete(quarantine).where(quarantine.c.run_id.in_(earlier)))


def has_quarantine(connection: Connection, provider: InstitutionId, source: str, resource: ResourceName) -> bool:
    """Whether rows of earlier runs of this source and resource are in quarantine."""
    found = select(quarantine.c.run_id).where(quarantine.c.run_id.in_(_runs_of(provider, source, resource))).limit(1)
    return connection.execute(found).first() is not None


def mend_quarantine(
    connection: Connection, provider: InstitutionId, source: str, resource: ResourceName, source_keys: Sequence[bytes]
) -> None:
    """Let rows go whose record was read again."""
    runs = _runs_of(provider, source, resource)
    for start in range(0, len(source_keys), IN_LIST):
        part = source_keys[start : start + IN_LIST]
        connection.execute(delete(quarantine).where(quarantine.c.run_id.in_(runs), quarantine.c.source_key.in_(part)))


def _runs_of(provider: InstitutionId, source: str, resource: ResourceName) -> Select[tuple[str]]:
    return select(sync_run.c.run_id).where(
        sync_run.c.provider_id == provider, sync_run.c.source_id == source, sync_run.c.resource == resource
    )


def read_quarantine(connection: Connection, provider: InstitutionId, resource: str | None) -> Iterator[Rejection]:
    """The rows that the last run of each resource refused, by place."""
    statement = select(quarantine).where(quarantine.c.provider_id == provider)
    if resource is not None:
        statement = statement.where(quarantine.c.resource == resource)
    for row in connection.execute(statement.order_by(quarantine.c.resource, quarantine.c.file, quarantine.c.line)):
        place = Location(row.file, row.line)
        yield Rejection(ResourceName(row.resource), place, row.column_name, row.code, row.reason)
