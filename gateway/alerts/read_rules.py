"""Read a file of alert rules (YAML, version 1); every mistake is told at its line and column."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta, tzinfo
from pathlib import Path
from typing import cast, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from ruamel.yaml.nodes import Node

from connectors.place import Place
from connectors.schedule import read_distance
from gateway.alerts.memory import LONGEST_HABIT, MOST_REFUSALS
from gateway.alerts.read_channels import read_channels
from gateway.alerts.rules import KINDS, NAME, WEEKDAYS, AlertRules, Channel, Hours, Rule, Severity, Volume
from gateway.domain.compose_yaml import compose_text, read_text
from gateway.domain.yaml_nodes import Entry, NodeReader
from gateway.errors import FileErrors

TOP = ("version", "timezone", "hours", "channels", "rules")
COMMON = ("kind", "severity", "channels", "quiet", "timezone", "hours")
HOURS = ("from", "to", "days")
SEVERITIES: tuple[str, ...] = get_args(Severity)
_CLOCK = re.compile(r"([01]?[0-9]|2[0-4]):00")
_MANY = 10**12
_EXAMPLES = {
    "kind": "kind: volume_above_habit",
    "rules": "rules: and under it one name with its kind",
    "version": "version: 1",
}


@dataclass(frozen=True)
class Whole:
    """A number of a rule, from `low` to `high`."""

    low: int
    high: int


PARAMETERS: Mapping[str, Mapping[str, Whole | None]] = {
    "volume_above_habit": {
        "floor": Whole(0, _MANY),
        "new_floor": Whole(0, _MANY),
        "times": Whole(1, 100),
        "days": Whole(7, LONGEST_HABIT),
        "known_after": Whole(2, LONGEST_HABIT),
    },
    "first_use": {"settle": None},
    "off_hours_bulk": {
        "rows": Whole(0, _MANY),
        "times": Whole(1, 100),
        "days": Whole(7, LONGEST_HABIT),
        "known_after": Whole(2, LONGEST_HABIT),
    },
    "refusals_in_a_row": {"count": Whole(1, MOST_REFUSALS), "within": None},
    "agreement_near_end": {"before": None},
    "overdue_certification": {"grace": None},
    "witness_stale": {"after": None},
    "source_late": {},
}
"""What each kind takes beside `COMMON`; None is a length of time. The standards are those of its class in `rules`."""


@dataclass(frozen=True)
class _Standards:
    """What a rule has that says nothing of it itself."""

    zone: tzinfo = UTC
    hours: Hours = field(default_factory=Hours)


def read_rules_file(path: Path, environ: Mapping[str, str]) -> AlertRules:
    """The rules of a file; `environ` fills `${NAME}`, a path is relative to the file's own folder.

    Raises `FileErrors` with every mistake; `ConfigurationError` when the file cannot be opened.
    """
    reader = NodeReader(str(path), source=read_text(path, str(path)), examples=_EXAMPLES)
    rules = _read_top(reader, compose_text(reader.source, reader.file), Place(path.parent, environ))
    if reader.problems:
        raise FileErrors(tuple(sorted(reader.problems)))
    return rules


def _read_top(reader: NodeReader, root: Node, place: Place) -> AlertRules:
    top = reader.entries(root, "the rules file", TOP, ("version", "rules"))
    if "version" in top:
        reader.choice(top["version"].value, "version", ("1",))
    standards = _standards(reader, top, _Standards())
    channels = read_channels(reader, top["channels"].value, place) if "channels" in top else {}
    rules: list[Rule] = []
    if "rules" in top:
        found = reader.entries(top["rules"].value, "rules")
        if not found:
            reader.problem(top["rules"].value, "there is no rule", "name one or more under rules")
        for entry in found.values():
            rule = _rule(reader, entry, standards, channels)
            if rule is not None:
                rules.append(rule)
    return AlertRules(tuple(rules), {name: channel for name, channel in channels.items() if channel is not None})


def _rule(reader: NodeReader, entry: Entry, standards: _Standards, channels: Mapping[str, Channel | None]) -> Rule | None:
    if not NAME.fullmatch(entry.name):
        reader.problem(entry.key, f'"{entry.name}" is not the name of a rule', "use small letters, digits and inner hyphens")
    kind = _kind(reader, entry.value)
    if kind is None:
        return None
    members = reader.entries(entry.value, f"a rule of kind {kind}", (*COMMON, *PARAMETERS[kind]))
    found: dict[str, object] = {"name": entry.name}
    if "severity" in members:
        found["severity"] = cast("Severity", reader.choice(members["severity"].value, "severity", SEVERITIES))
    if "channels" in members:
        found["channels"] = _told(reader, members["channels"].value, channels)
    if "quiet" in members:
        found["quiet"] = read_distance(reader, members["quiet"].value, "quiet")
    own = _standards(reader, members, standards)
    for name, whole in PARAMETERS[kind].items():
        if name in members:
            found[name] = _parameter(reader, members[name], whole)
    if reader.problems:
        return None
    # Each value was read as its class has it; what was not is a problem above.
    made = cast("Callable[..., Rule]", KINDS[kind])(**found)
    if isinstance(made, Volume) and made.new_floor < made.floor:
        said = f"new_floor ({made.new_floor}) is below floor ({made.floor}), up to which nothing is told"
        reader.problem(entry.value, said, "raise new_floor, or lower floor")
    return replace(made, zone=own.zone, hours=own.hours)


def _kind(reader: NodeReader, node: Node) -> str | None:
    """The kind, looked up before anything is judged: it decides what else may stand there."""
    silent = NodeReader("")
    named = silent.entries(node, "a rule").get("kind")
    if named is None:
        # Says what is wrong: no mapping, or no kind in it.
        reader.entries(node, "a rule", None, ("kind",))
        return None
    return reader.choice(named.value, "kind", KINDS)


def _parameter(reader: NodeReader, entry: Entry, whole: Whole | None) -> int | timedelta | None:
    if whole is None:
        return read_distance(reader, entry.value, entry.name)
    return reader.whole(entry.value, entry.name, whole.low, whole.high)


def _told(reader: NodeReader, node: Node, channels: Mapping[str, Channel | None]) -> tuple[str, ...]:
    named: list[str] = []
    for item in reader.items(node, "channels"):
        name = reader.text(item, "channels")
        if name is None:
            continue
        if name not in channels:
            known = reader.suggestion(name, channels) or (
                f"the file has {', '.join(sorted(channels))}" if channels else "describe it under channels at the top of the file"
            )
            reader.problem(item, f'"{name}" is not a channel of this file', known)
        elif name in named:
            reader.problem(item, f'"{name}" stands twice', "keep one of them")
        named.append(name)
    return tuple(named)


def _standards(reader: NodeReader, members: Mapping[str, Entry], standards: _Standards) -> _Standards:
    zone = _zone(reader, members["timezone"].value) if "timezone" in members else None
    hours = _hours(reader, members["hours"].value, standards.hours) if "hours" in members else None
    return _Standards(zone or standards.zone, hours or standards.hours)


def _zone(reader: NodeReader, node: Node) -> ZoneInfo | None:
    name = reader.words(node, "timezone")
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        fix = reader.suggestion(name, available_timezones()) or "write a region and a city, as in America/Chicago"
        reader.problem(node, f'"{name}" is not a time zone', fix)
        return None


def _hours(reader: NodeReader, node: Node, standard: Hours) -> Hours | None:
    entries = reader.entries(node, "hours", HOURS)
    begin = _clock(reader, entries["from"], "from") if "from" in entries else standard.begin
    end = _clock(reader, entries["to"], "to") if "to" in entries else standard.end
    days = standard.days
    if "days" in entries:
        named = [reader.choice(item, "weekday", WEEKDAYS) for item in reader.items(entries["days"].value, "days")]
        days = frozenset(WEEKDAYS.index(day) for day in named if day is not None)
        if not days and not reader.problems:
            reader.problem(entries["days"].value, "no day is a day of work", "name one or more, as in [mon, tue]")
    if begin is None or end is None:
        return None
    if begin >= end:
        reader.problem(node, "the working hours end before they begin", "write from: the earlier, to: the later, of one day")
        return None
    return Hours(begin, end, days)


def _clock(reader: NodeReader, entry: Entry, what: str) -> int | None:
    text = reader.text(entry.value, what)
    if text is None:
        return None
    found = _CLOCK.fullmatch(text)
    if found is None:
        reader.problem(entry.value, f'"{text}" is not a whole hour, as {what} must be', 'write it as in "07:00"')
        return None
    return int(found[1])
