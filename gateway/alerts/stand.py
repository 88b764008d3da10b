"""Stand (pure): what is raised by how things stand now, whoever did or did not do something."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.alerts.rules import (
    KIND_OF,
    MOST_NAMED,
    AgreementEnd,
    Alert,
    LastRaised,
    OverdueCertification,
    Rule,
    SourceLate,
    WitnessStale,
    is_quiet,
)
from gateway.store.turns import Freshness


@dataclass(frozen=True)
class Ending:
    """An agreement that is in force or suspended, and the last day of its term in its own time zone."""

    agreement: str
    version: int
    parties: tuple[str, ...]
    last_day: date
    zone: str


@dataclass(frozen=True)
class DueCertification:
    """What a recipient must certify that it destroyed, and until when; gone from the list once it did."""

    agreement: str
    recipient: str
    parties: tuple[str, ...]
    due_at: datetime


@dataclass(frozen=True)
class Standing:
    """How things stand: agreements that have an end, certifications that are due, when a witness cosigned last (None: there is no
    witness), and every source."""

    endings: Sequence[Ending] = ()
    certifications: Sequence[DueCertification] = ()
    witnessed_at: datetime | None = None
    sources: Sequence[Freshness] = ()


def stand(standing: Standing, rules: Sequence[Rule], last: LastRaised, now: datetime) -> tuple[Alert, ...]:
    """What is raised now, without what each rule is still quiet about."""
    return tuple(
        alert for rule in rules for alert in _raised(rule, standing, now) if not is_quiet(rule, alert.subject, alert.at, last)
    )


def _raised(rule: Rule, standing: Standing, now: datetime) -> Iterator[Alert]:
    match rule:
        case AgreementEnd():
            for ending in standing.endings:
                left = ending.last_day - now.astimezone(ZoneInfo(ending.zone)).date()
                if timedelta(0) <= left <= rule.before:
                    said = f"The term of {ending.agreement} (version {ending.version}) ends on {ending.last_day}."
                    yield _alert(
                        rule,
                        now,
                        f"{ending.agreement} {ending.version}",
                        said,
                        ending.parties,
                        {"days": left.days},
                        ending.agreement,
                    )
        case OverdueCertification():
            for due in standing.certifications:
                late = now - due.due_at
                if late > rule.grace:
                    said = f"{due.recipient} has not certified the destruction of what it received under {due.agreement}."
                    yield _alert(
                        rule, now, f"{due.agreement} {due.recipient}", said, due.parties, {"days": late.days}, due.agreement
                    )
        case WitnessStale() if standing.witnessed_at is not None:
            age = now - standing.witnessed_at
            if age > rule.after:
                minutes = int(age.total_seconds() // 60)
                yield _alert(rule, now, "log", f"No witness cosigned the log for {minutes:,} minutes.", (), {"minutes": minutes})
        case SourceLate():
            yield from _late(rule, standing, now)


def _late(rule: SourceLate, standing: Standing, now: datetime) -> Iterator[Alert]:
    late: dict[tuple[str, str], list[Freshness]] = {}
    for fresh in standing.sources:
        if fresh.is_late(now):
            late.setdefault((fresh.provider, fresh.source), []).append(fresh)
    for (provider, source), resources in late.items():
        named = ", ".join(fresh.resource for fresh in resources[:MOST_NAMED])
        said = f"The source {source} of {provider} is late: {named}."
        yield _alert(rule, now, f"{provider} {source}", said, (provider,), {"resources": len(resources)})


def _alert(
    rule: Rule,
    now: datetime,
    subject: str,
    said: str,
    institutions: tuple[str, ...],
    counts: Mapping[str, int],
    agreement: str | None = None,
) -> Alert:
    return Alert(
        rule=rule.name,
        kind=KIND_OF[type(rule)],
        severity=rule.severity,
        channels=rule.channels,
        subject=subject,
        at=now,
        said=said,
        agreement=agreement,
        counts=counts,
        institutions=institutions,
    )
