"""When a source is synced by the server: a crontab line or a distance, and how late it may be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from ruamel.yaml.nodes import Node, ScalarNode

from gateway.domain.yaml_nodes import NodeReader

_DISTANCE = re.compile(r"([1-9][0-9]{0,3}) ?(m|h|d)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_CRON = re.compile(r"[0-9*/,\-]+( [0-9*/,\-]+){2} [0-9*/,\-A-Za-z]+ [0-9*/,\-A-Za-z]+")


@dataclass(frozen=True)
class Schedule:
    """`cron` has five fields, read in the time zone `zone`; or `every` so long after the last start. A source whose last good
    sync is older than `late_after` is late."""

    cron: str = ""
    every: timedelta | None = None
    zone: str = "UTC"
    late_after: timedelta | None = None


def read_schedule(reader: NodeReader, node: Node) -> Schedule | None:
    """`every: 30m`, or `cron: "15 2 * * *"` with a `zone`; `late_after: 26h` beside either."""
    if isinstance(node, ScalarNode):
        reader.problem(node, "schedule must say every or cron", "write {every: 1h}, or {cron: '15 2 * * *', zone: America/Chicago}")
        return None
    entries = reader.entries(node, "schedule", ("every", "cron", "zone", "late_after"))
    if ("every" in entries) == ("cron" in entries):
        reader.problem(node, "schedule must have either every or cron", "write every: 1h, or cron: '15 2 * * *'")
        return None
    every = read_distance(reader, entries["every"].value, "every") if "every" in entries else None
    late = read_distance(reader, entries["late_after"].value, "late_after") if "late_after" in entries else None
    cron = (reader.words(entries["cron"].value, "cron") or "") if "cron" in entries else ""
    if cron and not _CRON.fullmatch(cron):
        reader.problem(
            entries["cron"].value, f'"{cron}" is not a crontab line', "write minute hour day month weekday, as in 15 2 * * *"
        )
    zone = (reader.words(entries["zone"].value, "zone") or "UTC") if "zone" in entries else "UTC"
    return Schedule(cron, every, zone, late)


def read_distance(reader: NodeReader, node: Node, what: str) -> timedelta | None:
    """A length of time: a number with m, h or d."""
    text = reader.text(node, what)
    if text is None:
        return None
    found = _DISTANCE.fullmatch(text)
    if found is None:
        reader.problem(node, f'"{text}" is not a length of time, as {what} must be', "write a number with m, h or d, as in 30m")
        return None
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
