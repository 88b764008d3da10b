"""Judge (pure): whether one entry of the log is something that a rule raises, given what is remembered of its client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from statistics import median

from gateway.alerts.memory import Memory, Seen
from gateway.alerts.rules import KIND_OF, MOST_NAMED, Alert, FirstUse, Habit, OffHours, Refusals, Rule, Volume

OF_NORMAL = 1.4826
"""Median absolute deviation times this is the standard deviation, where days are distributed normally."""
LEAST_SPREAD = 0.25
"""Of the median: who reads the same every day may still read a little more."""


def judge(rule: Rule, seen: Seen, before: Memory, after: Memory) -> Alert | None:
    """The alert that an entry makes under a rule; `before` and `after` are the client's memory without and with the entry.

    None for the kinds of rule that look at how things stand, not at entries.
    """
    match rule:
        case Volume():
            return _volume(rule, seen, after)
        case OffHours():
            return _off_hours(rule, seen, after)
        case FirstUse():
            return _first_use(rule, seen, before)
        case Refusals():
            return _refusals(rule, seen, after)
    return None


def most_of_habit(rule: Habit, history: Sequence[int]) -> int | None:
    """The most rows a day that are still the client's habit; None where too few days are known.

    The median of its days and their median absolute deviation, not mean and variance: one day that was raised does not move them.
    """
    if len(history) < rule.known_after:
        return None
    middle = median(history)
    spread = OF_NORMAL * median(abs(rows - middle) for rows in history)
    return int(middle + rule.times * max(spread, LEAST_SPREAD * middle))


def _volume(rule: Volume, seen: Seen, after: Memory) -> Alert | None:
    if not seen.rows:
        return None
    today = seen.at.astimezone(rule.zone).date()

    def day(hour: datetime) -> date:
        return hour.astimezone(rule.zone).date()

    rows = after.summed(seen.at - timedelta(hours=26), day).get(today, 0)
    if rows <= rule.floor:
        return None
    habit = most_of_habit(rule, _history(rule, today, after.summed(seen.at - timedelta(days=rule.days + 1), day)))
    most = rule.new_floor if habit is None else max(rule.floor, habit)
    if rows <= most:
        return None
    usual = f"it has no habit yet, and more than {most:,} a day are told" if habit is None else f"usual are up to {most:,} a day"
    said = f"{seen.client} got {rows:,} rows on {today}; {usual}."
    return _raised(rule, seen, seen.client, said, counts={"rows": rows, "most": most})


def _off_hours(rule: OffHours, seen: Seen, after: Memory) -> Alert | None:
    if not seen.rows or rule.hours.cover(seen.at.astimezone(rule.zone)):
        return None

    def night(hour: datetime) -> date | None:
        local = hour.astimezone(rule.zone)
        return None if rule.hours.cover(local) else (local - timedelta(hours=rule.hours.end)).date()

    def as_long(evening: date) -> bool:
        # A night before a day without work goes on through that day: it is held against others like it.
        return _work_follows(rule, evening) == _work_follows(rule, tonight)

    tonight = (seen.at.astimezone(rule.zone) - timedelta(hours=rule.hours.end)).date()
    rows = after.summed(seen.at - timedelta(hours=26), night).get(tonight, 0)
    if rows <= rule.rows:
        return None
    nights = after.summed(seen.at - timedelta(days=rule.days + 1), night)
    habit = most_of_habit(rule, _history(rule, tonight, {evening: count for evening, count in nights.items() if as_long(evening)}))
    most = max(rule.rows, habit or 0)
    if rows <= most:
        return None
    said = f"{seen.client} got {rows:,} rows outside the working hours since the evening of {tonight}; up to {most:,} are usual."
    return _raised(rule, seen, seen.client, said, counts={"rows": rows, "most": most})


def _first_use(rule: FirstUse, seen: Seen, before: Memory) -> Alert | None:
    if seen.what != "disclosed" or before.first is None or seen.at - before.first < rule.settle:
        return None
    new = sorted(seen.elements - before.used)
    if not new:
        return None
    shown = ", ".join(new[:3]) + (f" and {len(new) - 3} more" if new[3:] else "")
    said = f"{seen.client} used {shown} for the first time."
    # Elements are known from here on, so each is raised once; other ones are another subject.
    return _raised(rule, seen, f"{seen.client} {new[0]}", said, elements=tuple(new[:MOST_NAMED]), counts={"elements": len(new)})


def _refusals(rule: Refusals, seen: Seen, after: Memory) -> Alert | None:
    if seen.what != "refused":
        return None
    recent = [entry for at, entry in after.refused if seen.at - at < rule.within]
    if len(recent) < rule.count:
        return None
    said = f"{seen.client} was refused {len(recent)} times in a row."
    entries = tuple(recent[-MOST_NAMED:])
    return _raised(rule, seen, seen.client, said, counts={"refusals": len(recent)}, entries=entries)


def _work_follows(rule: OffHours, evening: date) -> bool:
    return (evening + timedelta(days=1)).weekday() in rule.hours.days


def _history(rule: Habit, day: date, summed: Mapping[date, int]) -> list[int]:
    return [rows for known, rows in summed.items() if day - timedelta(days=rule.days) <= known < day]


def _raised(
    rule: Rule,
    seen: Seen,
    subject: str,
    said: str,
    *,
    counts: Mapping[str, int],
    elements: tuple[str, ...] = (),
    entries: tuple[str, ...] = (),
) -> Alert:
    """An alert about a client, because of an entry."""
    return Alert(
        rule=rule.name,
        kind=KIND_OF[type(rule)],
        severity=rule.severity,
        channels=rule.channels,
        subject=subject,
        at=seen.at,
        said=said,
        client=seen.client,
        agreement=seen.agreement,
        elements=elements,
        counts=counts,
        entries=entries or (seen.entry,),
        institutions=seen.institutions,
    )
