"""Try rules out on what the log holds already: what they would have raised. Nothing is stored, sent or put on the log."""

from __future__ import annotations

from datetime import datetime
from itertools import islice

from gateway.alerts.evaluate import evaluate
from gateway.alerts.memory import Memory, read_leaf
from gateway.alerts.read_standing import read_standing
from gateway.alerts.rules import Alert, AlertRules, LastRaised
from gateway.alerts.stand import stand
from gateway.alerts.watch import STEP
from gateway.store.audit_log import read_entries
from gateway.store.engine import Database


def try_out(rules: AlertRules, database: Database, log_id: int, since: datetime, now: datetime) -> tuple[Alert, ...]:
    """What the log's entries since a moment would have raised, with all entries before it as habits, and what is raised by how
    things stand now (how they stood in the past the log does not say)."""
    found: list[Alert] = []
    memories: dict[str, Memory] = {}
    last: LastRaised = {}
    with database.read() as connection:
        entries = read_entries(connection, log_id)
        while step := list(islice(entries, STEP)):
            seen = [known for entry in step if (known := read_leaf(entry.index, entry.leaf)) is not None]
            evaluated = evaluate(seen, memories, last, rules.rules, since)
            found += evaluated.alerts
            memories, last = dict(evaluated.memories), evaluated.last
        standing = read_standing(connection, log_id)
    return (*found, *stand(standing, rules.rules, last, now))
