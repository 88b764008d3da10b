"""Acknowledge an alert: somebody registered says that they looked at it, and the log says who."""

from __future__ import annotations

from gateway.alerts.message import event
from gateway.alerts.watch import AlertDesk
from gateway.domain.auditing import AuditEntry
from gateway.domain.times import utc_text
from gateway.errors import RequestError
from gateway.steward import Steward
from gateway.store.alerts import acknowledge as write_acknowledged
from gateway.store.alerts import find_alert
from gateway.store.signatures import read_signatory


def acknowledge(alert_id: str, person: Steward, desk: AlertDesk) -> AuditEntry:
    """Note that a person who is registered for an institution that the alert is about looked at it.

    Raises `RequestError` when there is no such alert or person, when it is about others only, or is acknowledged already.
    """
    with desk.database.write() as connection:
        alert = find_alert(connection, alert_id)
        known = read_signatory(connection, person.provider, person.name)
        if known is None or known.retired_at is not None:
            raise RequestError(f"{person.provider} has registered no {person.name}. See who is: gateway signatory list")
        institutions = alert.told["institutions"]
        if institutions and person.provider not in institutions:
            raise RequestError(f"This alert is about {', '.join(institutions)}; somebody registered there acknowledges it.")
        if alert.acknowledged_at is not None:
            raise RequestError(f"{alert.acknowledged_by} acknowledged this alert at {alert.acknowledged_at}.")
        happened = event(alert.id, alert.rule, alert.told, "acknowledged", by=person.named, actor=person.actor)
        return write_acknowledged(connection, alert_id, person.named, utc_text(desk.clock()), happened, desk.log.append_in)
