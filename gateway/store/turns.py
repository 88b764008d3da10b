"""When scheduled sources had their turn, and which are late."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError as Taken

from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.domain.times import utc_text
from gateway.store.engine import Database
from gateway.store.schema import promotion, source_expected, source_turn, sync_run

GOOD = ("promoted", "unchanged")


@dataclass(frozen=True)
class Freshness:
    """When a resource of a source was last synced well (null: never), and how old that may be before the source is late."""

    provider: InstitutionId
    source: str
    resource: ResourceName
    synced_at: str | None
    late_after: timedelta | None

    def is_late(self, now: datetime) -> bool:
        """Whether it is older than it may be."""
        return self.late_after is not None and (self.synced_at is None or self.synced_at < utc_text(now - self.late_after))


@dataclass(frozen=True)
class PastRun:
    """One run of the history; `changes` are (inserted, updated, deleted) where it promoted something."""

    source: str
    resource: str
    started_at: str
    ended_at: str | None
    state: str
    read: int
    quarantined: int
    failure: str | None
    changes: tuple[int, int, int] | None


def take_turn(database: Database, provider: InstitutionId, source: str, turn: str, who: str, at: str) -> bool:
    """Claim a turn; false when another process has it."""
    try:
        with database.write() as connection:
            connection.execute(
                insert(source_turn).values(provider_id=provider, source_id=source, turn=turn, taken_by=who, taken_at=at)
            )
    except Taken:
        return False
    return True


def end_turn(connection: Connection, provider: InstitutionId, source: str, turn: str, outcome: str, at: str, forget: str) -> None:
    """Note how a turn ended; turns taken before `forget` are forgotten."""
    mine = (source_turn.c.provider_id == provider) & (source_turn.c.source_id == source)
    connection.execute(update(source_turn).where(mine, source_turn.c.turn == turn).values(ended_at=at, outcome=outcome))
    connection.execute(delete(source_turn).where(mine, source_turn.c.taken_at < forget))


def expect(
    connection: Connection, provider: InstitutionId, source: str, resources: Sequence[ResourceName], late_after: timedelta | None
) -> None:
    """Say how old the last good sync of a source's resources may be; None: they are never late."""
    connection.execute(
        delete(source_expected).where(source_expected.c.provider_id == provider, source_expected.c.source_id == source)
    )
    if late_after is not None and resources:
        seconds = int(late_after.total_seconds())
        connection.execute(
            insert(source_expected),
            [{"provider_id": provider, "source_id": source, "resource": name, "late_after": seconds} for name in resources],
        )


def freshness(connection: Connection, provider: InstitutionId | None = None) -> Iterator[Freshness]:
    """Every resource of every source that was ever synced or is expected to be, with its last good sync."""
    key = (sync_run.c.provider_id, sync_run.c.source_id, sync_run.c.resource)
    runs = select(*key, func.max(sync_run.c.ended_at)).where(sync_run.c.state.in_(GOOD)).group_by(*key)
    expected = select(source_expected)
    if provider is not None:
        runs = runs.where(sync_run.c.provider_id == provider)
        expected = expected.where(source_expected.c.provider_id == provider)
    last = {(p, s, r): at for p, s, r, at in connection.execute(runs)}
    late = {(row.provider_id, row.source_id, row.resource): row.late_after for row in connection.execute(expected)}
    for named in sorted(last.keys() | late.keys()):
        seconds = late.get(named)
        after = None if seconds is None else timedelta(seconds=seconds)
        yield Freshness(InstitutionId(named[0]), named[1], ResourceName(named[2]), last.get(named), after)


def history(connection: Connection, provider: InstitutionId, most: int) -> Iterator[PastRun]:
    """The last runs of a provider's sources, the newest first."""
    joined = sync_run.outerjoin(promotion, (promotion.c.run_id == sync_run.c.run_id) & (promotion.c.provider_id == provider))
    statement = (
        select(sync_run, promotion.c.inserted, promotion.c.updated, promotion.c.deleted)
        .select_from(joined)
        .where(sync_run.c.provider_id == provider)
        .order_by(sync_run.c.started_at.desc(), sync_run.c.run_id.desc())
        .limit(most)
    )
    for row in connection.execute(statement):
        changes = None if row.inserted is None else (row.inserted, row.updated, row.deleted)
        yield PastRun(
            row.source_id, row.resource, row.started_at, row.ended_at, row.state, row.read, row.quarantined, row.failure, changes
        )
