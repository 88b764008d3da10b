"""The vocabulary of alerts: rules of each kind with their standard numbers, working hours, channels, and an alert itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Literal

from connectors.secrets import SecretRef

Severity = Literal["low", "medium", "high"]
NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
"""Of a rule or a channel."""
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_NAMED = 50
"""So many elements and entries an alert names; its counts say how many there are."""


@dataclass(frozen=True)
class Hours:
    """Working hours: from the hour `begin` until before the hour `end`, on `days` (0 is Monday), by the clocks of a rule's zone."""

    begin: int = 6
    end: int = 20
    days: frozenset[int] = frozenset(range(5))

    def cover(self, local: datetime) -> bool:
        """Whether a moment, in the rule's zone, is one of work."""
        return local.weekday() in self.days and self.begin <= local.hour < self.end


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What every rule has. The same rule says nothing more about the same subject within `quiet` of what it said last."""

    name: str
    severity: Severity = "medium"
    channels: tuple[str, ...] = ()
    quiet: timedelta = timedelta(hours=24)
    zone: tzinfo = UTC
    hours: Hours = Hours()


@dataclass(frozen=True, kw_only=True)
class Habit(Rule):
    """A rule that knows what a client usually reads: the median of its days with rows among the last `days`, plus `times` their
    spread. Where there are fewer than `known_after` such days it has no habit yet."""

    days: int = 28
    known_after: int = 5
    times: int = 4


@dataclass(frozen=True, kw_only=True)
class Volume(Habit):
    """More rows in one day than the client's habit, and than `floor`; than `new_floor` for a client without a habit."""

    floor: int = 5_000
    new_floor: int = 50_000


@dataclass(frozen=True, kw_only=True)
class OffHours(Habit):
    """More rows outside the working hours, from the end of work to the end of work a day later, than `rows` and than the habit."""

    rows: int = 1_000


@dataclass(frozen=True, kw_only=True)
class FirstUse(Rule):
    """An element that the client never got or compared before; one whose first disclosure is less than `settle` ago is new to
    everything."""

    settle: timedelta = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Refusals(Rule):
    """So many refusals of a client within `within`, and no disclosure among them."""

    count: int = 10
    within: timedelta = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class AgreementEnd(Rule):
    """An agreement in force or suspended whose last day is at most `before` away, counted in days of its own time zone."""

    before: timedelta = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class OverdueCertification(Rule):
    """A recipient's certification of destruction that is more than `grace` late."""

    grace: timedelta = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class WitnessStale(Rule):
    """The last checkpoint that a witness cosigned is older than `after`; a log without witnesses is never stale."""

    after: timedelta = timedelta(hours=4)


@dataclass(frozen=True, kw_only=True)
class SourceLate(Rule):
    """A source whose last good sync is older than its own schedule lets it be (`late_after` in the source file)."""


KINDS: Mapping[str, type[Rule]] = {
    "volume_above_habit": Volume,
    "first_use": FirstUse,
    "off_hours_bulk": OffHours,
    "refusals_in_a_row": Refusals,
    "agreement_near_end": AgreementEnd,
    "overdue_certification": OverdueCertification,
    "witness_stale": WitnessStale,
    "source_late": SourceLate,
}
KIND_OF: Mapping[type[Rule], str] = {rule: kind for kind, rule in KINDS.items()}


@dataclass(frozen=True)
class Email:
    """A mail server and who is written to. `implicit` TLS begins at once (port 465), else with STARTTLS; never without."""

    host: str
    port: int
    sender: str
    to: tuple[str, ...]
    user: str | None = None
    password: SecretRef | None = None
    implicit: bool = False
    ca_file: Path | None = None


@dataclass(frozen=True)
class Webhook:
    """An address that alerts are posted to, signed with a shared secret. `loopback` and `private` say that it may be on this
    machine, where plain http is allowed too, and on a network of the operator's own."""

    url: str
    secret: SecretRef
    loopback: bool = False
    private: bool = False
    ca_file: Path | None = None


Channel = Email | Webhook


@dataclass(frozen=True)
class AlertRules:
    """One file: its rules and its channels, by name."""

    rules: tuple[Rule, ...]
    channels: Mapping[str, Channel] = field(default_factory=dict)


@dataclass(frozen=True)
class Alert:
    """Something to look at. It names clients, agreements, element paths, counts and entries of the log, never a person or a value.

    `subject` is what the rule keeps quiet about once it was raised; `at` the moment that it is about; `institutions` those whose
    officers may see it; `said` one sentence.
    """

    rule: str
    kind: str
    severity: Severity
    channels: tuple[str, ...]
    subject: str
    at: datetime
    said: str
    client: str | None = None
    agreement: str | None = None
    elements: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    entries: tuple[str, ...] = ()
    institutions: tuple[str, ...] = ()


LastRaised = Mapping[tuple[str, str], datetime]
"""When each (rule, subject) was raised last: the moments that those alerts are about."""


def is_quiet(rule: Rule, subject: str, at: datetime, last: LastRaised) -> bool:
    """Whether the rule said something about this subject so shortly before that it is not said again."""
    said = last.get((rule.name, subject))
    return said is not None and at - said < rule.quiet
