"""Count what is disclosed under grants that have limits, so that requests at the same time cannot pass them together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from gateway.domain.grant_use import GrantUse
from gateway.errors import Reason
from gateway.store.schema import grant_usage

ROWS_PER_DAY = Reason("GW-LIM-01", "the agreement's limits", "The rows that this agreement allows in a day would be passed.")
REQUESTS_PER_MINUTE = Reason("GW-LIM-02", "the agreement's limits", "The requests that this agreement allows in a minute are used.")
Used = Mapping[tuple[str, str, str], tuple[int, int]]
"""(agreement, schedule, period) -> requests and rows."""


def used(connection: Connection, agreements: Collection[str], resource: str, periods: Collection[str]) -> Used:
    """What was disclosed of a resource in these periods: days of an agreement, minutes of UTC."""
    if not agreements:
        return {}
    rows = connection.execute(
        select(grant_usage).where(
            grant_usage.c.agreement_id.in_(sorted(agreements)),
            grant_usage.c.resource == resource,
            grant_usage.c.period.in_(sorted(periods)),
        )
    )
    return {(row.agreement_id, row.schedule, row.period): (int(row.requests), int(row.rows)) for row in rows}


def count_uses(connection: Connection, uses: Sequence[GrantUse | None]) -> Reason | None:
    """Add one answer to what was disclosed under each of its grants, or say which limit it would pass and add nothing.

    The caller's transaction holds the lock of the log's head, so answers are counted one after another.
    """
    counted = [use for use in uses if use is not None]
    for use in counted:
        over = _over(connection, use)
        if over is not None:
            return over
    for use in counted:
        for period in (use.minute, use.day):
            _add(connection, use, period)
    return None


def _over(connection: Connection, use: GrantUse) -> Reason | None:
    requests, _ = _used(connection, use, use.minute)
    _, rows = _used(connection, use, use.day)
    if use.limits.rows_per_day is not None and rows + use.rows > use.limits.rows_per_day:
        return ROWS_PER_DAY
    if use.limits.requests_per_minute is not None and requests + 1 > use.limits.requests_per_minute:
        return REQUESTS_PER_MINUTE
    return None


def _used(connection: Connection, use: GrantUse, period: str) -> tuple[int, int]:
    row = connection.execute(
        select(grant_usage.c.requests, grant_usage.c.rows).where(*_of(use), grant_usage.c.period == period)
    ).one_or_none()
    return (0, 0) if row is None else (int(row.requests), int(row.rows))


def _add(connection: Connection, use: GrantUse, period: str) -> None:
    counted = connection.execute(
        update(grant_usage)
        .where(*_of(use), grant_usage.c.period == period)
        .values(requests=grant_usage.c.requests + 1, rows=grant_usage.c.rows + use.rows)
    ).rowcount
    if counted:
        return
    # A new minute: those before it can no longer matter. Days are shorter texts, and stay.
    connection.execute(
        delete(grant_usage).where(
            *_of(use), func.length(grant_usage.c.period) == len(use.minute), grant_usage.c.period < use.minute
        )
    )
    connection.execute(
        insert(grant_usage).values(
            agreement_id=use.agreement, schedule=use.schedule, resource=use.resource, period=period, requests=1, rows=use.rows
        )
    )


def _of(use: GrantUse) -> tuple[ColumnElement[bool], ...]:
    return (
        grant_usage.c.agreement_id == use.agreement,
        grant_usage.c.schedule == use.schedule,
        grant_usage.c.resource == use.resource,
    )
