"""Consents and opt-outs by commands and HTTP: the partner's next answer knows, and a mistake is told by place."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.journeys.cli import Operator, operator, token_by_secret

PARTIES = """
parties:
  lakeside: {name: Lakeside University, kind: [epp]}
  riverton: {name: Riverton Unified School District, kind: [district]}
"""
HEAD = "version: 1\ntimezone: America/Chicago\nterm: {from: 2020-01-01, until: 2099-12-31}\n"
SHARING = f"""{HEAD}
id: directory
title: Who may be invited
{PARTIES}
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
    resources: {{candidates: {{elements: {{lastSurname: share}}}}}}
"""
OPERATION = f"""{HEAD}
kind: operation
id: lakeside-operation
title: Lakeside in the gateway
parties:
  lakeside: {{name: Lakeside University, kind: [epp]}}
provider: lakeside
operator: {{self_hosted: true}}
"""
SOURCE = """
version: 1
id: registrar
provider: lakeside
maintainer: {kind: epp}
kind: delimited
location: .
resources:
  candidates: {file: candidates.csv, columns: {Id: candidateIdentifier, Last: lastSurname}}
opt_outs:
  candidates: {file: refusals.csv, columns: {Id: candidateIdentifier}}
"""
CONSENTS = """candidateIdentifier,form,recipient,purpose,signed_on,until,method
C-1,release-2026,riverton,placement hiring,2026-10-01,,paper
C-2,release-2026,riverton,placement,October,,paper
C-9,release-2026,riverton,placement,2026-10-01,2099-01-01,paper
"""


@pytest.fixture
def somebody(tmp_path: Path, database_url: str) -> Operator:
    """An operator with files, both agreements in force, nothing pulled."""
    for name, text in {
        "sharing.yaml": SHARING,
        "operation.yaml": OPERATION,
        "source.yaml": SOURCE,
        "candidates.csv": "Id,Last\n" + "".join(f"C-{number},Name {number}\n" for number in range(1, 6)),
        "refusals.csv": "Id\nC-2\n",
        "consents.csv": CONSENTS,
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    someone = operator(tmp_path / "home", database_url)
    someone.run("db", "upgrade")
    someone.run("agreement", "activate", str(tmp_path / "sharing.yaml"))
    return someone


def names(client: httpx.Client, token: str) -> list[str]:
    answer = client.get("/v1/candidates", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == httpx.codes.OK, answer.text
    return sorted(record["lastSurname"].removeprefix("Name ") for record in answer.json()["data"])


def secret_of(someone: Operator, client: str, institution: str, *scopes: str) -> str:
    options = [part for scope in scopes for part in ("--scope", scope)]
    common = ("--institution", institution, "--title", client, "--purpose", "early_hire", "--secret")
    return someone.run("client", "add", client, *common, *options).split()[-1]


def test_a_person_who_says_no_is_gone_from_the_next_answer(somebody: Operator, tmp_path: Path) -> None:
    source = str(tmp_path / "source.yaml")
    refused = somebody.run("sync", source, expect=6)
    assert "No agreement says who runs the gateway for lakeside" in refused and "gateway agreement activate FILE" in refused
    assert "Pull the sources of lakeside now" in somebody.run("agreement", "activate", str(tmp_path / "operation.yaml"))
    assert "opt-outs of candidates: 1 rows; 1 begun" in somebody.run("sync", source)
    lakeside = ("--provider", "lakeside")
    partner = secret_of(somebody, "riverton-sis", "riverton")
    registrar = secret_of(somebody, "registrar", "lakeside", "rights:write", "rights:read")
    with somebody.serving() as client:
        token = token_by_secret(client, "riverton-sis", partner)
        assert names(client, token) == ["1", "3", "4", "5"]
        assert "1 opt-out recorded" in somebody.run("opt-out", "set", "candidateIdentifier=C-3", *lakeside)
        assert names(client, token) == ["1", "4", "5"]
        own = {"Authorization": f"Bearer {token_by_secret(client, 'registrar', registrar)}"}
        answer = client.post("/opt-outs", json={"person": {"candidateIdentifier": "C-4"}}, headers=own)
        assert answer.status_code == httpx.codes.CREATED, answer.text
        assert names(client, token) == ["1", "5"]
        assert client.get("/opt-outs", headers=own).json() == {"opted_out": 3}
        assert "the next sync sets it" in somebody.run("opt-out", "rescind", "candidateIdentifier=C-2", *lakeside)
        assert names(client, token) == ["1", "2", "5"]
        somebody.run("sync", source)
        assert names(client, token) == ["1", "5"], "the registrar's file still says so"
    assert "3 opted out" in somebody.run("opt-out", "list", *lakeside)
    assert "Opted out (stated by registrar/candidates)" in somebody.run("opt-out", "list", "candidateIdentifier=C-2", *lakeside)
    assert "--before-record" in somebody.run("opt-out", "set", "candidateIdentifier=C-77", *lakeside, expect=2)
    assert "ELEMENT=TEXT" in somebody.run("opt-out", "set", "C-3", *lakeside, expect=2)
    assert "The log is whole" in somebody.run("audit", "verify")


def test_good_rows_of_a_file_count_and_bad_ones_are_told_by_place(somebody: Operator, tmp_path: Path) -> None:
    file, lakeside = str(tmp_path / "consents.csv"), ("--provider", "lakeside")
    assert "who runs the gateway" in somebody.run("consent", "import", file, *lakeside, expect=6)
    somebody.run("agreement", "activate", str(tmp_path / "operation.yaml"))
    somebody.run("sync", str(tmp_path / "source.yaml"))
    printed = somebody.run("consent", "import", file, *lakeside, expect=6)
    assert "3 rows; 3 begun, 0 ended, 0 unchanged, 1 rows quarantined" in printed
    assert "consents.csv:3: signed_on: signed_on is a day, as in 2026-07-01 (not_a_date)" in printed
    assert "consents.csv:4: candidateIdentifier: candidates has no such record yet" in printed
    assert "October" not in printed
    assert "consents.csv:3: signed_on" in somebody.run("source", "quarantine", "lakeside")
    listed = somebody.run("consent", "list", *lakeside)
    assert [line.split() for line in listed.splitlines() if "riverton" in line] == [
        ["release-2026", "riverton", "hiring", "1", "0"],
        ["release-2026", "riverton", "placement", "2", "0"],
    ]
    given = ("--form", "release-2026", "--recipient", "riverton", "--purpose", "placement", "--signed-on", "2026-10-02")
    somebody.run("consent", "give", "candidateIdentifier=C-2", *lakeside, *given)
    assert "nothing changed" in somebody.run("consent", "give", "candidateIdentifier=C-2", *lakeside, *given)
    assert "2026-10-02" in somebody.run("consent", "list", "candidateIdentifier=C-2", *lakeside)
    somebody.run("consent", "withdraw", "candidateIdentifier=C-2", *lakeside, "--form", "release-2026")
    assert "2026-10-02" not in somebody.run("consent", "list", "candidateIdentifier=C-2", *lakeside)
    (tmp_path / "consents.csv").write_text("candidateIdentifier,form,birthday\nC-1,x,y\n", encoding="utf-8")
    assert "has the column birthday" in somebody.run("consent", "import", file, *lakeside, expect=6)
    (tmp_path / "consents.csv").write_text("candidateIdentifier,form\nC-1,x\n", encoding="utf-8")
    assert "has no column method, purpose" in somebody.run("consent", "import", file, *lakeside, expect=6)
    assert "is not in" in somebody.run("consent", "import", str(tmp_path / "nowhere.csv"), *lakeside, expect=6)
