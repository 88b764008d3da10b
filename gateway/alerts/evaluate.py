"""Evaluate (pure): what a stretch of the audit log raises. A log evaluated in parts raises what it raises as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.alerts.judge import judge
from gateway.alerts.memory import Memory, Seen
from gateway.alerts.rules import Alert, LastRaised, Rule, is_quiet

NEW = Memory()


@dataclass(frozen=True)
class Evaluated:
    """What was raised, the memory of each client that was seen, and when each rule and subject was raised last."""

    alerts: tuple[Alert, ...]
    memories: Mapping[str, Memory]
    last: LastRaised


def evaluate(
    seen: Iterable[Seen], memories: Mapping[str, Memory], last: LastRaised, rules: Sequence[Rule], since: datetime
) -> Evaluated:
    """Entries in their order; `memories` and `last` are those of what came before them. What happened before `since` teaches what
    is usual and raises nothing."""
    alerts: list[Alert] = []
    known, said = dict(memories), dict(last)
    for entry in seen:
        before = known.get(entry.client, NEW)
        after = known[entry.client] = before.after(entry)
        if entry.at < since:
            continue
        for rule in rules:
            alert = judge(rule, entry, before, after)
            if alert is not None and not is_quiet(rule, alert.subject, alert.at, said):
                alerts.append(alert)
                said[rule.name, alert.subject] = alert.at
    return Evaluated(tuple(alerts), known, said)
