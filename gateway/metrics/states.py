"""How the sources and the alerts stand, read from the database when somebody scrapes: any of several processes tells the same."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.store.alerts import open_alerts
from gateway.store.engine import Database
from gateway.store.turns import ENDS, LastTurn, ResourceState, last_turns, resource_states
from gateway.telemetry import logger

PATIENCE_SECONDS = 3.0
"""A Prometheus gives a scrape ten seconds."""
OF_RESOURCE = ("provider", "source", "resource")


@dataclass(frozen=True)
class Standing:
    """Every resource of every source, the last turn of each source that has a schedule, and how many alerts of each rule are
    open."""

    resources: Sequence[ResourceState]
    turns: Sequence[LastTurn]
    alerts: Sequence[tuple[str, int]]


def read_standing(database: Database) -> Standing:
    """How they stand, in one snapshot."""
    with database.read() as connection:
        return Standing(list(resource_states(connection)), list(last_turns(connection)), open_alerts(connection))


class SourceStates(Collector):
    """Reads at each scrape, and no longer than `seconds`: a database that does not answer is told, and keeps no scrape waiting."""

    def __init__(self, read: Callable[[], Standing], clock: Callable[[], datetime], seconds: float = PATIENCE_SECONDS) -> None:
        self._read = read
        self._clock = clock
        self._seconds = seconds
        self._turn = threading.Lock()
        self._reading: Future[Standing] | None = None
        self._told = False

    def describe(self) -> Iterable[Metric]:
        """Nothing: a registry that is put together would else read the database."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Whether the database could be read, and if so what stands in it."""
        found = self._in_time()
        yield GaugeMetricFamily(
            "gateway_database_up", "Whether the database could be read for this scrape.", float(found is not None)
        )
        if found is not None:
            yield from _of_resources(found.resources, self._clock())
            yield _turns_failed(found)
            yield _alerts_open(found)

    def _in_time(self) -> Standing | None:
        with self._turn:
            # One at a time, for all who scrape: behind a database that hangs no second one waits.
            if self._reading is None or self._reading.done():
                self._reading = Future()
                threading.Thread(target=self._run, args=(self._reading,), name="metrics", daemon=True).start()
            reading = self._reading
        try:
            found = reading.result(self._seconds)
        except Exception as why:  # noqa: BLE001 - whatever it is, the other metrics must be told; its text could hold a value
            if not self._told:
                logger().error("metrics cannot read the database", kind=type(why).__name__)
            self._told = True
            return None
        self._told = False
        return found

    def _run(self, reading: Future[Standing]) -> None:
        try:
            reading.set_result(self._read())
        except Exception as why:  # noqa: BLE001 - handed on to who waits
            reading.set_exception(why)


def _of_resources(states: Sequence[ResourceState], now: datetime) -> Iterator[Metric]:
    success = GaugeMetricFamily(
        "gateway_source_last_success_timestamp_seconds", "When the resource was last synced well.", labels=OF_RESOURCE
    )
    late = GaugeMetricFamily(
        "gateway_source_late", "Whether the last good sync is older than the source's schedule lets it be.", labels=OF_RESOURCE
    )
    late_after = GaugeMetricFamily(
        "gateway_source_late_after_seconds", "How old the last good sync may be, where there is a schedule.", labels=OF_RESOURCE
    )
    rows = GaugeMetricFamily("gateway_source_last_sync_rows", "Rows that the last sync read.", labels=OF_RESOURCE)
    quarantined = GaugeMetricFamily("gateway_source_quarantined_rows", "Rows in quarantine now.", labels=OF_RESOURCE)
    outcome = GaugeMetricFamily(
        "gateway_source_last_outcome", "1 for how the last sync ended, 0 for how else it could.", labels=(*OF_RESOURCE, "outcome")
    )
    for state in states:
        fresh, of = state.fresh, (state.fresh.provider, state.fresh.source, state.fresh.resource)
        late.add_metric(of, float(fresh.is_late(now)))
        quarantined.add_metric(of, state.quarantined)
        if fresh.synced_at is not None:
            success.add_metric(of, datetime.fromisoformat(fresh.synced_at).timestamp())
        if fresh.late_after is not None:
            late_after.add_metric(of, fresh.late_after.total_seconds())
        if state.last is not None:
            rows.add_metric(of, state.last.read)
            for end in ENDS:
                outcome.add_metric((*of, end), float(state.last.state == end))
    yield from (success, late, late_after, rows, quarantined, outcome)


def _turns_failed(found: Standing) -> Metric:
    failed = GaugeMetricFamily(
        "gateway_source_turn_failed",
        "Whether the last scheduled turn of the source failed and nothing of it was synced well since.",
        labels=("provider", "source"),
    )
    for turn in found.turns:
        failed.add_metric((turn.provider, turn.source), float(turn.still_failed(found.resources)))
    return failed


def _alerts_open(found: Standing) -> Metric:
    waiting = GaugeMetricFamily("gateway_alerts_open", "Alerts that nobody acknowledged yet, by the rule's name.", labels=("rule",))
    for rule, count in found.alerts:
        waiting.add_metric((rule,), float(count))
    return waiting
