"""What an operator's Prometheus reads: answers, the log, refusals by rule, how the sources stand; never what is in a record."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from ruamel.yaml import YAML
from sqlalchemy import text
from typer import Exit

from connectors.schedule import Schedule
from gateway.alerts.rules import AlertRules, Refusals
from gateway.app import open_gateway
from gateway.cli.source.files import read_source
from gateway.cli.source.runs import status
from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.errors import ConfigurationError, IngestError, RequestError, Unavailable
from gateway.metrics.meters import Meters
from gateway.metrics.serve import metrics_served
from gateway.store.staging import read_quarantine
from gateway.store.turns import expect
from gateway.timetable import Timetable, Turn
from tests.alerting import Alerting
from tests.commands import commands
from tests.scraping import Scrape, scrape
from tests.world import SMALL, World, open_world

LAKESIDE = InstitutionId("lakeside")
CANDIDATES = {"provider": "lakeside", "source": "lakeside-extract", "resource": "candidates"}
CLIENT = "riverton-sis"
DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
RULES = DEPLOY / "prometheus" / "gateway.rules.yaml"
CANARY = "Zzyzxcanary"


@dataclass
class Watched:
    """A world whose metrics are served."""

    world: World
    port: int

    def scrape(self) -> Scrape:
        return scrape(self.port)

    @property
    def extracts(self) -> Path:
        return self.world.folder / "extracts"

    @property
    def file(self) -> Path:
        return self.extracts / "lakeside" / "candidates.csv"

    def candidates(self) -> list[dict[str, str]]:
        """The rows of the extract."""
        with self.file.open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    def spoil(self, rows: int, column: str, written: str) -> None:
        """Write something else into a column of the first candidates."""
        found = self.candidates()
        for row in found[:rows]:
            row[column] = written
        with self.file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(found[0]))
            writer.writeheader()
            writer.writerows(found)

    def sync(self) -> None:
        self.world.sync(self.world.source("lakeside", self.extracts))


@pytest.fixture
def watched(tmp_path: Path, database_url: str) -> Iterator[Watched]:
    meters = Meters()
    with open_world(tmp_path / "home", database_url, meters) as world:
        world.agree()
        world.client(CLIENT, "riverton", ("placement", "hiring"))
        world.load(SMALL)
        with metrics_served(world.gateway, meters, "127.0.0.1", 0) as port:
            yield Watched(world, port)


def test_answers_are_counted_by_the_routes_template(watched: Watched) -> None:
    token = watched.world.token(CLIENT)
    for resource in ("candidates", "candidates", "schools"):
        watched.world.api.get(f"/v1/{resource}", token)
    found = watched.scrape()
    assert found.of("gateway_requests_total", route="/v1/{resource}", method="GET", status="2xx") == 2
    assert found.of("gateway_requests_total", route="/v1/{resource}", method="GET", status="4xx") == 1
    assert found.of("gateway_requests_total", route="/oauth/token", method="POST", status="2xx") == 1
    assert found.of("gateway_request_duration_seconds_count", route="/v1/{resource}", method="GET") == 3


def test_no_address_or_method_that_a_client_makes_up_makes_a_series(watched: Watched) -> None:
    token = watched.world.token(CLIENT)
    before = len(watched.scrape().samples)
    for number in range(20):
        watched.world.api.get(f"/{CANARY}/{number}/x", token)
        watched.world.api.request(f"{CANARY}{number}", "/healthz", token)
    found = watched.scrape()
    assert found.of("gateway_requests_total", route="none", method="GET", status="4xx") == 20
    assert found.of("gateway_requests_total", route="/healthz", method="other", status="4xx") == 20
    assert len(found.samples) - before < 50


def test_disclosures_and_refusals_are_counted_as_they_are_on_the_log(watched: Watched) -> None:
    world, token = watched.world, watched.world.token(CLIENT)
    before = watched.scrape().of("gateway_audit_append_duration_seconds_count") or 0
    page = world.api.get("/v1/candidates", token)
    world.api.get_as("/v1/candidates", token, {"if-none-match": page.headers["etag"]})
    world.api.get_as("/v1/candidates", token, {}, "HEAD")
    world.api.get("/v1/candidates", token, purpose="research")
    world.api.get("/v1/candidates", token, limit="-1")
    world.api.get("/v1/candidates", "nobody")
    found = watched.scrape()
    told = {dict(labels)["operation"]: value for labels, value in found.all_of("gateway_disclosures_total").items()}
    assert told == {"read": 1, "not_modified": 1, "head": 1}
    assert sum(told.values()) == len(world.leaves("disclosure"))
    codes = {dict(labels)["code"]: value for labels, value in found.all_of("gateway_refusals_total").items()}
    refusals = world.leaves("refusal")
    assert codes == {"GW-DEN-01": 1, "GW-REQ-01": 1, "GW-AUT-01": 1}
    assert sum(codes.values()) == len(refusals) + 1, "the stranger's is only summed there"
    rules = {dict(labels)["rule"]: value for labels, value in found.all_of("gateway_refusal_rules_total").items()}
    assert rules == {rule: 1 for leaf in refusals for rule in leaf["rules"]}
    assert rules
    assert found.of("gateway_audit_append_duration_seconds_count") == before + 5
    assert found.of("gateway_audit_append_failures_total") == 0


def test_an_append_that_failed_is_counted_and_so_is_the_answer_without_a_body(watched: Watched) -> None:
    token = watched.world.token(CLIENT)
    watched.world.gateway.log.ready = False
    assert watched.world.api.get("/v1/candidates", token).status_code == httpx.codes.SERVICE_UNAVAILABLE
    found = watched.scrape()
    # The disclosure, and its refusal.
    assert found.of("gateway_audit_append_failures_total") == 2
    assert found.of("gateway_requests_total", route="/v1/{resource}", method="GET", status="5xx") == 1
    assert found.all_of("gateway_disclosures_total") == {}


def test_a_late_source_is_1_and_has_its_line_in_the_log(watched: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    world = watched.world
    with world.gateway.database.write() as connection:
        expect(connection, LAKESIDE, "lakeside-extract", (ResourceName("candidates"),), timedelta(hours=26))
    table = Timetable(world.gateway, (), lambda file: read_source(file, world.gateway.catalog))
    fresh = watched.scrape()
    assert fresh.of("gateway_source_late", **CANDIDATES) == 0
    assert fresh.of("gateway_source_late_after_seconds", **CANDIDATES) == 26 * 3600
    synced = fresh.of("gateway_source_last_success_timestamp_seconds", **CANDIDATES)
    assert synced is not None
    assert abs(synced - world.now.timestamp()) < 1
    world.later(hours=27)
    table.tell_late()
    late = watched.scrape()
    assert late.of("gateway_source_late", **CANDIDATES) == 1
    assert sum(late.all_of("gateway_source_late").values()) == 1, "nothing else has a schedule"
    assert "source late" in capsys.readouterr().out
    watched.sync()
    assert watched.scrape().of("gateway_source_late", **CANDIDATES) == 0


def test_a_source_that_was_never_synced_is_late_and_has_no_time(watched: Watched) -> None:
    new = ResourceName("surveys")
    with watched.world.gateway.database.write() as connection:
        expect(connection, LAKESIDE, "surveys", (new,), timedelta(hours=1))
    found = watched.scrape()
    of = {"provider": "lakeside", "source": "surveys", "resource": "surveys"}
    assert found.of("gateway_source_late", **of) == 1
    assert found.of("gateway_source_last_success_timestamp_seconds", **of) is None
    assert found.of("gateway_source_last_sync_rows", **of) is None


def test_how_the_last_sync_ended_and_what_is_in_quarantine_is_told(watched: Watched) -> None:
    found = watched.scrape()
    assert found.of("gateway_source_last_outcome", **CANDIDATES, outcome="promoted") == 1
    assert found.of("gateway_source_last_sync_rows", **CANDIDATES) == len(watched.candidates())
    assert found.of("gateway_source_quarantined_rows", **CANDIDATES) == 2, "the extracts have them"
    watched.world.later(minutes=1)
    watched.spoil(7, "Born", "yesterday")
    watched.sync()
    found = watched.scrape()
    with watched.world.gateway.database.read() as connection:
        listed = list(read_quarantine(connection, LAKESIDE, "candidates"))
    assert found.of("gateway_source_quarantined_rows", **CANDIDATES) == len(listed) > 7
    ends = {
        dict(labels)["outcome"]: value
        for labels, value in found.all_of("gateway_source_last_outcome").items()
        if CANDIDATES.items() <= set(labels)
    }
    assert ends == {"promoted": 0, "unchanged": 1, "refused": 0, "failed": 0}


def test_a_failed_turn_is_told_until_the_source_is_synced_well(watched: Watched) -> None:
    world = watched.world
    table = Timetable(world.gateway, (), lambda file: read_source(file, world.gateway.catalog))
    source = replace(world.source("lakeside", watched.extracts), schedule=Schedule(every=timedelta(hours=1)))
    of = {"provider": "lakeside", "source": "lakeside-extract"}
    table.run(Turn(source, world.now))
    assert watched.scrape().of("gateway_source_turn_failed", **of) == 0
    world.later(hours=1)
    watched.file.rename(watched.extracts / "away.csv")
    table.run(Turn(source, world.now))
    found = watched.scrape()
    assert found.of("gateway_source_turn_failed", **of) == 1
    assert found.of("gateway_source_last_outcome", **CANDIDATES, outcome="failed") == 1
    world.later(minutes=5)
    (watched.extracts / "away.csv").rename(watched.file)
    watched.sync()
    found = watched.scrape()
    assert found.of("gateway_source_turn_failed", **of) == 0
    assert found.of("gateway_source_last_outcome", **CANDIDATES, outcome="failed") == 0


def test_a_source_that_never_came_right_is_told_also_without_a_schedule(watched: Watched) -> None:
    watched.file.unlink()
    with pytest.raises(IngestError):
        watched.world.sync(replace(watched.world.source("lakeside", watched.extracts), id="second"))
    found, second = watched.scrape(), {**CANDIDATES, "source": "second"}
    assert found.of("gateway_source_last_outcome", **second, outcome="failed") == 1
    assert found.of("gateway_source_last_success_timestamp_seconds", **second) is None
    assert found.of("gateway_source_late", **second) == 0


def test_no_value_of_a_record_and_nothing_that_a_partner_wrote_is_in_a_scrape(watched: Watched) -> None:
    world = watched.world
    watched.spoil(5, "Last", f"{CANARY}last")
    watched.spoil(3, "Born", f"{CANARY}born")
    watched.sync()
    token = world.token(CLIENT)
    assert world.api.get("/v1/candidates", token).status_code == httpx.codes.OK
    world.api.get("/v1/candidates", token, lastSurname=f"{CANARY}last")
    world.api.get("/v1/candidates", token, filter=f"lastSurname eq '{CANARY}'")
    world.api.get("/v1/candidates", token, select=CANARY, purpose=CANARY, provider=CANARY)
    world.api.get(f"/v1/{CANARY}", token)
    world.api.get(f"/v1/{CANARY}/export", token)
    world.api.get(f"/agreements/{CANARY}", token)
    world.api.get("/v1/candidates", CANARY)
    world.api.get_as("/v1/candidates", token, {CANARY: CANARY, "if-none-match": CANARY, "host": CANARY})
    world.api.request(CANARY, f"/{CANARY}", token)
    world.api.post("/oauth/token", {"grant_type": CANARY, "client_id": CANARY})
    told = watched.scrape().text
    assert CANARY.lower() not in told.lower()
    values = {value for row in watched.candidates() for value in row.values() if len(value) > 5}
    assert len(values) > 100
    assert [value for value in values if value in told] == []
    # Nor who asks: how many disclosures there were, not whose.
    assert CLIENT not in told
    assert "lakeside-riverton" not in told


def test_every_process_tells_the_same_of_the_sources(watched: Watched) -> None:
    world, meters = watched.world, Meters()
    with (
        open_gateway(world.settings, world.clock, meters) as second,
        metrics_served(second, meters, "127.0.0.1", 0) as port,
    ):
        here, there = watched.scrape(), scrape(port)
    of_sources = {key: value for key, value in here.samples.items() if key[0].startswith("gateway_source_")}
    assert of_sources
    assert {key: value for key, value in there.samples.items() if key[0].startswith("gateway_source_")} == of_sources
    assert there.all_of("gateway_requests_total") == {}, "and of its own answers only"


def test_a_database_that_cannot_be_read_is_told_and_the_rest_is_too(watched: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    watched.world.api.get("/v1/candidates", watched.world.token(CLIENT))
    assert watched.scrape().of("gateway_database_up") == 1
    with watched.world.gateway.database.write() as connection:
        connection.execute(text("ALTER TABLE sync_run RENAME TO away"))
    for _ in range(2):
        found = watched.scrape()
        assert found.of("gateway_database_up") == 0
        assert [name for name in found.names if name.startswith("gateway_source_")] == []
        assert found.of("gateway_disclosures_total", operation="read") == 1
    told = [line for line in capsys.readouterr().out.splitlines() if "metrics cannot read" in line]
    assert len(told) == 1, "once, not at each scrape"
    assert "sync_run" not in told[0]
    with watched.world.gateway.database.write() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO sync_run"))
    assert watched.scrape().of("gateway_database_up") == 1


def test_a_scrape_takes_no_connection_from_requests(watched: Watched) -> None:
    found = watched.scrape()
    assert found.of("gateway_database_connections_in_use") == 0
    assert found.of("gateway_database_connections_max") == watched.world.settings.pool_size
    with ExitStack() as stack:
        for _ in range(watched.world.settings.pool_size):
            stack.enter_context(watched.world.gateway.database.read())
        with pytest.raises(Unavailable), watched.world.gateway.database.read():
            pass
        found = watched.scrape()
    assert found.of("gateway_database_connections_in_use") == watched.world.settings.pool_size
    assert found.of("gateway_source_late", **CANDIDATES) == 0


def test_it_answers_one_address_one_way(watched: Watched) -> None:
    base = f"http://127.0.0.1:{watched.port}"
    assert httpx.get(f"{base}/").status_code == httpx.codes.NOT_FOUND
    assert httpx.get(f"{base}/v1/candidates").status_code == httpx.codes.NOT_FOUND
    assert httpx.post(f"{base}/metrics").status_code == httpx.codes.METHOD_NOT_ALLOWED


def test_an_address_that_is_taken_stops_the_start(watched: Watched) -> None:
    taken = metrics_served(watched.world.gateway, Meters(), "127.0.0.1", watched.port)
    with pytest.raises(ConfigurationError, match="GATEWAY_METRICS_PORT"), taken:
        pass


def test_the_page_of_how_sources_stand_tells_what_the_metrics_tell(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    watched.spoil(5, "Born", f"{CANARY}born")
    watched.sync()
    with watched.world.gateway.database.write() as connection:
        expect(connection, LAKESIDE, "lakeside-extract", (ResourceName("candidates"),), timedelta(seconds=1))
    watched.world.later(hours=1)
    monkeypatch.setenv("GATEWAY_HOME", str(watched.world.settings.home))
    monkeypatch.setenv("GATEWAY_DATABASE_URL", watched.world.settings.database_url)
    file = tmp_path / "sources.html"
    with pytest.raises(Exit):
        status(page=file)
    page, found = file.read_text(encoding="utf-8"), watched.scrape()
    assert found.of("gateway_source_late", **CANDIDATES) == 1
    assert page.count(">Late<") == 1
    assert "candidates of lakeside-extract (lakeside)" in page
    assert f"{found.of('gateway_source_quarantined_rows', **CANDIDATES):.0f} rows of candidates in quarantine" in page
    assert CANARY not in page
    assert [path.name for path in tmp_path.glob("sources.html*")] == ["sources.html"]


def test_a_page_that_cannot_be_written_says_why(watched: Watched, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GATEWAY_HOME", str(watched.world.settings.home))
    monkeypatch.setenv("GATEWAY_DATABASE_URL", watched.world.settings.database_url)
    with pytest.raises(RequestError, match="cannot be written"):
        status(page=tmp_path / "missing" / "sources.html")


def every_metric(watched: Watched) -> Scrape:
    """A scrape after something of every kind has happened."""
    schedule = Schedule(every=timedelta(hours=1), late_after=timedelta(hours=2))
    source = replace(watched.world.source("lakeside", watched.extracts), schedule=schedule)
    Timetable(watched.world.gateway, (), lambda _: source).run(Turn(source, watched.world.now))
    alerting = Alerting(watched.world, AlertRules((Refusals(name="refused", count=1),)))
    alerting.turn()
    token = watched.world.token(CLIENT)
    watched.world.api.get("/v1/candidates", token)
    watched.world.api.get("/v1/candidates", token, purpose="research")
    assert len(alerting.turn()) == 1
    return watched.scrape()


def alarms() -> list[dict[str, Any]]:
    return [rule for group in YAML(typ="safe", pure=True).load(RULES)["groups"] for rule in group["rules"]]


def test_an_open_alert_is_told_by_its_rule(watched: Watched) -> None:
    assert every_metric(watched).of("gateway_alerts_open", rule="refused") == 1


def test_the_readme_has_every_metric_and_every_alarm_and_no_other(watched: Watched) -> None:
    section = (DEPLOY / "README.md").read_text(encoding="utf-8").partition("## Metrics and alarms")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `gateway_")]
    named = [name for row in rows for name in re.findall(r"`(gateway_[a-z_]+)`", row)]
    told = {re.sub(r"_(bucket|count|sum)$", "", name) for name in every_metric(watched).names}
    assert sorted(named) == sorted(told)
    written = {name for row in rows for name in re.findall(r"\bGateway[A-Za-z]+", row)}
    assert written | {"GatewayDown", "GatewayUnknown"} == {rule["alert"] for rule in alarms()}


def test_each_metric_that_an_alarm_asks_about_is_in_a_scrape(watched: Watched) -> None:
    rules, found = alarms(), every_metric(watched)
    asked = {name for rule in rules for name in re.findall(r"\bgateway_[a-z_]+", rule["expr"])}
    assert len(asked) > 8
    assert asked <= found.names
    for rule in rules:
        assert re.search(r"\b(gateway_[a-z_]+|up)\b", rule["expr"]), rule["alert"]
        for name, label, written in re.findall(r'(gateway_[a-z_]+)\{([a-z]+)=~?"([^"]+)"', rule["expr"]):
            values = {dict(labels)[label] for labels in found.all_of(name)}
            assert label == "status" or set(written.split("|")) <= values, rule["alert"]
        for words in re.findall(r"\bgateway ([a-z]+ [a-z]+)", rule["annotations"]["action"]):
            assert tuple(words.split()) in commands(), words
    told = {label for rule in rules for label in re.findall(r"\$labels\.([a-z]+)", str(rule["annotations"]))} - {"instance"}
    assert told <= {label for labels in found.all_of("gateway_source_late") for label, _ in labels}
