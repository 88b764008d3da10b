"""When scheduled sources had their turn, and which are late."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError as Taken

from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.domain.times import utc_text
from gateway.store.engine import Database
from gateway.store.schema import promotion, quarantine, source_expected, source_turn, sync_run

GOOD = ("promoted", "unchanged")
ENDS = (*GOOD, "refused", "failed")
DONE = "done"


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


@dataclass(frozen=True)
class LastRun:
    """How the run of a resource that ended last did end; `state` is one of `ENDS`, `failure` names a rule."""

    ended_at: str
    state: str
    read: int
    failure: str | None


@dataclass(frozen=True)
class ResourceState:
    """All that an operator watches of a resource of a source; `last` is null where no run of it ever ended."""

    fresh: Freshness
    last: LastRun | None
    quarantined: int


@dataclass(frozen=True)
class LastTurn:
    """How the scheduled turn of a source that ended last did end: `done` or an error's code."""

    provider: InstitutionId
    source: str
    ended_at: str
    outcome: str

    def still_failed(self, states: Iterable[ResourceState]) -> bool:
        """Whether it failed and nothing of its source, which is among `states`, was synced well since."""
        mine = (state.fresh for state in states if (state.fresh.provider, state.fresh.source) == (self.provider, self.source))
        return self.outcome != DONE and max((fresh.synced_at or "" for fresh in mine), default="") <= self.ended_at


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


def resource_states(connection: Connection, provider: InstitutionId | None = None) -> Iterator[ResourceState]:
    """The same, also of what was never synced well, with how the last run ended and how many rows are in quarantine now."""
    key = (sync_run.c.provider_id, sync_run.c.source_id, sync_run.c.resource)
    newest = select(*key, func.max(sync_run.c.ended_at).label("at")).where(sync_run.c.state.in_(ENDS)).group_by(*key)
    counted = select(quarantine.c.run_id, func.count().label("rows")).group_by(quarantine.c.run_id).subquery()
    held = select(*key, func.sum(counted.c.rows)).join(counted, counted.c.run_id == sync_run.c.run_id).group_by(*key)
    if provider is not None:
        newest = newest.where(sync_run.c.provider_id == provider)
        held = held.where(sync_run.c.provider_id == provider)
    ends = newest.subquery()
    is_newest = and_(
        *(column == ends.c[column.name] for column in key), sync_run.c.state.in_(ENDS), sync_run.c.ended_at == ends.c.at
    )
    # Of two that ended in one instant the later counts: the id of a run is a UUIDv7, and runs of a provider exclude each other.
    ended = connection.execute(select(sync_run).join(ends, is_newest).order_by(sync_run.c.run_id))
    last = {
        (row.provider_id, row.source_id, row.resource): LastRun(row.ended_at, row.state, row.read, row.failure) for row in ended
    }
    waiting = {(p, s, r): int(count) for p, s, r, count in connection.execute(held)}
    known = {(found.provider, found.source, found.resource): found for found in freshness(connection, provider)}
    for named in sorted(known.keys() | last.keys()):
        fresh = known.get(named) or Freshness(InstitutionId(named[0]), named[1], ResourceName(named[2]), None, None)
        yield ResourceState(fresh, last.get(named), waiting.get(named, 0))


def last_turns(connection: Connection, provider: InstitutionId | None = None) -> Iterator[LastTurn]:
    """The last turn of each scheduled source that ended, within the time that turns are kept."""
    key = (source_turn.c.provider_id, source_turn.c.source_id)
    newest = select(*key, func.max(source_turn.c.ended_at).label("at")).group_by(*key).subquery()
    is_newest = (key[0] == newest.c.provider_id) & (key[1] == newest.c.source_id) & (source_turn.c.ended_at == newest.c.at)
    statement = select(source_turn).join(newest, is_newest).order_by(*key)
    if provider is not None:
        statement = statement.where(source_turn.c.provider_id == provider)
    for row in connection.execute(statement):
        yield LastTurn(InstitutionId(row.provider_id), row.source_id, row.ended_at, row.outcome)


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
