"""Sync scheduled sources while the server runs: a library says when, the database says which process.

Each turn of a source has a name (the instant that its schedule gives) and belongs to the process that inserts it first, so that
any number of servers can run with the same source files.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from connectors.schedule import Schedule
from connectors.source import Source
from gateway.app import Gateway, new_id
from gateway.domain.identifiers import ResourceName
from gateway.domain.times import utc_text
from gateway.errors import ConfigurationError, GatewayError, IngestError
from gateway.ingest import log_drift
from gateway.store.turns import DONE, end_turn, freshness, take_turn
from gateway.sync import SyncWishes, Told, expect_source, sync_source
from gateway.telemetry import logger, place_of

RETRIES = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
"""After a failed turn it is tried again so much later, then at the next turn."""
KEEP_TURNS = timedelta(days=30)
LATE_EVERY = timedelta(minutes=5)
BATCHES_EVERY = timedelta(minutes=1)
ALERTS_EVERY = timedelta(minutes=1)
BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
"""Turns of `every` are counted from here, so that they are the same instants in every process."""
AT_ONCE = 2


@dataclass(frozen=True)
class Turn:
    """One turn of one source: the instant of its schedule, and how often it was tried before."""

    source: Source
    at: datetime
    tries: int = 0

    @property
    def name(self) -> str:
        return f"{utc_text(self.at)}+{self.tries}"


class Timetable:
    """Runs the scheduled sources of one process, `batches`, which takes in what institutions sent, and `alerts`, a turn of
    alerts. `read` reads a source file anew for each turn, so that a corrected file counts from the next turn on; `start` and
    `stop` are called once."""

    def __init__(
        self,
        gateway: Gateway,
        files: Sequence[Path],
        read: Callable[[Path], Source],
        batches: Callable[[], object] | None = None,
        alerts: Callable[[], object] | None = None,
    ) -> None:
        self._gateway = gateway
        self._files = files
        self._read = read
        self._batches = batches
        self._alerts = alerts
        self._name = new_id()
        self._late: set[tuple[str, str, str]] = set()
        self._stopping = threading.Event()
        # A turn that came while the process was away, or busy, is done once, not as often as it was missed.
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(AT_ONCE)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def start(self) -> None:
        """Begin. Raises ConfigurationError or FileErrors for a source file or schedule that is wrong: better at the start than at
        night."""
        for file in self._files:
            source = self._read(file)
            expect_source(self._gateway, source)
            if source.schedule is None:
                continue
            self._scheduler.add_job(self._turn, trigger_of(source.schedule), args=[file], id=str(file))
            # Its last turn may have come while no process was there to take it.
            self._scheduler.add_job(self._turn, args=[file])
        if self._batches is not None:
            self._scheduler.add_job(self._batches, "interval", seconds=BATCHES_EVERY.total_seconds(), id="batches")
        if self._alerts is not None:
            # On a thread of its own: a sync of hours must not keep an alert waiting.
            self._scheduler.add_executor(ThreadPoolExecutor(1), "alerts")
            every = IntervalTrigger(seconds=int(ALERTS_EVERY.total_seconds()))
            self._scheduler.add_job(self._alerts, every, next_run_time=datetime.now(UTC), executor="alerts")
        self._scheduler.add_job(self.tell_late, "interval", seconds=LATE_EVERY.total_seconds())
        self._scheduler.start()

    def wake(self) -> None:
        """A batch is complete: take it in now, not at the next look."""
        self._scheduler.modify_job("batches", next_run_time=datetime.now(UTC))

    def stop(self) -> None:
        """End, when the syncs that run have given up at their next page; readers never saw what they staged."""
        self._stopping.set()
        self._scheduler.shutdown()

    def tell_late(self) -> None:
        """Log each source that is late once, and once that it no longer is: the line to raise an alarm on."""
        now = self._gateway.clock()
        with self._gateway.database.read() as connection:
            known = list(freshness(connection))
        for found in known:
            key = (found.provider, found.source, found.resource)
            late = found.is_late(now)
            if late != (key in self._late):
                (self._late.add if late else self._late.discard)(key)
                say = logger().error if late else logger().info
                say(
                    "source late" if late else "source no longer late",
                    source=found.source,
                    resource=found.resource,
                    provider=found.provider,
                )

    def run(self, turn: Turn) -> str | None:
        """Do one turn if it is this process's; gives the outcome (`done` or the error's code), None for another's turn."""
        source, clock = turn.source, self._gateway.clock
        if not take_turn(self._gateway.database, source.provider, source.id, turn.name, self._name, utc_text(clock())):
            return None
        try:
            report = sync_source(self._gateway, source, SyncWishes(), Told(self._go_on, drift=log_drift))
            outcome = DONE
            rows = sum(found.rows for found in report.resources)
            logger().info("source synced", source=source.id, provider=source.provider, turn=turn.name, rows=rows)
            if report.left_undone:
                logger().warning("source not settled", source=source.id, provider=source.provider, why=report.left_undone)
        except GatewayError as why:
            outcome = why.code
            logger().error(
                "source failed", source=source.id, provider=source.provider, turn=turn.name, code=why.code, why=why.detail
            )
        except Exception as why:  # noqa: BLE001 - whatever it is, the turn ends and is told; its text could hold a value
            outcome = GatewayError.code
            named = {"source": source.id, "provider": source.provider, "turn": turn.name, "code": outcome}
            logger().error("source failed", **named, kind=type(why).__name__, where=place_of(why))
        now = clock()
        with self._gateway.database.write() as connection:
            end_turn(connection, source.provider, source.id, turn.name, outcome, utc_text(now), utc_text(now - KEEP_TURNS))
        return outcome

    def _go_on(self, resource: ResourceName, rows: int, total: int | None) -> None:
        if self._stopping.is_set():
            raise IngestError(f"The server was stopped while {resource} was read; it is read again at the next turn.")

    def _turn(self, file: Path) -> None:
        now = self._gateway.clock()
        try:
            source = self._read(file)
        except GatewayError as why:
            logger().error("source file wrong", file=str(file), code=why.code)
            return
        if source.schedule is not None:
            self._try(Turn(source, last_turn(source.schedule, now)))

    def _try(self, turn: Turn) -> None:
        outcome = self.run(turn)
        if outcome not in (None, DONE) and not self._stopping.is_set() and turn.tries < len(RETRIES):
            again = Turn(turn.source, turn.at, turn.tries + 1)
            self._scheduler.add_job(self._try, "date", run_date=datetime.now(UTC) + RETRIES[turn.tries], args=[again])


def trigger_of(schedule: Schedule) -> BaseTrigger:
    """The library's word for a schedule. Raises ConfigurationError for a time zone or crontab line that it does not know."""
    try:
        if schedule.every is not None:
            return IntervalTrigger(seconds=int(schedule.every.total_seconds()), start_date=BEGINNING, timezone=UTC)
        return CronTrigger.from_crontab(schedule.cron, timezone=ZoneInfo(schedule.zone))
    except (ValueError, KeyError, OSError) as why:
        raise ConfigurationError(
            f"The schedule {schedule.cron or schedule.every} ({schedule.zone}) cannot be read: {why}."
        ) from why


def last_turn(schedule: Schedule, now: datetime) -> datetime:
    """The instant of the schedule that came last, at or before `now`; the same in every process."""
    if schedule.every is not None:
        step = schedule.every
        return BEGINNING + step * ((now - BEGINNING) // step)
    trigger, found = trigger_of(schedule), None
    for back in (timedelta(hours=1), timedelta(days=1), timedelta(days=32), timedelta(days=367)):
        moment = trigger.get_next_fire_time(None, now - back)
        while moment is not None and moment <= now:
            found, moment = moment, trigger.get_next_fire_time(moment, moment + timedelta(microseconds=1))
        if found is not None:
            instant: datetime = found.astimezone(UTC)
            return instant
    return now
