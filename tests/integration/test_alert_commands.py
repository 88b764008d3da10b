"""Alerts as an operator has them: tried out, raised by a server's turn, told over real channels, listed and acknowledged."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import httpx
import pytest
from typer.testing import CliRunner

from gateway.agreements.lifecycle import by_operator
from gateway.agreements.signatories import NewSignatory, add_signatory
from gateway.alerts.watch import Watcher, watch
from gateway.cli.main import app
from gateway.errors import FileErrors, RequestError
from gateway.timetable import Timetable
from tests.fault_proxy import self_signed
from tests.json_server import Reply, json_server
from tests.smtp_server import PASSWORD, USER, smtp_server
from tests.world import World, open_world

KEY = bytes(range(32))
RULES = """version: 1
channels:
  office:
    email:
      {host: 127.0.0.1, port: MAIL_PORT, from: gateway@example.org, to: [privacy@example.org], user: USER, password: {env: MAIL},
       ca_file: certificate.pem}
  siem: {webhook: {url: "HOOK_URL/in", secret: {env: HOOK}, allow: [loopback]}}
rules:
  refused: {kind: refusals_in_a_row, count: 3, severity: high, channels: [office, siem]}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "alerts.yaml"
    found.write_text(RULES.replace("MAIL_PORT", "587").replace("HOOK_URL", "http://127.0.0.1:1"), encoding="utf-8")
    return found


@pytest.fixture
def world(tmp_path: Path, database_url: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with open_world(tmp_path / "home", database_url, alerts=file) as opened:
        monkeypatch.setenv("GATEWAY_HOME", str(opened.settings.home))
        monkeypatch.setenv("GATEWAY_DATABASE_URL", opened.settings.database_url)
        monkeypatch.setenv("GATEWAY_ALERTS", str(file))
        opened.client("riverton-sis", "riverton")
        yield opened


def run(*words: str) -> str:
    result = CliRunner().invoke(app, ["alerts", *words])
    if result.exception is not None:
        raise result.exception
    return result.output


def refuse(world: World, times: int) -> None:
    token = world.token("riverton-sis")
    for _ in range(times):
        assert world.api.get("/v1/candidates", token).status_code == httpx.codes.FORBIDDEN


def test_an_alert_from_the_refusals_to_its_acknowledgement(
    world: World, tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL", PASSWORD)
    monkeypatch.setenv("HOOK", base64.b64encode(KEY).decode())
    person = NewSignatory("riverton", "kim", "steward", "Kim Doe", "Registrar", None)
    add_signatory(person, by_operator("test"), world.gateway.registry())
    assert "No alert is open." in run("list")
    with smtp_server(self_signed(tmp_path)) as mail, json_server(lambda _: Reply({}, 204)) as hook:
        text = RULES.replace("MAIL_PORT", str(mail.port)).replace("USER", USER).replace("HOOK_URL", hook.base)
        file.write_text(text, encoding="utf-8")
        assert "Rules: refused. Channels: office, siem." in run("check", str(file))
        desk = world.gateway.alert_desk()
        assert watch(world.gateway.alert_rules(), desk) == ()
        refuse(world, 4)
        world.later(minutes=1)
        assert len(watch(world.gateway.alert_rules(), desk) or ()) == 1
    [(recipients, message)] = mail.took
    assert recipients == ["privacy@example.org"]
    assert message["Subject"] == "Gateway alert (high): refused"
    [asked] = hook.asked
    signed = f"{asked.headers['webhook-id']}.{asked.headers['webhook-timestamp']}.".encode() + asked.body
    expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert asked.headers["webhook-signature"] == f"v1,{expected}"
    told = json.loads(asked.body)
    assert (told["type"], told["data"]["client"]) == ("gateway.alert", "riverton-sis")
    assert told["data"]["said"] in message.get_content()
    assert [leaf["outcome"] for leaf in world.leaves("alert")] == ["listed", "raised", "sent", "sent"]
    named = told["data"]["id"]
    assert run("list") == f"{named}  2026-11-24T13:00:00  high  refused: riverton-sis was refused 3 times in a row. (open)\n"
    [listed] = [json.loads(line) for line in run("list", "--format", "json").splitlines()]
    assert (listed["id"], listed["acknowledged_by"], listed["waits_for"]) == (named, None, [])
    assert "riverton/kim acknowledged it" in run("ack", named, "--as", "riverton/kim")
    assert "No alert is open." in run("list")
    assert "acknowledged by riverton/kim" in run("list", "--all")


def test_a_dry_run_tells_what_would_have_been_raised(world: World, file: Path) -> None:
    refuse(world, 4)
    before = len(world.leaves())
    assert "riverton-sis was refused 3 times in a row." in run("test", str(file), "--since", "2026-11-01")
    assert "0 alerts since" in run("test", str(file), "--since", "2026-11-25")
    [told] = [json.loads(line) for line in run("test", str(file), "--since", "2026-11-24T12:00", "--format", "json").splitlines()]
    assert (told["rule"], told["client"], told["counts"]) == ("refused", "riverton-sis", {"refusals": "3"})
    looked = [(leaf["kind"], leaf["outcome"], leaf["alerts"]) for leaf in world.leaves()[before:]]
    assert looked == [("alert", "tried", "1"), ("alert", "tried", "0"), ("alert", "tried", "1")], "on the log is that it was tried"
    for wrong in ("yesterday", "7w", "", "99999999999d"):
        with pytest.raises(RequestError, match="--since"):
            run("test", str(file), "--since", wrong)


def test_a_file_with_mistakes_is_refused_by_check_and_at_the_start(world: World, file: Path) -> None:
    file.write_text(RULES.replace("count: 3", "cuont: 3"), encoding="utf-8")
    with pytest.raises(FileErrors, match=r'alerts\.yaml:9:\d+: "cuont" is not a member .* did you mean "count"'):
        run("check", str(file))
    with pytest.raises(FileErrors):
        Watcher(world.gateway.alert_rules, world.gateway.alert_desk())


def test_the_schema_is_printed(world: World) -> None:
    assert json.loads(run("schema"))["title"] == "Alert rules of the Educator Data Gateway"


def test_a_secret_that_is_not_there_is_told_and_the_alert_waits(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    desk = world.gateway.alert_desk()
    watch(world.gateway.alert_rules(), desk)
    refuse(world, 3)
    world.later(minutes=1)
    watch(world.gateway.alert_rules(), desk)
    told = capsys.readouterr().out
    assert "The secret at env MAIL is empty or not set." in told
    assert "The secret at env HOOK is empty or not set." in told
    assert "open, still to tell office, siem" in run("list")


def test_a_server_has_its_first_turn_at_once(world: World) -> None:
    done = Event()
    watcher = Watcher(world.gateway.alert_rules, world.gateway.alert_desk())

    def turn() -> None:
        watcher.turn()
        done.set()

    def read_nothing(file: Path) -> None:
        raise AssertionError(file)

    table = Timetable(world.gateway, (), read_nothing, alerts=turn)  # type: ignore[arg-type]
    table.start()
    try:
        assert done.wait(30)
    finally:
        table.stop()
    assert watch(world.gateway.alert_rules(), world.gateway.alert_desk()) is None, "this minute's turn is done"
