"""Which records may have changed between two views: by their own versions, or by what lets them be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, Table, and_, bindparam, func, null, or_, select, union_all

from gateway.domain.changes import Candidate, Walk
from gateway.domain.identifiers import RecordId
from gateway.domain.query_plan import QueryPlan
from gateway.store.engine import Connection
from gateway.store.record_tables import Tables
from gateway.store.row_scope import Reason, moved, row_scope, scope_bounds
from gateway.store.versions import versions_read

BEFORE, THEN = "before_", "then_"
RECORD, WAS, IS = "record", "was", "is"


@dataclass(frozen=True)
class _Side:
    """A view in SQL: its plan, its rows' conditions, and the version of the plan's resource that it reads."""

    plan: QueryPlan
    conditions: Sequence[ColumnElement[bool]]
    bounds: Mapping[str, object]
    version: int


def find_changes(
    connection: Connection, every_table: Tables, plan: QueryPlan, walk: Walk, after: RecordId | None, most: int
) -> list[Candidate]:
    """At most that many records behind `after`, in their order. `plan` is what may be read now.

    Raises `VersionGone` where what the consumer knows is older than versions are kept.
    """
    until = _until(connection, every_table, plan, walk)
    since = None if walk.since is None else _side(connection, every_table, walk.since.put_on(plan), BEFORE)
    if walk.everything or since is None:
        return _of_everything(connection, every_table[plan.resource].rows, since, until, after, most)
    return _of_what_moved(connection, every_table, since, until, after, most)


def _side(connection: Connection, every_table: Tables, plan: QueryPlan, mark: str) -> _Side:
    versions = versions_read(connection, plan)
    conditions = row_scope(every_table, every_table[plan.resource].rows, plan, mark)
    return _Side(plan, conditions, scope_bounds(plan, versions, mark), versions[plan.resource])


def _until(connection: Connection, every_table: Tables, plan: QueryPlan, walk: Walk) -> _Side:
    """What the view is to become: the rows that it had when the walk began and that may be seen now."""
    now = _side(connection, every_table, plan, "")
    then = _side(connection, every_table, walk.until.put_on(plan), THEN)
    return _Side(plan, [*now.conditions, *then.conditions], {**now.bounds, **then.bounds}, now.version)


def _of_everything(
    connection: Connection, rows: Table, since: _Side | None, until: _Side, after: RecordId | None, most: int
) -> list[Candidate]:
    """Both views side by side, in the order of records. Up to the shorter one's end they are known whole."""
    sides = []
    for side in (since, until):
        found: Sequence[tuple[int, int]] = ()
        if side is not None:
            statement = select(rows.c.record_id, rows.c.from_version).where(*side.conditions).order_by(rows.c.record_id).limit(most)
            if after is not None:
                statement = statement.where(rows.c.record_id > after)
            found = [(record, version) for record, version in connection.execute(statement, side.bounds)]
        sides.append(found)
    ends = [found[-1][0] for found in sides if len(found) == most]
    before, now = (dict(found) for found in sides)
    known = sorted(record for record in before.keys() | now.keys() if not ends or record <= min(ends))
    return [Candidate(RecordId(record), before.get(record), now.get(record)) for record in known]


def _of_what_moved(
    connection: Connection, every_table: Tables, since: _Side, until: _Side, after: RecordId | None, most: int
) -> list[Candidate]:
    """The rows of either view that are not of both."""
    rows = every_table[until.plan.resource].rows
    first, last = (bindparam(name, type_=BigInteger) for name in ("first", "last"))
    # Each is a range of an index: of a large table in which little changed, little is read.
    ended = and_(rows.c.to_version > first, rows.c.to_version <= last)
    begun = and_(rows.c.from_version > first, rows.c.from_version <= last)
    bounds = {**since.bounds, **until.bounds, "first": since.version, "last": until.version}
    other_reasons = _reasons(connection, moved(every_table, rows, since.plan, BEFORE), bounds)
    none = null().cast(BigInteger)
    sides = union_all(
        _half(rows, rows.c.from_version, none).where(*since.conditions, or_(ended, *other_reasons)),
        _half(rows, none, rows.c.from_version).where(*until.conditions, or_(begun, *other_reasons)),
    ).subquery("sides")
    was, now = func.max(sides.c[WAS]), func.max(sides.c[IS])
    statement = (
        select(sides.c[RECORD], was, now)
        .group_by(sides.c[RECORD])
        .having(was.is_distinct_from(now))
        .order_by(sides.c[RECORD])
        .limit(most)
    )
    if after is not None:
        statement = statement.where(sides.c[RECORD] > after)
    return [Candidate(RecordId(record), before, now_) for record, before, now_ in connection.execute(statement, bounds)]


def _reasons(connection: Connection, reasons: Sequence[Reason], bounds: Mapping[str, object]) -> list[ColumnElement[bool]]:
    """Of the reasons other than a row's own change those that hold for any row at all: on most days none does."""
    if not reasons:
        return []
    [holding] = connection.execute(select(*(reason.somewhere for reason in reasons)), bounds)
    return [reason.of_the_row for reason, holds in zip(reasons, holding, strict=True) if holds]


def _half(rows: Table, was: ColumnElement[Any], now: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    return select(rows.c.record_id.label(RECORD), was.label(WAS), now.label(IS))
