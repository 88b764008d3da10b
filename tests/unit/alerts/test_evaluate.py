"""Properties of the evaluation: parts give what the whole gives, nothing is said twice within its quiet period."""

from __future__ import annotations

import json
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.alerts.evaluate import evaluate
from gateway.alerts.memory import Memory, Seen
from gateway.alerts.rules import Alert, FirstUse, LastRaised, OffHours, Refusals, Rule, Volume
from tests.unit.alerts.traffic import LONG_AGO, MONDAY, disclosed, refused

RULES: tuple[Rule, ...] = (
    Volume(name="volume", floor=50, new_floor=300, known_after=2),
    OffHours(name="night", rows=50, known_after=2, quiet=timedelta(hours=3)),
    FirstUse(name="first", settle=timedelta(days=1)),
    Refusals(name="refused", count=3, within=timedelta(hours=12), quiet=timedelta(hours=1)),
)
ELEMENT = st.sampled_from(["a", "b", "c", "d", "e"]).map(lambda name: f"candidates.{name}")


@st.composite
def traffic(draw: st.DrawFn) -> list[Seen]:
    """Entries of two clients in the order of their time, over some days."""
    gaps = draw(st.lists(st.integers(0, 900), min_size=1, max_size=60))
    at, seen = MONDAY, []
    for gap in gaps:
        at += timedelta(minutes=gap)
        client = draw(st.sampled_from(["sis", "other"]))
        if draw(st.booleans()):
            elements = frozenset(draw(st.sets(ELEMENT, min_size=1, max_size=3)))
            seen.append(disclosed(at, draw(st.integers(0, 400)), client, elements))
        else:
            seen.append(refused(at, client))
    return seen


@given(traffic(), st.data())
@settings(max_examples=150)
def test_a_log_evaluated_in_parts_raises_what_it_raises_as_a_whole(seen: list[Seen], data: st.DataObject) -> None:
    whole = evaluate(seen, {}, {}, RULES, LONG_AGO)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(seen)), max_size=6)))
    alerts: list[Alert] = []
    memories: dict[str, Memory] = {}
    last: LastRaised = {}
    for begin, end in zip([0, *cuts], [*cuts, len(seen)], strict=True):
        part = evaluate(seen[begin:end], memories, last, RULES, LONG_AGO)
        alerts += part.alerts
        # As the database keeps it between two turns.
        memories = {name: Memory.from_json(json.loads(json.dumps(memory.to_json()))) for name, memory in part.memories.items()}
        last = part.last
    assert tuple(alerts) == whole.alerts
    assert memories == whole.memories


@given(traffic())
@settings(max_examples=150)
def test_no_rule_says_the_same_twice_within_its_quiet_period(seen: list[Seen]) -> None:
    quiet = {rule.name: rule.quiet for rule in RULES}
    last: dict[tuple[str, str], Alert] = {}
    for alert in evaluate(seen, {}, {}, RULES, LONG_AGO).alerts:
        before = last.get((alert.rule, alert.subject))
        assert before is None or alert.at - before.at >= quiet[alert.rule]
        last[alert.rule, alert.subject] = alert


@given(st.integers(1, 100_000), st.integers(6, 40), st.integers(0, 23))
def test_who_does_the_same_every_day_raises_nothing(rows: int, days: int, hour: int) -> None:
    rules: tuple[Rule, ...] = (
        Volume(name="volume", floor=0, new_floor=100_000),
        OffHours(name="night", rows=100_000),
        FirstUse(name="first"),
    )
    seen = [disclosed(MONDAY + timedelta(days=day, hours=hour), rows) for day in range(days)]
    assert evaluate(seen, {}, {}, rules, LONG_AGO).alerts == ()


@given(traffic())
def test_an_alert_names_its_clients_entries_and_counts_only(seen: list[Seen]) -> None:
    entries = {known.entry: known.client for known in seen}
    for alert in evaluate(seen, {}, {}, RULES, LONG_AGO).alerts:
        assert alert.client in {"sis", "other"}
        assert {entries[entry] for entry in alert.entries} == {alert.client}
        assert set(alert.elements) <= {path for known in seen for path in known.elements}
