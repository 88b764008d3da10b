"""A survey's answers of Lakeside's candidates, written as an extract and pulled: what free text is tried on."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from gateway.cli.source.files import read_source
from tests.world import World

AGREEMENT = Path(__file__).parent / "integration" / "free_text.yaml"
SOURCE = """
version: 1
id: lakeside-surveys
provider: lakeside
maintainer: {kind: epp}
kind: delimited
location: FOLDER
defaults: {empty: [""]}
resources:
  candidates:
    file: candidates.csv
    columns: {Id: candidateIdentifier, First: firstName, Last: lastSurname}
    collections:
      electronicMails:
        columns: {Email: electronicMailAddress}
        constants: {electronicMailTypeDescriptor: "uri://ed-fi.org/ElectronicMailTypeDescriptor#Organization"}
  surveyQuestionResponses:
    file: answers.csv
    columns:
      Question: surveyQuestionReference.questionCode
      Survey: [surveyQuestionReference.surveyIdentifier, surveyResponseReference.surveyIdentifier]
      Space: [surveyQuestionReference.namespace, surveyResponseReference.namespace]
      Response: surveyResponseReference.surveyResponseIdentifier
      Comment: comment
    collections:
      values:
        columns: {Value: surveyQuestionResponseValueIdentifier, Text: textResponse}
"""
PEOPLE: tuple[tuple[str, str, str], ...] = (
    ("Ana", "Ruiz-Ortega", "ana.ro@lakeside.example"),
    ("William", "Young", "wy@lakeside.example"),
)


def say(
    world: World, answers: Mapping[str, str | Sequence[str]], people: Sequence[tuple[str, str, str]] = PEOPLE
) -> dict[str, str]:
    """Pull these answers, each to a question of its own (a comment, or a comment and a value), and these candidates; gives what
    became of each resource."""
    folder = world.folder / "surveys"
    folder.mkdir(exist_ok=True)
    _write(
        folder / "candidates.csv",
        ("Id", "First", "Last", "Email"),
        [(f"C-{at:03}", first, last, email) for at, (first, last, email) in enumerate(people, 101)],
    )
    said = {question: (text, "") if isinstance(text, str) else tuple(text) for question, text in answers.items()}
    _write(
        folder / "answers.csv",
        ("Question", "Survey", "Space", "Response", "Comment", "Value", "Text"),
        [(question, "S", "uri://x", f"R-{question}", text, "1", value) for question, (text, value) in said.items()],
    )
    file = folder / "source.yaml"
    file.write_text(SOURCE.replace("FOLDER", str(folder)), encoding="utf-8")
    synced = world.sync(read_source(file, world.gateway.catalog, {}), allow_shrink=True)
    return {name: report.outcome for name, report in synced.items()}


def _write(file: Path, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows([head, *rows])
