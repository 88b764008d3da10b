"""Tell: hand what was raised to its channels. What a channel does not take waits, and is tried again at a later turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from connectors.secrets import Secrets
from gateway.alerts.message import NotSent, event, mail, payload
from gateway.alerts.rules import Channel, Email
from gateway.alerts.send_email import send_email
from gateway.alerts.send_webhook import send_webhook
from gateway.audit import AuditLog
from gateway.domain.times import utc_text
from gateway.errors import ConfigurationError
from gateway.store.alerts import (
    DROPPED,
    SENT,
    Delivery,
    RaisedAlert,
    claim_delivery,
    due_deliveries,
    end_delivery,
    put_off,
)
from gateway.store.engine import Database
from gateway.telemetry import logger

MOST_AT_ONCE = 50
LONGEST = timedelta(minutes=1)
"""A turn begins to send no more after this: who stops the server waits for it."""
CLAIMED_FOR = timedelta(minutes=10)
"""Who dies while it sends leaves the alert to another after this."""
WAITS = tuple(timedelta(minutes=minutes) for minutes in (0, 2, 5, 15, 30, 60))
"""After the n-th try that failed; the first is tried again at the very next turn."""
Sender = Callable[[RaisedAlert, Channel], None]
"""Hands an alert to a channel. Raises `NotSent` or `ConfigurationError`."""


def sender(secrets: Secrets, origin: str, clock: Callable[[], datetime]) -> Sender:
    """What sends over the network; `origin` is the log's name, by which a receiver knows which gateway speaks."""

    def send(alert: RaisedAlert, channel: Channel) -> None:
        if isinstance(channel, Email):
            send_email(mail(alert, channel, origin), channel, secrets)
        else:
            send_webhook(alert.id, payload(alert, origin), channel, secrets, clock())

    return send


def tell_waiting(
    channels: Mapping[str, Channel], database: Database, log: AuditLog, clock: Callable[[], datetime], send: Sender
) -> None:
    """Send what is due, each by one process at a time, oldest first; a channel that fails is left alone until the next turn."""
    with database.read() as connection:
        waiting = due_deliveries(connection, utc_text(clock()), MOST_AT_ONCE)
    end = clock() + LONGEST
    failed: set[str] = set()
    for found in waiting:
        if found.channel in failed:
            continue
        if clock() > end:
            return
        with database.write() as connection:
            if not claim_delivery(connection, found, utc_text(clock() + CLAIMED_FOR)):
                continue
        channel = channels.get(found.channel)
        if channel is None:
            logger().warning("alert channel gone", alert=found.alert.id, rule=found.alert.rule, channel=found.channel)
            _end(found, DROPPED, database, log)
            continue
        why = _failure(found.alert, channel, send)
        if why is None:
            _end(found, SENT, database, log)
            continue
        failed.add(found.channel)
        logger().error("alert not sent", alert=found.alert.id, channel=found.channel, tries=found.attempts + 1, why=why)
        with database.write() as connection:
            put_off(connection, found, utc_text(clock() + WAITS[min(found.attempts, len(WAITS) - 1)]))


def _failure(alert: RaisedAlert, channel: Channel, send: Sender) -> str | None:
    try:
        send(alert, channel)
    except NotSent as why:
        return str(why)
    except ConfigurationError as why:
        return why.detail
    return None


def _end(found: Delivery, state: str, database: Database, log: AuditLog) -> None:
    alert = found.alert
    happened = event(alert.id, alert.rule, alert.told, state, channel=found.channel)
    with database.write() as connection:
        end_delivery(connection, found, state, happened, log.append_in)
