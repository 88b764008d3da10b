"""New: every template gives a valid draft whose cases hold, and a ticked schedule is taken over row by row or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from gateway.agreements.cases.engines import opened_engines
from gateway.agreements.cases.read_cases import read_cases
from gateway.agreements.cases.run_cases import not_exercised, run_cases
from gateway.agreements.draft import QUESTIONS, asked_by, draft, templates
from gateway.agreements.read_agreement import read_agreement
from gateway.catalog.load import load_catalog
from gateway.cli.main import app
from gateway.errors import FileErrors, RequestError
from gateway.pdp.engine import Pdp
from gateway.pdp.policies import Policies
from gateway.shipped import shipped

SHELF = shipped("policies") / "agreements" / "templates"
CATALOG = load_catalog()
ANSWERS = {
    "id": "our-agreement",
    "title": 'Placement: "spring" & autumn',
    "timezone": "America/Chicago",
    "first_day": "2026-07-01",
    "last_day": "2027-06-30",
    "program": "lakeside",
    "program_name": "Lakeside University: College of Education",
    "program_contact": "registrar@lakeside.example",
    "program_organisation": "6001",
    "district": "riverton",
    "district_name": "Riverton Unified #1",
    "district_contact": "hr@riverton.example",
    "district_organisation": "255901",
    "researcher": "institute",
    "researcher_name": "Institute for Teaching",
    "researcher_contact": "office@institute.example",
    "direct_control": "Section 4",
    "personnel_citation": "Board policy 4119",
    "form": "release-2026",
    "form_sha256": "a" * 64,
    "study_scope": "How candidates fare",
    "study_representative": "Dr. Reyes",
}
MODULES = ("personnel-default",)
INTERVIEWED = (
    "placement",
    "hiring_pipeline",
    "completer_outcomes",
    "survey_exchange",
    "residency",
    "research_study",
    "finder_file",
)


@pytest.fixture(scope="module")
def embedded() -> Iterator[dict[str, Pdp]]:
    with opened_engines("embedded", Policies(modules=MODULES)) as engines:
        yield dict(engines)


def _set(template: str, **changed: str) -> list[str]:
    answers = ANSWERS | changed
    return [part for question in asked_by(SHELF, template) for part in ("--set", f"{question.name}={answers[question.name]}")]


def test_every_shipped_template_is_known_and_says_what_it_is_for() -> None:
    assert set(templates(SHELF)) == {*INTERVIEWED, "ticked_schedule"}
    assert all(len(purpose) > 20 for purpose in templates(SHELF).values())


def test_every_question_is_asked_by_a_template_and_has_an_answer_here() -> None:
    asked = {question.name for template in templates(SHELF) for question in asked_by(SHELF, template)}
    assert asked == {question.name for question in QUESTIONS} == ANSWERS.keys()


@pytest.mark.parametrize("template", INTERVIEWED)
def test_a_draft_is_valid_and_its_cases_hold_and_look_at_every_clause(
    template: str, tmp_path: Path, embedded: dict[str, Pdp]
) -> None:
    result = CliRunner().invoke(app, ["agreement", "new", template, "--folder", str(tmp_path), *_set(template)])
    assert result.exit_code == 0, result.output + str(result.exception)
    agreement = read_agreement(tmp_path / "our-agreement.yaml", CATALOG)
    assert agreement.id == "our-agreement"
    read = read_cases(tmp_path / "our-agreement.cases.yaml", CATALOG)
    outcomes = run_cases(read.cases, [agreement], embedded, CATALOG, MODULES)
    assert [f"{outcome.case.name}: {outcome.failure}" for outcome in outcomes if outcome.failure] == []
    assert [clause for clause in not_exercised(outcomes, [agreement]) if "separationReason" not in clause] == []


def test_an_interview_asks_again_until_the_answer_fits(tmp_path: Path) -> None:
    given = [part for part in _set("placement") if not part.startswith("first_day")]
    given = [part for at, part in enumerate(given) if part != "--set" or (at + 1 < len(given) and given[at + 1] != "--set")]
    result = CliRunner().invoke(
        app, ["agreement", "new", "placement", "--folder", str(tmp_path), *given], input="July 1\n2026-07-01\n"
    )
    assert result.exit_code == 0, result.output
    assert "Please write a day as 2026-07-01." in result.output
    assert read_agreement(tmp_path / "our-agreement.yaml", CATALOG).term[0].isoformat() == "2026-07-01"


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("id", "Our Agreement"),
        ("first_day", "2026-13-01"),
        ("timezone", "Chicago"),
        ("program_organisation", "six"),
        ("title", " "),
    ],
)
def test_an_answer_that_does_not_fit_is_named_and_nothing_is_written(tmp_path: Path, name: str, answer: str) -> None:
    with pytest.raises(RequestError, match=name):
        draft(SHELF, "placement", {**ANSWERS, name: answer})
    assert list(tmp_path.iterdir()) == []


def test_a_draft_does_not_overwrite(tmp_path: Path) -> None:
    (tmp_path / "our-agreement.yaml").write_text("mine", encoding="utf-8")
    result = CliRunner().invoke(app, ["agreement", "new", "placement", "--folder", str(tmp_path), *_set("placement")])
    assert "is there already" in str(result.exception)
    assert (tmp_path / "our-agreement.yaml").read_text(encoding="utf-8") == "mine"


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    """A schedule of candidates with two ticks."""
    file = tmp_path / "exhibit.xlsx"
    assert CliRunner().invoke(app, ["agreement", "exhibit", str(file), "--resource", "candidates"]).exit_code == 0
    _tick(file, {"firstName": "x", "candidateIdentifier": "pseudonymise"})
    return file


def _tick(file: Path, ticks: dict[str, str]) -> None:
    book = load_workbook(file)
    for row in book.worksheets[0].iter_rows(min_row=2):
        if row[1].value in ticks:
            row[4].value = ticks[str(row[1].value)]
    book.save(file)


def _from(workbook: Path, folder: Path, *more: str) -> object:
    command = ["agreement", "new", "--from", str(workbook), "--folder", str(folder), *_set("ticked_schedule"), *more]
    return CliRunner().invoke(app, command)


def test_what_is_ticked_is_shared_and_nothing_else(workbook: Path, tmp_path: Path) -> None:
    assert _from(workbook, tmp_path).exit_code == 0  # type: ignore[attr-defined]
    [grant] = read_agreement(tmp_path / "our-agreement.yaml", CATALOG).grants
    assert set(grant.elements) == {"firstName", "candidateIdentifier"}


def test_rows_that_are_not_known_are_listed_with_their_cells_and_nothing_is_written(workbook: Path, tmp_path: Path) -> None:
    book = load_workbook(workbook)
    book.worksheets[0].append(("candidates", "shoeSize", "", "", "x"))
    book.worksheets[0].append(("candidate", "firstName", "", "", "x"))
    book.worksheets[0].append(("candidates", "lastSurname", "", "", "perhaps"))
    last = book.worksheets[0].max_row
    book.save(workbook)
    result = _from(workbook, tmp_path)
    assert isinstance(result.exception, FileErrors)  # type: ignore[attr-defined]
    places = [(problem.line, problem.column) for problem in result.exception.problems]  # type: ignore[attr-defined]
    assert places == [(last - 2, 2), (last - 1, 1), (last, 5)]
    assert not (tmp_path / "our-agreement.yaml").exists()
    assert _from(workbook, tmp_path, "--skip-unknown").exit_code == 0  # type: ignore[attr-defined]
    [grant] = read_agreement(tmp_path / "our-agreement.yaml", CATALOG).grants
    assert set(grant.elements) == {"firstName", "candidateIdentifier"}


def test_a_file_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "exhibit.xlsx"
    file.write_text("resource,element,share\n", encoding="utf-8")
    result = _from(file, tmp_path)
    assert "is not an Excel workbook" in str(result.exception)  # type: ignore[attr-defined]
