"""Ed-Fi's EPP starter kit down the whole road, by commands and over HTTP only, counted against its files."""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.journeys.cli import operator, token_by_secret

HERE = Path(__file__).resolve().parent / "starter_kit"
BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data" / "epp-starter-kit"
KIT = Path(os.environ.get("EPP_STARTER_KIT", BESIDE))
AIDS = range(1, 9)

KEYS: dict[str, tuple[str, tuple[str, ...]]] = {
    "schools": ("school.csv", ("SchoolId",)),
    "people": ("person.csv", ("PersonId", "SourceSystemDescriptor")),
    "educatorPreparationPrograms": ("eppProgram.csv", ("ProgramName", "ProgramTypeDescriptor", "EducationOrganizationId")),
    "candidates": ("candidate.csv", ("CandidateIdentifier",)),
    "candidateEducatorPreparationProgramAssociations": (
        "candidateEducatorPreparationProgramAssociation.csv",
        ("BeginDate", "CandidateIdentifier", "EducationOrganizationId", "ProgramName", "ProgramTypeDescriptor"),
    ),
    "credentials": ("credential.csv", ("CredentialIdentifier", "StateOfIssueStateAbbreviationDescriptor")),
    "evaluations": (
        "Evaluation.csv",
        (
            "EducationOrganizationId",
            "EvaluationPeriodDescriptor",
            "EvaluationTitle",
            "PerformanceEvaluationTitle",
            "PerformanceEvaluationTypeDescriptor",
            "SchoolYear",
            "TermDescriptor",
        ),
    ),
    "surveys": ("survey.csv", ("Namespace", "SurveyIdentifier")),
    "surveySections": ("surveySection.csv", ("Namespace", "SurveyIdentifier", "SurveySectionTitle")),
    "surveyQuestions": ("surveyQuestion.csv", ("Namespace", "SurveyIdentifier", "QuestionCode")),
    "surveyResponses": ("surveyResponse.csv", ("Namespace", "SurveyIdentifier", "SurveyResponseIdentifier")),
    "surveyQuestionResponses": (
        "surveyQuestionResponse.csv",
        ("Namespace", "SurveyIdentifier", "QuestionCode", "SurveyResponseIdentifier"),
    ),
    "surveyResponsePersonTargetAssociations": (
        "surveyResponsePersonTargetAssociation.csv",
        ("PersonId", "SourceSystemDescriptor", "Namespace", "SurveyIdentifier", "SurveyResponseIdentifier"),
    ),
}
"""For each resource its file and the columns of its key, written down from Ed-Fi's model and not from the source file."""


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a file, read without any code of ours."""
    raw = (KIT / name).read_bytes()
    text = raw.decode("utf-16" if raw[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig")
    return list(csv.DictReader(text.splitlines(keepends=True)))


def keys_of(resource: str) -> set[tuple[str, ...]]:
    name, columns = KEYS[resource]
    return {tuple(row[column].strip() for column in columns) for row in rows(name)}


def aids() -> set[tuple[str, ...]]:
    return {
        (row["CandidateIdentifier"], row[f"AidTypeDescriptor{n}"], row[f"BeginDate{n}"])
        for row, n in product(rows("candidate.csv"), AIDS)
        if row[f"AidTypeDescriptor{n}"].strip() not in {"", "NULL"}
    }


def every(client: httpx.Client, token: str, resource: str) -> Iterator[dict[str, Any]]:
    cursor: dict[str, str] = {}
    while True:
        answer = client.get(f"/v1/{resource}", params={"limit": "1000", **cursor}, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == httpx.codes.OK, answer.text
        yield from answer.json()["data"]
        if answer.json()["next"] is None:
            return
        cursor = {"cursor": answer.json()["next"]}


@pytest.mark.skipif(not KIT.is_dir(), reason="needs Ed-Fi's EPP starter kit: name its folder in EPP_STARTER_KIT")
def test_every_row_of_the_starter_kit_is_served_or_in_quarantine(tmp_path: Path, database_url: str) -> None:
    somebody = operator(tmp_path / "home", database_url, EPP_STARTER_KIT=str(KIT), GATEWAY_STATE_MODULES="personnel-default")
    somebody.run("db", "upgrade")
    somebody.run("agreement", "check", str(HERE / "agreement.yaml"))
    somebody.run("agreement", "activate", str(HERE / "agreement.yaml"))
    somebody.run("sync", str(HERE / "source.yaml"), expect=6)
    somebody.run("agreement", "activate", str(HERE / "operation.yaml"))
    somebody.run("source", "check", str(HERE / "source.yaml"))
    printed = somebody.run(
        "client", "add", "kit", "--institution", "riverton", "--title", "Kit", "--purpose", "residency", "--secret"
    )
    synced = somebody.run("sync", str(HERE / "source.yaml"))
    assert "No row of lakeside" in somebody.run("source", "quarantine", "lakeside")

    with somebody.serving() as client:
        token = token_by_secret(client, "kit", printed.split()[-1])
        served = {resource: list(every(client, token, resource)) for resource in KEYS}
        refused = client.get("/v1/financialAids", headers={"Authorization": f"Bearer {token}"})
    counts = {resource: len(records) for resource, records in served.items()}
    assert counts == {resource: len(keys_of(resource)) for resource in KEYS}
    # What derives from applications for financial aid is stored to be counted, and never served record by record.
    assert refused.status_code == httpx.codes.FORBIDDEN
    assert re.search(rf"financialAids\b.*\b{len(aids()):,}\b", synced)

    candidates = rows("candidate.csv")
    shown = Counter((r["firstName"], r["lastSurname"], r["birthDate"]) for r in served["candidates"])
    assert shown == Counter((r["FirstName"].strip(), r["LastSurname"].strip(), int(r["BirthDate"][:4])) for r in candidates)
    assert all("sexDescriptor" not in record for record in served["candidates"])
    matrix = sum(len(record["surveyQuestionMatrixElementResponses"]) for record in served["surveyQuestionResponses"])
    answered = rows("surveyQuestionResponse.csv")
    assert matrix >= len(answered) - len(served["surveyQuestionResponses"])
    # Free text goes through the redaction. "Little" alone may be somebody's family name, so that it waits for the steward.
    members = [member for record in served["surveyQuestionResponses"] for member in record["surveyQuestionMatrixElementResponses"]]
    said = {row["TextResponse"].strip() for row in answered}
    assert "Little" in said
    assert {member["textResponse"] for member in members} == said - {"Little"} | {None}

    again = somebody.run("sync", str(HERE / "source.yaml"))
    assert again.count(" unchanged ") >= len(served)
    assert "promoted" not in again
    assert "The log is whole" in somebody.run("audit", "verify")
