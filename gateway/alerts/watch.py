"""Watch: one turn of alerts. Evaluate what the log got since the last turn and how things stand, store what is raised, tell it.

Of any number of processes one does a turn. Should a turn outlast the next one's beginning, the position that both move lets only
one of them raise what they both saw.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from gateway.alerts.evaluate import evaluate
from gateway.alerts.memory import Memory, Seen, read_leaf
from gateway.alerts.message import event, told
from gateway.alerts.read_standing import read_standing
from gateway.alerts.rules import Alert, AlertRules, LastRaised, Rule, is_quiet
from gateway.alerts.stand import stand
from gateway.alerts.tell import Sender, tell_waiting
from gateway.audit import AuditLog
from gateway.domain.times import utc_text
from gateway.errors import GatewayError
from gateway.store.alerts import (
    NewAlert,
    last_raised,
    move_position,
    read_memories,
    read_position,
    take_alert_turn,
    write_alert,
    write_memories,
)
from gateway.store.audit_log import read_entries
from gateway.store.engine import Connection, Database
from gateway.telemetry import logger

STEP = 2_000
"""Entries that are evaluated in one go."""


@dataclass(frozen=True)
class AlertDesk:
    """What alerts need from outside; `clock` gives the UTC time, `new_id` the id of an alert, `send` hands one to a channel."""

    database: Database
    log_id: int
    log: AuditLog
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    send: Sender


def watch(rules: AlertRules, desk: AlertDesk) -> tuple[Alert, ...] | None:
    """Do the turn of this minute; gives what was raised, None where another process has the turn.

    Raises `Unavailable` when the database or the log is out of reach: the next turn goes on from the same place.
    """
    turn = desk.clock().replace(second=0, microsecond=0)
    if not take_alert_turn(desk.database, desk.log_id, utc_text(turn)):
        return None
    raised: list[Alert] = []
    while (step := _evaluate_step(rules, desk)) is not None:
        raised += step
    raised += _raise_standing(rules, desk)
    tell_waiting(rules.channels, desk.database, desk.log, desk.clock, desk.send)
    return tuple(raised)


class Watcher:
    """The turns of a process. A file that was broken meanwhile is told, and the rules before it stand."""

    def __init__(self, read: Callable[[], AlertRules], desk: AlertDesk) -> None:
        """Reads the file. Raises `FileErrors` or `ConfigurationError`: better at the start than at night."""
        self._read = read
        self._desk = desk
        self._rules = read()

    def turn(self) -> None:
        """One turn with the file as it is now; whatever fails is told and tried again at the next turn."""
        try:
            self._rules = self._read()
        except GatewayError as why:
            logger().error("alert rules wrong", code=why.code, why=why.detail)
        try:
            watch(self._rules, self._desk)
        except GatewayError as why:
            logger().error("alerts not evaluated", code=why.code, why=why.detail)


def _evaluate_step(rules: AlertRules, desk: AlertDesk) -> Sequence[Alert] | None:
    """Evaluate the next entries; None when there are no more, or another process went on with them."""
    with desk.database.read() as connection:
        position = read_position(connection, desk.log_id)
        if position is None:
            return None
        entries = list(islice(read_entries(connection, desk.log_id, position.index), STEP))
        if not entries:
            return None
        seen = [found for entry in entries if (found := read_leaf(entry.index, entry.leaf)) is not None]
        clients = {found.client for found in seen}
        memories = {client: Memory.from_json(stored) for client, stored in read_memories(connection, desk.log_id, clients).items()}
        last = _last(connection, rules.rules, seen)
    result = evaluate(seen, memories, last, rules.rules, position.since)
    stored = {client: memory.to_json() for client, memory in result.memories.items()}
    with desk.database.write() as connection:
        if not move_position(connection, desk.log_id, position.index, entries[-1].index + 1):
            return None
        write_memories(connection, desk.log_id, stored)
        _write(connection, result.alerts, desk)
    _say(result.alerts)
    return result.alerts


def _raise_standing(rules: AlertRules, desk: AlertDesk) -> Sequence[Alert]:
    now = desk.clock()
    longest = max((rule.quiet for rule in rules.rules), default=timedelta(0))
    with desk.database.read() as connection:
        standing = read_standing(connection, desk.log_id)
        found = stand(standing, rules.rules, last_raised(connection, now - longest), now)
        position = read_position(connection, desk.log_id)
    if not found or position is None:
        return ()
    quiet = {rule.name: rule for rule in rules.rules}
    with desk.database.write() as connection:
        # Holds the position: whoever else raises the same waits here, and then finds it raised.
        if not move_position(connection, desk.log_id, position.index, position.index):
            return ()
        said = last_raised(connection, now - longest)
        found = tuple(alert for alert in found if not is_quiet(quiet[alert.rule], alert.subject, alert.at, said))
        _write(connection, found, desk)
    _say(found)
    return found


def _last(connection: Connection, rules: Sequence[Rule], seen: Sequence[Seen]) -> LastRaised:
    if not seen:
        return {}
    return last_raised(connection, seen[0].at - max((rule.quiet for rule in rules), default=timedelta(0)))


def _write(connection: Connection, alerts: Sequence[Alert], desk: AlertDesk) -> None:
    at = utc_text(desk.clock())
    for alert in alerts:
        named, facts = desk.new_id(), told(alert)
        new = NewAlert(named, alert.rule, alert.subject, alert.at, facts, alert.channels, event(named, alert.rule, facts, "raised"))
        write_alert(connection, new, at, desk.log.append_in)


def _say(alerts: Sequence[Alert]) -> None:
    """The log is told always, and first."""
    for alert in alerts:
        logger().warning(
            "alert", rule=alert.rule, kind=alert.kind, severity=alert.severity, said=alert.said, entries=list(alert.entries)
        )
