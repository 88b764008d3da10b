"""Alerts in the database: how far the log was evaluated, what is known of clients, what was raised, whom it is still to tell."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Text, case, cast, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError as Taken

from gateway.domain.auditing import AuditEntry, AuditEvent
from gateway.domain.times import utc_text
from gateway.errors import RequestError
from gateway.store.engine import AppendIn, Database
from gateway.store.one_of import IN_LIST
from gateway.store.schema import alert, alert_delivery, alert_memory, alert_position, audit_checkpoint

WAITING, SENT, DROPPED = "waiting", "sent", "dropped"


@dataclass(frozen=True)
class Position:
    """The index up to which a log was evaluated, and since when its entries raise alerts."""

    index: int
    since: datetime


@dataclass(frozen=True)
class RaisedAlert:
    """One alert as it stands; `told` is what it names, `at` the moment it is about. `waits_for` are channels it is still to be
    told through."""

    id: str
    rule: str
    subject: str
    at: str
    raised_at: str
    told: Mapping[str, Any]
    acknowledged_at: str | None
    acknowledged_by: str | None
    waits_for: tuple[str, ...] = ()


@dataclass(frozen=True)
class NewAlert:
    """One to be stored, with the channels that it is to be told through and its audit event."""

    id: str
    rule: str
    subject: str
    at: datetime
    told: Mapping[str, Any]
    channels: tuple[str, ...]
    event: AuditEvent


@dataclass(frozen=True)
class Delivery:
    """An alert that is to be told through a channel, for the n-th time."""

    alert: RaisedAlert
    channel: str
    attempts: int
    next_at: str


def take_alert_turn(database: Database, log_id: int, turn: str) -> bool:
    """Claim a turn (an instant as text); false when another process has it. The first ever says since when entries raise alerts."""
    mine = alert_position.c.log_id == log_id
    with database.write() as connection:
        moved = connection.execute(update(alert_position).where(mine, alert_position.c.turn < turn).values(turn=turn))
        if moved.rowcount or connection.execute(select(alert_position.c.turn).where(mine)).first() is not None:
            return bool(moved.rowcount)
    try:
        with database.write() as connection:
            connection.execute(insert(alert_position).values(log_id=log_id, position=0, since=turn, turn=turn))
    except Taken:
        return False
    return True


def read_position(connection: Connection, log_id: int) -> Position | None:
    """How far a log was evaluated; None before the first turn."""
    row = connection.execute(select(alert_position).where(alert_position.c.log_id == log_id)).one_or_none()
    return None if row is None else Position(row.position, datetime.fromisoformat(row.since))


def move_position(connection: Connection, log_id: int, before: int, after: int) -> bool:
    """Say that the log is evaluated up to `after`, and hold the position's row; false when it was not at `before`, because
    another process went on."""
    moved = connection.execute(
        update(alert_position).where(alert_position.c.log_id == log_id, alert_position.c.position == before).values(position=after)
    )
    return bool(moved.rowcount)


def read_memories(connection: Connection, log_id: int, clients: Collection[str]) -> dict[str, Mapping[str, Any]]:
    """What is remembered of these clients."""
    found: dict[str, Mapping[str, Any]] = {}
    named = sorted(clients)
    for at in range(0, len(named), IN_LIST):
        rows = connection.execute(
            select(alert_memory.c.client_id, alert_memory.c.memory).where(
                alert_memory.c.log_id == log_id, alert_memory.c.client_id.in_(named[at : at + IN_LIST])
            )
        )
        found |= {row.client_id: row.memory for row in rows}
    return found


def write_memories(connection: Connection, log_id: int, memories: Mapping[str, Mapping[str, Any]]) -> None:
    """Put these in the place of what was remembered."""
    if not memories:
        return
    for client in memories:
        connection.execute(delete(alert_memory).where(alert_memory.c.log_id == log_id, alert_memory.c.client_id == client))
    connection.execute(
        insert(alert_memory),
        [{"log_id": log_id, "client_id": client, "memory": dict(memory)} for client, memory in memories.items()],
    )


def last_raised(connection: Connection, since: datetime) -> dict[tuple[str, str], datetime]:
    """When each rule and subject was raised last, of what was raised about a moment after `since`."""
    rows = connection.execute(
        select(alert.c.rule, alert.c.subject, func.max(alert.c.at))
        .where(alert.c.at >= utc_text(since))
        .group_by(alert.c.rule, alert.c.subject)
    )
    return {(rule, subject): datetime.fromisoformat(at) for rule, subject, at in rows}


def write_alert(connection: Connection, new: NewAlert, at: str, append_in: AppendIn) -> AuditEntry:
    """Store an alert and what it is to be told through, with its audit event."""
    connection.execute(
        insert(alert).values(
            alert_id=new.id, rule=new.rule, subject=new.subject, at=utc_text(new.at), raised_at=at, told=dict(new.told)
        )
    )
    if new.channels:
        connection.execute(
            insert(alert_delivery),
            [{"alert_id": new.id, "channel": channel, "state": WAITING, "attempts": 0, "next_at": at} for channel in new.channels],
        )
    return append_in(connection, new.event)


def read_alerts(connection: Connection, *, everything: bool, most: int) -> list[RaisedAlert]:
    """The newest alerts that nobody acknowledged, or all, oldest first."""
    statement = select(alert).order_by(alert.c.raised_at.desc(), alert.c.alert_id.desc()).limit(most)
    if not everything:
        statement = statement.where(alert.c.acknowledged_at.is_(None))
    found = [_alert(row) for row in connection.execute(statement)]
    return list(reversed(list(_with_channels(connection, found))))


def find_alert(connection: Connection, alert_id: str) -> RaisedAlert:
    """Raises `RequestError` when there is no such alert."""
    row = connection.execute(select(alert).where(alert.c.alert_id == alert_id).with_for_update()).one_or_none()
    if row is None:
        raise RequestError("There is no alert with this id. List them: gateway alerts list")
    return _alert(row)


def acknowledge(connection: Connection, alert_id: str, by: str, at: str, event: AuditEvent, append_in: AppendIn) -> AuditEntry:
    """Note who acknowledged an alert."""
    connection.execute(update(alert).where(alert.c.alert_id == alert_id).values(acknowledged_at=at, acknowledged_by=by))
    return append_in(connection, event)


def open_alerts(connection: Connection) -> list[tuple[str, int]]:
    """How many alerts of each rule nobody acknowledged; rules that ever raised one have their zero."""
    waiting = func.sum(case((alert.c.acknowledged_at.is_(None), 1), else_=0))
    rows = connection.execute(select(alert.c.rule, waiting).group_by(alert.c.rule).order_by(alert.c.rule))
    return [(rule, int(count)) for rule, count in rows]


def due_deliveries(connection: Connection, now: str, most: int) -> list[Delivery]:
    """What is to be told now, the oldest first."""
    rows = connection.execute(
        select(alert, alert_delivery.c.channel, alert_delivery.c.attempts, alert_delivery.c.next_at)
        .join(alert_delivery, alert_delivery.c.alert_id == alert.c.alert_id)
        .where(alert_delivery.c.state == WAITING, alert_delivery.c.next_at <= now)
        .order_by(alert_delivery.c.next_at, alert.c.alert_id)
        .limit(most)
    )
    return [Delivery(_alert(row), row.channel, row.attempts, row.next_at) for row in rows]


def claim_delivery(connection: Connection, found: Delivery, until: str) -> bool:
    """Claim one for this process until a moment; false when another has it."""
    moved = connection.execute(
        update(alert_delivery)
        .where(*_is(found), alert_delivery.c.state == WAITING, alert_delivery.c.next_at == found.next_at)
        .values(next_at=until, attempts=found.attempts + 1)
    )
    return bool(moved.rowcount)


def put_off(connection: Connection, found: Delivery, until: str) -> None:
    """Try it again then."""
    connection.execute(update(alert_delivery).where(*_is(found)).values(next_at=until))


def end_delivery(connection: Connection, found: Delivery, state: str, event: AuditEvent, append_in: AppendIn) -> AuditEntry:
    """Say that it was sent, or that there is nobody to send it to any more."""
    connection.execute(update(alert_delivery).where(*_is(found)).values(state=state))
    return append_in(connection, event)


def last_cosigned(connection: Connection, log_id: int) -> datetime | None:
    """When the newest checkpoint that a witness cosigned was published; None where no witness ever did."""
    at = connection.execute(
        select(audit_checkpoint.c.published_at)
        .where(audit_checkpoint.c.log_id == log_id, cast(audit_checkpoint.c.cosignatures, Text) != "[]")
        .order_by(audit_checkpoint.c.size.desc())
        .limit(1)
    ).scalar()
    return None if at is None else datetime.fromisoformat(at)


def _is(found: Delivery) -> tuple[Any, Any]:
    return alert_delivery.c.alert_id == found.alert.id, alert_delivery.c.channel == found.channel


def _alert(row: Any) -> RaisedAlert:
    return RaisedAlert(
        row.alert_id, row.rule, row.subject, row.at, row.raised_at, row.told, row.acknowledged_at, row.acknowledged_by
    )


def _with_channels(connection: Connection, found: list[RaisedAlert]) -> Iterator[RaisedAlert]:
    waiting: dict[str, list[str]] = {}
    for at in range(0, len(found), IN_LIST):
        rows = connection.execute(
            select(alert_delivery.c.alert_id, alert_delivery.c.channel)
            .where(
                alert_delivery.c.alert_id.in_([one.id for one in found[at : at + IN_LIST]]),
                alert_delivery.c.state == WAITING,
            )
            .order_by(alert_delivery.c.channel)
        )
        for alert_id, channel in rows:
            waiting.setdefault(alert_id, []).append(channel)
    for one in found:
        yield replace(one, waits_for=tuple(waiting.get(one.id, ())))
