"""Alerts of a whole gateway: each rule fires once on real answers, not just below, and what a channel refuses is not lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import insert

from gateway.agreements.lifecycle import by_operator
from gateway.agreements.signatories import NewSignatory, add_signatory
from gateway.alerts.acknowledge import acknowledge
from gateway.alerts.rules import Alert
from gateway.alerts.try_out import try_out
from gateway.alerts.watch import Watcher, watch
from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.domain.times import utc_text
from gateway.errors import RequestError, Unavailable
from gateway.steward import Steward
from gateway.store.alerts import claim_delivery, due_deliveries, last_cosigned, open_alerts, read_alerts
from gateway.store.audit_log import read_head
from gateway.store.engine import Connection, Database
from gateway.store.schema import audit_checkpoint
from gateway.store.turns import expect
from tests.alerting import Alerting, rules_of
from tests.world import World, placement_world

RULES = """version: 1
timezone: America/Chicago
hours: {from: "06:00", to: "20:00"}
channels:
  siem: {webhook: {url: "https://siem.example.org/in", secret: {env: HOOK}}}
rules:
  volume: {kind: volume_above_habit, floor: 0, new_floor: 100, channels: [siem]}
  first: {kind: first_use, settle: 1d}
  night: {kind: off_hours_bulk, rows: 50}
  refused: {kind: refusals_in_a_row, count: 5}
  ends: {kind: agreement_near_end, before: 7d}
  certification: {kind: overdue_certification}
  witness: {kind: witness_stale}
  late: {kind: source_late}
"""


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    with placement_world(tmp_path / "home", database_url) as opened:
        opened.later(hours=3)  # ten in the morning in Chicago, on a Tuesday
        yield opened


@pytest.fixture
def alerting(world: World, tmp_path: Path) -> Alerting:
    found = Alerting(world, rules_of(tmp_path, RULES))
    assert found.turn() == (), "putting everything in place raises nothing"
    return found


def read(world: World, rows: int, select: str = "firstName", client: str = "riverton-sis") -> httpx.Response:
    answer = world.api.get("/v1/candidates", world.token(client), limit=str(rows), select=select)
    assert len(answer.json()["data"]) == rows
    return answer


def refuse(world: World, times: int = 1) -> None:
    token = world.token("riverton-sis")
    for _ in range(times):
        assert world.api.get("/v1/candidates", token, select="birthDate").status_code == httpx.codes.BAD_REQUEST


def names(alerts: tuple[Alert, ...]) -> list[str]:
    return [alert.rule for alert in alerts]


def test_more_rows_than_ever_fire_once(alerting: Alerting) -> None:
    read(alerting.world, 60)
    read(alerting.world, 40)
    assert alerting.turn() == ()
    read(alerting.world, 1)
    read(alerting.world, 60)
    [alert] = alerting.turn()
    assert (alert.rule, alert.client, alert.counts) == ("volume", "riverton-sis", {"rows": 101, "most": 100})
    assert set(alert.institutions) == {"lakeside", "riverton"}
    read(alerting.world, 60)
    assert alerting.turn() == ()


def test_what_a_client_has_already_is_no_more_rows(alerting: Alerting) -> None:
    world = alerting.world
    tag = read(world, 60).headers["etag"]
    again = world.api.get_as("/v1/candidates", world.token("riverton-sis"), {"if-none-match": tag}, limit="60", select="firstName")
    assert again.status_code == httpx.codes.NOT_MODIFIED
    head = world.api.get_as("/v1/candidates", world.token("riverton-sis"), {}, "HEAD", limit="60", select="firstName")
    assert head.status_code == httpx.codes.OK
    assert alerting.turn() == ()


def test_the_first_use_of_an_element_fires_once(alerting: Alerting) -> None:
    read(alerting.world, 1)
    assert alerting.turn() == ()
    alerting.world.later(days=1)
    read(alerting.world, 1)
    assert alerting.turn() == ()
    read(alerting.world, 1, select="firstName,lastSurname")
    read(alerting.world, 1, select="lastSurname")
    [alert] = alerting.turn()
    assert (alert.rule, alert.elements) == ("first", ("candidates.lastSurname",))


def test_to_compare_an_element_is_to_use_it(alerting: Alerting) -> None:
    world = alerting.world
    for compared in ({}, {"fieldworkTypeDescriptor": "Nowhere"}):
        asked = world.api.get("/v1/fieldworkExperiences", world.token("riverton-sis"), select="beginDate", **compared)
        assert asked.status_code == httpx.codes.OK, asked.text
        world.later(days=2)
    [alert] = alerting.turn()
    assert alert.elements == ("fieldworkExperiences.fieldworkTypeDescriptor",)
    assert "Nowhere" not in json.dumps(world.leaves("alert"))


def test_a_bulk_read_at_night_fires_once(alerting: Alerting) -> None:
    alerting.world.later(hours=12)
    read(alerting.world, 50)
    assert alerting.turn() == ()
    read(alerting.world, 1)
    read(alerting.world, 1)
    [alert] = alerting.turn()
    assert (alert.rule, alert.counts) == ("night", {"rows": 51, "most": 50})


def test_refusals_in_a_row_fire_once(alerting: Alerting) -> None:
    refuse(alerting.world, 4)
    read(alerting.world, 1)
    refuse(alerting.world, 4)
    assert alerting.turn() == ()
    refuse(alerting.world, 3)
    [alert] = alerting.turn()
    assert (alert.rule, alert.counts) == ("refused", {"refusals": 5})
    refusals = [leaf["id"] for leaf in alerting.world.leaves("refusal")]
    assert list(alert.entries) == refusals[4:9]


def test_tokens_that_are_refused_are_refusals(alerting: Alerting) -> None:
    world = alerting.world
    world.keys["riverton-sis"] = world.keys["lakeside-sis"]
    for _ in range(5):
        with pytest.raises(AssertionError, match="invalid_client"):
            world.token("riverton-sis")
    assert names(alerting.turn()) == ["refused"]


def test_an_agreement_near_its_end_fires_once(alerting: Alerting) -> None:
    world = alerting.world
    world.now = datetime(2027, 6, 23, 4, 59, tzinfo=UTC)  # in Chicago it is the 22nd until five
    assert alerting.turn(seconds=59) == ()
    [alert] = alerting.turn()
    assert (alert.rule, alert.agreement, alert.counts) == ("ends", "lakeside-riverton", {"days": 7})
    assert alerting.turn() == ()


def test_a_witness_that_is_silent_fires_once_and_a_log_without_one_never_does(alerting: Alerting) -> None:
    world = alerting.world
    with world.gateway.database.write() as connection:
        head = read_head(connection, world.gateway.log_id)
        row = {"log_id": head.log_id, "note": head.note}
        connection.execute(insert(audit_checkpoint).values(**row, size=1, cosignatures=[], published_at=utc_text(world.now)))
    assert alerting.turn(hours=5) == ()
    with world.gateway.database.write() as connection:
        signed = {**row, "size": 2, "cosignatures": ["a witness"], "published_at": utc_text(world.now)}
        connection.execute(insert(audit_checkpoint).values(**signed))
    with world.gateway.database.read() as connection:
        assert last_cosigned(connection, head.log_id) == world.now
    assert alerting.turn(hours=4) == ()
    assert names(alerting.turn()) == ["witness"]
    assert alerting.turn() == ()


def test_a_late_source_fires_once_and_again_when_it_is_late_again(alerting: Alerting) -> None:
    world = alerting.world
    source = world.source("lakeside", world.folder / "extracts")
    with world.gateway.database.write() as connection:
        expect(connection, source.provider, source.id, list(source.resources), timedelta(hours=26))
    world.sync(source)
    assert alerting.turn(hours=26) == ()
    [alert] = alerting.turn()
    assert (alert.rule, alert.counts) == ("late", {"resources": len(source.resources)})
    assert alerting.turn() == ()
    world.sync(source)
    assert alerting.turn(hours=25) == ()
    assert names(alerting.turn(hours=2)) == ["late"]


def test_what_was_on_the_log_before_the_first_turn_teaches_and_raises_nothing(world: World, tmp_path: Path) -> None:
    read(world, 60)
    read(world, 60)
    refuse(world, 9)
    alerting = Alerting(world, rules_of(tmp_path, RULES))
    assert alerting.turn() == ()
    read(world, 1)
    assert names(alerting.turn()) == ["volume"], "today's rows from before the first turn count"


def test_an_alert_and_its_sending_are_on_the_log_and_hold_no_value(alerting: Alerting) -> None:
    world = alerting.world
    held = [str(value) for record in read(world, 60, "firstName,lastSurname").json()["data"] for value in record.values()]
    read(world, 60)
    alerting.turn()
    raised, sent = world.leaves("alert")
    assert (raised["outcome"], raised["rule"], raised["rule_kind"], raised["severity"]) == (
        "raised",
        "volume",
        "volume_above_habit",
        "medium",
    )
    assert (raised["client"], raised["counts"]) == ("riverton-sis", {"rows": "120", "most": "100"})
    assert raised["entries"] == [world.leaves("disclosure")[-1]["id"]]
    assert (sent["outcome"], sent["channel"], sent["alert"]) == ("sent", "siem", raised["alert"])
    told = json.dumps(world.leaves("alert"))
    assert held
    assert [value for value in held if f'"{value}"' in told or f" {value} " in told] == []
    assert world.gateway.verify_log().checkpoint.size == len(world.leaves())


def test_the_log_line_is_always_written(alerting: Alerting, capsys: pytest.CaptureFixture[str]) -> None:
    refuse(alerting.world, 5)
    alerting.turn()
    [line] = [line for line in capsys.readouterr().out.splitlines() if "refusals_in_a_row" in line]
    assert "riverton-sis was refused 5 times in a row." in line


def test_what_a_channel_does_not_take_waits_and_is_sent_once(alerting: Alerting, capsys: pytest.CaptureFixture[str]) -> None:
    alerting.broken = True
    read(alerting.world, 60)
    read(alerting.world, 60)
    assert names(alerting.turn()) == ["volume"]
    assert alerting.tries == 1
    assert alerting.turn() == ()
    assert alerting.tries == 2, "the very next turn tries again"
    alerting.turn()
    assert alerting.tries == 2, "and then it waits longer"
    assert sum("alert not sent" in line and "it is broken" in line for line in capsys.readouterr().out.splitlines()) == 2
    alerting.broken = False
    alerting.turn(minutes=2)
    alerting.turn(hours=2)
    assert (alerting.tries, len(alerting.sent)) == (3, 1)
    assert [leaf["outcome"] for leaf in alerting.world.leaves("alert")] == ["raised", "sent"]


def test_a_channel_that_left_the_file_is_told_of_and_no_longer_waited_for(alerting: Alerting) -> None:
    alerting.broken = True
    read(alerting.world, 60)
    read(alerting.world, 60)
    alerting.turn()
    alerting.rules = replace(alerting.rules, channels={})
    alerting.turn()
    alerting.turn(hours=5)
    assert [leaf["outcome"] for leaf in alerting.world.leaves("alert")] == ["raised", "dropped"]


def test_who_dies_while_sending_leaves_the_alert_to_another(alerting: Alerting) -> None:
    class Died(BaseException):
        pass

    def die(*_: object) -> None:
        raise Died

    read(alerting.world, 60)
    read(alerting.world, 60)
    alerting.world.later(minutes=1)
    with pytest.raises(Died):
        watch(alerting.rules, replace(alerting.desk, send=die))
    assert alerting.turn() == ()
    assert alerting.sent == [], "it may still be sending"
    alerting.turn(minutes=10)
    assert len(alerting.sent) == 1


def test_one_of_two_processes_does_a_turn(alerting: Alerting) -> None:
    alerting.world.later(minutes=1)
    assert (watch(alerting.rules, alerting.desk), watch(alerting.rules, alerting.desk)) == ((), None)


class Overtaken(Database):
    """The same database; before the n-th write transaction begins somebody else comes between."""

    def __init__(self, database: Database, at: int, between: Callable[[], object]) -> None:
        super().__init__(database.engine)
        self._left, self._between = at, between

    @contextmanager
    def write(self) -> Iterator[Connection]:
        self._left -= 1
        if not self._left:
            self._between()
        with super().write() as connection:
            yield connection


@pytest.mark.parametrize("at", range(2, 8))
def test_a_turn_that_is_overtaken_raises_and_sends_nothing_twice(alerting: Alerting, at: int) -> None:
    world = alerting.world
    with world.gateway.database.write() as connection:
        expect(connection, InstitutionId("lakeside"), "nightly", [ResourceName("candidates")], timedelta(hours=1))
    refuse(world, 5)
    read(world, 60)
    read(world, 60)
    world.later(minutes=1)
    other = replace(alerting.desk, clock=lambda: world.now + timedelta(minutes=1))
    overtaken = Overtaken(world.gateway.database, at, lambda: watch(alerting.rules, other))
    assert watch(alerting.rules, replace(alerting.desk, database=overtaken)) is not None
    raised = [leaf["rule"] for leaf in world.leaves("alert") if leaf["outcome"] == "raised"]
    assert sorted(raised) == ["late", "refused", "volume"]
    assert len(alerting.sent) == 1


def test_what_two_processes_found_due_is_claimed_by_one(alerting: Alerting) -> None:
    world = alerting.world
    alerting.broken = True
    read(world, 60)
    read(world, 60)
    alerting.turn()
    database, until = world.gateway.database, utc_text(world.now + timedelta(minutes=10))
    with database.read() as connection:
        [due] = due_deliveries(connection, utc_text(world.now), 10)
    with database.write() as connection:
        assert claim_delivery(connection, due, until)
    with database.write() as connection:
        assert not claim_delivery(connection, due, until)


def test_a_log_that_is_out_of_reach_keeps_the_position(alerting: Alerting, capsys: pytest.CaptureFixture[str]) -> None:
    world = alerting.world
    refuse(world, 5)

    def fail() -> str:
        raise Unavailable("The log is out of reach.")

    world.later(minutes=1)
    Watcher(lambda: alerting.rules, replace(alerting.desk, new_id=fail)).turn()
    assert "alerts not evaluated" in capsys.readouterr().out
    assert world.leaves("alert") == []
    assert names(alerting.turn()) == ["refused"]


def test_a_file_that_broke_is_told_and_the_rules_before_it_stand(
    alerting: Alerting, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world, file = alerting.world, tmp_path / "alerts.yaml"
    watcher = Watcher(lambda: rules_of(tmp_path, file.read_text(encoding="utf-8")), alerting.desk)
    file.write_text(RULES.replace("volume_above_habit", "volume"), encoding="utf-8")
    refuse(world, 5)
    world.later(minutes=1)
    watcher.turn()
    told = capsys.readouterr().out
    assert "alert rules wrong" in told
    assert "alerts.yaml:7:" in told
    assert [leaf["rule"] for leaf in world.leaves("alert")] == ["refused"]


def test_somebody_registered_acknowledges_an_alert_once(alerting: Alerting) -> None:
    world = alerting.world
    refuse(world, 5)
    alerting.turn()
    database, desk = world.gateway.database, alerting.desk
    with database.read() as connection:
        [alert] = read_alerts(connection, everything=False, most=10)
        assert open_alerts(connection) == [("refused", 1)]
    for institution, name in (("riverton", "kim"), ("lakeside", "lee")):
        new = NewSignatory(institution, name, "steward", name, "Registrar", None)
        add_signatory(new, by_operator("test"), world.gateway.registry())
    for person, said in (("riverton/nobody", "has registered no nobody"), ("lakeside/lee", "is about riverton")):
        provider, _, name = person.partition("/")
        with pytest.raises(RequestError, match=said):
            acknowledge(alert.id, Steward(InstitutionId(provider), name, "root"), desk)
    kim = Steward(InstitutionId("riverton"), "kim", "root")
    acknowledge(alert.id, kim, desk)
    with pytest.raises(RequestError, match="riverton/kim acknowledged this alert"):
        acknowledge(alert.id, kim, desk)
    with pytest.raises(RequestError, match="no alert with this id"):
        acknowledge("0193", kim, desk)
    last = world.leaves("alert")[-1]
    assert (last["outcome"], last["by"], last["alert"]) == ("acknowledged", "riverton/kim", alert.id)
    with database.read() as connection:
        assert read_alerts(connection, everything=False, most=10) == []
        [found] = read_alerts(connection, everything=True, most=10)
        assert open_alerts(connection) == [("refused", 0)]
    assert found.acknowledged_by == "riverton/kim"


def test_a_dry_run_says_what_turns_would_have_raised_and_leaves_nothing(alerting: Alerting) -> None:
    world = alerting.world
    raised: list[Alert] = []
    for day in range(3):
        refuse(world, 5 + day)
        read(world, 60)
        read(world, 60, select="firstName,lastSurname" if day == 2 else "firstName")
        raised += alerting.turn()
        world.later(hours=24)
    before = world.leaves()
    since = datetime(2026, 11, 24, tzinfo=UTC)
    tried = try_out(alerting.rules, world.gateway.database, world.gateway.log_id, since, world.now)
    assert sorted(names(tuple(raised))) == ["first", "refused", "refused", "refused", "volume", "volume", "volume"]
    assert tried == tuple(raised)
    assert world.leaves() == before
