"""Say an alert (pure): the members that are stored and posted, and the mail that people read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any, Literal

import orjson

from gateway.alerts.rules import Alert, Email
from gateway.domain.auditing import AuditEvent
from gateway.domain.identifiers import InstitutionId
from gateway.store.alerts import RaisedAlert

EVENT = "alert"


class NotSent(Exception):
    """A channel did not take an alert; the text says why and what to do, without an address's query, a secret or an answer."""


def told(alert: Alert) -> dict[str, Any]:
    """What an alert names, as it is stored."""
    return {
        "kind": alert.kind,
        "severity": alert.severity,
        "said": alert.said,
        "client": alert.client,
        "agreement": alert.agreement,
        "elements": list(alert.elements),
        "counts": {name: str(count) for name, count in alert.counts.items()},
        "entries": list(alert.entries),
        "institutions": list(alert.institutions),
    }


def event(alert_id: str, rule: str, facts: Mapping[str, Any], outcome: str, **more: str) -> AuditEvent:
    """What happened to an alert, for the log: `raised`, `sent`, `dropped` or `acknowledged`."""
    leaf: dict[str, object] = {"alert": alert_id, "rule": rule, "outcome": outcome, **more}
    if outcome == "raised":
        leaf |= {name: facts[name] for name in ("severity", "elements", "counts", "entries")}
        leaf |= {name: facts[name] for name in ("client", "agreement") if facts[name] is not None}
        leaf["rule_kind"] = facts["kind"]
    return AuditEvent(EVENT, leaf, tuple(InstitutionId(named) for named in facts["institutions"]))


def looked(outcome: Literal["listed", "tried"], actor: str, alerts: int) -> AuditEvent:
    """Somebody at a terminal listed what was raised, or tried rules on what the log holds."""
    return AuditEvent(EVENT, {"outcome": outcome, "actor": f"operator {actor}", "alerts": str(alerts)})


def payload(alert: RaisedAlert, origin: str) -> bytes:
    """The body of a webhook, in the shape that standardwebhooks.com proposes; `origin` is the log's."""
    facts = {name: value for name, value in alert.told.items() if name != "institutions"}
    members = {"id": alert.id, "rule": alert.rule, "at": alert.at, "log": origin, **facts}
    return orjson.dumps({"type": "gateway.alert", "timestamp": alert.raised_at, "data": members})


def mail(alert: RaisedAlert, channel: Email, origin: str) -> EmailMessage:
    """One mail for people."""
    facts = alert.told
    message = EmailMessage()
    message["From"] = channel.sender
    message["To"] = ", ".join(channel.to)
    message["Subject"] = f"Gateway alert ({facts['severity']}): {alert.rule}"
    message["Date"] = format_datetime(datetime.fromisoformat(alert.raised_at))
    message["Message-ID"] = f"<{alert.id}@{channel.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    lines = [facts["said"], "", f"Rule: {alert.rule} ({facts['kind']})", f"At: {alert.at}", f"Log: {origin}"]
    for name in ("client", "agreement"):
        if facts[name] is not None:
            lines.append(f"{name.capitalize()}: {facts[name]}")
    for name in ("elements", "entries"):
        if facts[name]:
            lines += [f"{name.capitalize()}:", *(f"  {each}" for each in facts[name])]
    lines += ["", f"When you have looked at it: gateway alerts ack {alert.id} --as INSTITUTION/NAME", ""]
    message.set_content("\n".join(lines))
    return message
