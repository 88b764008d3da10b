"""Rules files: the shipped one and the example are right, and every mistake is told at its place with what to write instead."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from connectors.secrets import SecretRef
from gateway.alerts.read_rules import PARAMETERS, read_rules_file
from gateway.alerts.rules import KIND_OF, KINDS, AlertRules, Email, Hours, OffHours, Rule, Webhook
from gateway.alerts.schema import rules_schema
from gateway.app import SHIPPED_RULES
from gateway.errors import ConfigurationError, FileErrors

EXAMPLE = Path(__file__).resolve().parents[3] / "deploy" / "alerts.example.yaml"
SCHEMA = Draft202012Validator(rules_schema())
GOOD = """version: 1
timezone: America/Chicago
hours: {from: "07:00", to: "19:00", days: [mon, sat]}
channels:
  office:
    email: {host: mail.example.org, from: gateway@example.org, to: [a@example.org], user: u, password: {env: MAIL}}
  siem:
    webhook: {url: "https://siem.example.org/in", secret: {file: secret.txt}}
rules:
  night:
    kind: off_hours_bulk
    channels: [office, siem]
    quiet: 2h
    rows: 12
"""
BROKEN = {
    "a member that there is not": ("version: 1", "version: 1\nzone: UTC", 2, '"zone" is not a member', True),
    "another version": ("version: 1", "version: 2", 1, '"2" is not a version', True),
    "a zone that there is not": ("America/Chicago", "America/Chikago", 2, 'did you mean "America/Chicago"', False),
    "a half hour": ("07:00", "07:30", 3, '"07:30" is not a whole hour', True),
    "hours that end before they begin": ('"19:00"', '"06:00"', 3, "end before they begin", False),
    "a weekday that there is not": ("sat", "saturday", 3, '"saturday" is not a weekday', True),
    "a channel called log": ("  siem:", "  log:", 7, "the log is always told", True),
    "a channel with capitals": ("  siem:", "  Siem:", 7, "is not the name of a channel", True),
    "a recipient that is not ASCII": ("a@example.org", "zoë@example.org", 6, "not a mail address", False),
    "a channel of two ways": ("    webhook:", "    email: {}\n    webhook:", 8, "either email or webhook", True),
    "mail in clear": ("to: [a@example.org]", "to: [a@example.org], tls: none", 6, "mail is never sent in clear", True),
    "no recipients": ("to: [a@example.org]", "to: []", 6, "to is an empty list", False),
    "a recipient that smuggles a header": ("a@example.org", '"a@example.org\\nBcc: x@example.org"', 6, "not a mail address", False),
    "a user without a password": (", password: {env: MAIL}", "", 6, 'email lacks "password"', False),
    "a password in clear": ("{env: MAIL}", "hunter2", 6, "must say where the secret is", True),
    "an address in clear": ("https://siem", "http://siem", 8, "must begin with https://", False),
    "an address of this machine in clear": ("https://siem.example.org", "http://127.0.0.1:1", 8, "allow: [loopback]", False),
    "a name in the address": ("https://siem", "https://user:hunter2@siem", 8, "holds a user, a password", False),
    "an address that is none": ("https://siem.example.org/in", "siem", 8, "begin it with https://", False),
    "a port that there is not": ("https://siem.example.org/in", "https://siem.example.org:99999/", 8, "must be an address", False),
    "a place that is not allowed": ("secret: {file", "allow: [anywhere], secret: {file", 8, "place that a webhook may be at", True),
    "a webhook without a secret": (", secret: {file: secret.txt}", "", 8, 'webhook lacks "secret"', True),
    "a rule without a kind": ("    kind: off_hours_bulk\n", "", 11, 'lacks "kind"', True),
    "a kind that there is not": ("off_hours_bulk", "off_hour_bulk", 11, 'did you mean "off_hours_bulk"', True),
    "a member of another kind": ("rows: 12", "settle: 7d", 14, '"settle" is not a member', True),
    "a channel that the file has not": ("[office, siem]", "[offise]", 12, 'did you mean "office"', False),
    "a channel twice": ("[office, siem]", "[siem, siem]", 12, "stands twice", False),
    "a length without a unit": ("2h", "2", 13, "is not a length of time", True),
    "a number below the least": ("rows: 12", "rows: -1", 14, "not a whole number", True),
    "a severity that there is not": ("rows: 12", "severity: urgent", 14, "severity", True),
    "a rule with capitals": ("  night:", "  Night:", 10, "is not the name of a rule", True),
    "a floor above that of new clients": (
        GOOD[GOOD.index("    kind: off") :],
        "    kind: volume_above_habit\n    floor: 60000\n",
        11,
        "is below floor",
        False,
    ),
    "no rule": (GOOD[GOOD.index("rules:") :], "rules: {}\n", 9, "there is no rule", True),
}
"""What is written instead of what, the line, what is said of it, and whether the schema refuses it too."""


def read(folder: Path, text: str) -> AlertRules:
    file = folder / "alerts.yaml"
    file.write_text(text, encoding="utf-8")
    return read_rules_file(file, {})


def tree(text: str) -> object:
    return YAML(typ="safe", pure=True).load(io.StringIO(text))


def test_what_a_file_says_is_what_a_rule_has(tmp_path: Path) -> None:
    found = read(tmp_path, GOOD)
    assert found.rules == (
        OffHours(
            name="night",
            channels=("office", "siem"),
            quiet=timedelta(hours=2),
            zone=ZoneInfo("America/Chicago"),
            hours=Hours(7, 19, frozenset({0, 5})),
            rows=12,
        ),
    )
    assert found.channels == {
        "office": Email("mail.example.org", 587, "gateway@example.org", ("a@example.org",), "u", SecretRef("env", "MAIL")),
        "siem": Webhook("https://siem.example.org/in", SecretRef("file", str(tmp_path / "secret.txt"))),
    }


def test_a_rule_may_have_a_zone_and_hours_of_its_own(tmp_path: Path) -> None:
    own = 'rows: 12\n    timezone: Europe/Berlin\n    hours: {from: "09:00"}\n'
    [rule] = read(tmp_path, GOOD.replace("rows: 12\n", own)).rules
    assert (rule.zone, rule.hours) == (ZoneInfo("Europe/Berlin"), Hours(9, 19, frozenset({0, 5})))


@pytest.mark.parametrize("mistake", BROKEN)
def test_each_mistake_is_told_at_its_line(mistake: str, tmp_path: Path) -> None:
    old, new, line, said, _ = BROKEN[mistake]
    assert old in GOOD
    with pytest.raises(FileErrors) as caught:
        read(tmp_path, GOOD.replace(old, new, 1))
    problem = caught.value.problems[0]
    assert problem.line == line, str(problem)
    assert said in problem.sentence
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("mistake", [mistake for mistake, (*_, by_schema) in BROKEN.items() if by_schema])
def test_the_schema_refuses_what_it_can(mistake: str) -> None:
    old, new, *_ = BROKEN[mistake]
    assert not SCHEMA.is_valid(tree(GOOD.replace(old, new, 1)))


def test_every_mistake_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileErrors) as caught:
        read(tmp_path, GOOD.replace("version: 1", "version: 2").replace("rows: 12", "rowz: 12").replace("2h", "2"))
    assert [problem.line for problem in caught.value.problems] == [1, 13, 14]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_rules_file(tmp_path / "nowhere.yaml", {})


@pytest.mark.parametrize("file", [SHIPPED_RULES, EXAMPLE], ids=lambda file: file.name)
def test_the_shipped_rules_and_the_example_are_right_and_have_every_kind_once(file: Path) -> None:
    found = read_rules_file(file, {})
    assert sorted(KIND_OF[type(rule)] for rule in found.rules) == sorted(KINDS)
    assert SCHEMA.is_valid(tree(file.read_text(encoding="utf-8")))


def test_the_shipped_rules_tell_the_log_only() -> None:
    found = read_rules_file(SHIPPED_RULES, {})
    assert not found.channels
    assert all(not rule.channels for rule in found.rules)


def test_the_example_shows_the_standard_numbers() -> None:
    for rule in read_rules_file(EXAMPLE, {}).rules:
        kind = KIND_OF[type(rule)]
        standard: Rule = KINDS[kind](name=rule.name)
        assert {name: getattr(rule, name) for name in PARAMETERS[kind]} == {
            name: getattr(standard, name) for name in PARAMETERS[kind]
        }


def test_every_number_of_a_kind_can_be_written() -> None:
    common = set(Rule.__dataclass_fields__)
    for kind, rule in KINDS.items():
        assert set(PARAMETERS[kind]) == set(rule.__dataclass_fields__) - common
