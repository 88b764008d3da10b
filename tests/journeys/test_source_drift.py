"""An integrator whose source changed over night: the sync says it, a program can read it, and the command tells it later."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.journeys.cli import Operator, operator

HEAD = "version: 1\ntimezone: America/Chicago\nterm: {from: 2020-01-01, until: 2099-12-31}\n"
LAKESIDE = "lakeside: {name: Lakeside University, kind: [epp]}"
SHARING = f"""{HEAD}
id: directory
title: Who may be invited
parties: {{{LAKESIDE}, riverton: {{name: Riverton Unified School District, kind: [district]}}}}
redisclosure: {{allowed: false, notice: Do not pass it on.}}
destruction: {{days_after_end: 90}}
schedules:
  - id: directory
    provider: lakeside
    recipient: riverton
    legal_basis:
      basis: a11_directory
      citation: 34 CFR 99.31(a)(11)
      notice: {{published: 2020-01-01, opt_out_until: 2020-02-01, designated: [firstName, lastSurname]}}
    purposes: {{early_hire: {{legitimate_interest: Inviting candidates to apply}}}}
    resources: {{candidates: {{elements: {{lastSurname: share, firstName: share}}}}}}
"""
OPERATION = f"""{HEAD}
kind: operation
id: lakeside-operation
title: Lakeside in the gateway
parties: {{{LAKESIDE}}}
provider: lakeside
operator: {{self_hosted: true}}
"""
SOURCE = """version: 1
id: registrar
provider: lakeside
maintainer: {kind: epp}
kind: delimited
location: .
resources:
  candidates: {file: c.csv, columns: {Id: candidateIdentifier, Last: lastSurname}, ignore: [Room]}
"""


@pytest.fixture
def somebody(tmp_path: Path, database_url: str) -> Operator:
    """An operator with both agreements in force and a source that was pulled once."""
    for name, text in {"sharing.yaml": SHARING, "operation.yaml": OPERATION, "source.yaml": SOURCE}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    export(tmp_path, "Id,Last,Room", "12")
    someone = operator(tmp_path / "home", database_url)
    someone.run("db", "upgrade")
    for name in ("sharing", "operation"):
        someone.run("agreement", "activate", str(tmp_path / f"{name}.yaml"))
    someone.run("sync", str(tmp_path / "source.yaml"))
    return someone


def export(folder: Path, header: str, *more: str) -> None:
    rows = [",".join((f"C-{number}", f"Name {number}", *more)) for number in range(1, 6)]
    (folder / "c.csv").write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")


def test_what_changed_over_night_is_said_and_told_later(somebody: Operator, tmp_path: Path) -> None:
    file = str(tmp_path / "source.yaml")
    assert "Nothing changed at registrar" in somebody.run("source", "drift", file)

    export(tmp_path, "Id,Last,Room,firstName", "B-12", "Zebedee")
    said = somebody.run("sync", file)
    assert "registrar: candidates is not as it was: new firstName (text); Room was whole number, is text" in said
    assert "is not as it was" not in somebody.run("sync", file), "it is said once"

    export(tmp_path, "Id,Surname,Room,firstName", "B-12", "Zebedee")
    events = [json.loads(line) for line in somebody.run("sync", "--format", "json", file, expect=6).splitlines() if "{" in line]
    [drift] = [event for event in events if event.get("event") == "drift"]
    assert [(change["field"], change["change"]) for change in drift["changes"]] == [("Surname", "new"), ("Last", "gone")]

    lines = [json.loads(line) for line in somebody.run("source", "drift", file, "--format", "json").splitlines()]
    assert [(line["field"], line["change"]) for line in lines] == [
        ("Surname", "new"),
        ("Last", "gone"),
        ("firstName", "new"),
        ("Room", "type"),
    ]
    assert lines[0]["at"] >= lines[2]["at"]
    table = somebody.run("source", "drift", file)
    assert "whole number" in table
    assert "Zebedee" not in said + table
    assert len(somebody.run("source", "drift", file, "--format", "json", "--most", "1").splitlines()) == 1
