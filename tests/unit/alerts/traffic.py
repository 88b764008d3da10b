"""Entries as the log would give them, made for rules to be tried on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from gateway.alerts.evaluate import evaluate
from gateway.alerts.memory import Seen
from gateway.alerts.rules import Alert, Rule

MONDAY = datetime(2026, 11, 2, 15, tzinfo=UTC)
"""Nine in the morning in Chicago, on a day of work."""
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
ELEMENTS = frozenset({"candidates.firstName", "candidates.lastSurname"})


def disclosed(at: datetime, rows: int = 100, client: str = "sis", elements: frozenset[str] = ELEMENTS) -> Seen:
    """One disclosure."""
    return Seen(
        0, f"entry {client} {at.isoformat()}", at, "disclosed", client, ("lakeside", "riverton"), "agreement", elements, rows
    )


def refused(at: datetime, client: str = "sis") -> Seen:
    """One refusal."""
    return Seen(0, f"refusal {client} {at.isoformat()}", at, "refused", client, ("riverton",))


def days_of_work(rows: int, days: int = 28, hour: int = 0, client: str = "sis") -> list[Seen]:
    """So many rows on each day up to the day before `MONDAY` plus four weeks, weekends too; `hour` after nine in Chicago."""
    first = MONDAY + timedelta(days=28 - days)
    return [disclosed(first + timedelta(days=day, hours=hour), rows, client) for day in range(days)]


TODAY = MONDAY + timedelta(days=28)


def raised(rule: Rule, seen: Iterable[Seen], since: datetime = LONG_AGO) -> tuple[Alert, ...]:
    """What a rule raises of entries."""
    return evaluate(seen, {}, {}, [rule], since).alerts
