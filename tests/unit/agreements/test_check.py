"""What the check says of the law, where it says it, and how the command tells it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import orjson
import pytest

from gateway.agreements.check import Law, check_file, check_source
from gateway.agreements.sarif import sarif
from gateway.catalog.load import load_catalog
from gateway.errors import FileErrors, FileProblem, IntegrityError
from gateway.shipped import shipped
from tests.unit.agreements.reading import RIGHT, changed

EXAMPLES = shipped("policies") / "agreements"
BROKEN = Path(__file__).resolve().parents[2] / "agreements" / "broken"
GOOD = Path(__file__).resolve().parents[2] / "agreements" / "good"
RIGHT_FILES = [
    *(file for file in sorted(EXAMPLES.glob("*.yaml")) if not file.name.endswith(".cases.yaml")),
    *sorted(GOOD.glob("*.yaml")),
]
STUDENTS = "      candidates:\n        elements:\n          firstName: share\n"


def refusing(*at: str | int, about: str = "") -> Law:
    """A law that refuses everything at one place, to see where it is told."""
    told = {"rule": "X-1", "citation": "A law", "title": "Not so", "fix": "Do it so", "at": list(at), "about": about}
    return Law(lambda _: [told], (), date(2026, 11, 24))


def places(text: str, law: Law) -> list[tuple[int, int]]:
    return [(problem.line, problem.column) for problem in check_source(text, "f.yaml", load_catalog(), law).problems]


@pytest.mark.parametrize("file", RIGHT_FILES, ids=lambda file: file.stem)
def test_every_example_is_right_in_shape_and_law(file: Path, law: Law) -> None:
    assert [str(problem) for problem in check_file(file, load_catalog(), law).problems] == []


def test_problem_of_the_law_has_everything_that_a_drafter_needs() -> None:
    checked = check_source(RIGHT, "f.yaml", load_catalog(), refusing("schedules", 0, "legal_basis", about="placement"))
    here = "legal_basis: {basis: a10_emergency, citation: 34 CFR 99.36,"
    assert checked.problems == (FileProblem("f.yaml", 15, 5, "Not so: placement", "do it so", here, "X-1", "A law"),)
    assert str(checked.problems[0]) == "f.yaml:15:5: Not so: placement; do it so [X-1, A law]"
    with pytest.raises(FileErrors):
        checked.good()


@pytest.mark.parametrize(
    ("at", "place"),
    [
        ((), (1, 1)),
        (("redisclosure", "notice"), (9, 32)),
        (("destruction", "nowhere"), (10, 1)),
        (("schedules", 0, "resources", "candidates"), (19, 7)),
        (("schedules", 0, "resources", "candidates", "elements", "firstName"), (21, 11)),
        (("schedules", 0, "resources", "candidates", "rows", 0), (19, 7)),
        # What the resource inherits is told where the schedule says it.
        (("schedules", 0, "resources", "candidates", "legal_basis", "threat"), (15, 65)),
        (("schedules", 0, "resources", "candidates", "persons", "candidate", "legal_basis"), (15, 5)),
        (("schedules", 0, "resources", "candidates", "purposes"), (16, 5)),
        (("schedules", 7, "id"), (11, 1)),
    ],
)
def test_problem_of_the_law_stands_at_the_nearest_place(at: tuple[str | int, ...], place: tuple[int, int]) -> None:
    assert places(RIGHT, refusing(*at)) == [place]


def test_own_basis_of_a_person_is_the_place() -> None:
    own = (
        "      candidates:\n        persons:\n          candidate:\n"
        "            legal_basis: {basis: a12_self, citation: 34 CFR 99.31(a)(12)}\n        elements:\n          firstName: share\n"
    )
    at = ("schedules", 0, "resources", "candidates", "persons", "candidate", "legal_basis", "citation")
    assert places(changed(STUDENTS, own), refusing(*at)) == [(22, 44)]


def test_element_named_by_class_is_told_at_the_class() -> None:
    by_class = "      candidates:\n        by_class:\n          - {directory: true, treatment: share}\n"
    at = ("schedules", 0, "resources", "candidates", "elements", "firstName")
    assert places(changed(STUDENTS, by_class), refusing(*at, about="firstName")) == [(20, 9)]


def test_part_that_could_not_be_read_is_not_judged() -> None:
    text = changed("firstName: share", "firstNam: share")
    place = ("schedules", 0, "resources", "candidates")
    assert places(text, refusing(*place, "elements")) == [(21, 11)]
    assert places(text, refusing("schedules", 0, "legal_basis")) == [(15, 5), (21, 11)]
    assert not check_source(text, "f.yaml", load_catalog(), refusing(*place)).lawful


def test_shape_and_law_are_told_together(law: Law) -> None:
    text = (EXAMPLES / "lakeside-riverton.yaml").read_text(encoding="utf-8")
    text = changed("birthDate: withhold\n          sexDescriptor", "birthDate: share\n          sexDescriptor", text)
    text = changed("kind: [epp]", "kind: [ep]", changed("          minSalary: share", "          minSalry: share", text))
    rules = [problem.rule for problem in check_source(text, "f.yaml", load_catalog(), law).problems]
    assert rules == ["", ""]  # who is what to whom could not be read, so nothing is judged
    text = text.replace("kind: [ep]", "kind: [epp]")
    misspelled, born = sorted(check_source(text, "f.yaml", load_catalog(), law).problems, key=lambda problem: problem.rule)
    assert (misspelled.text, misspelled.rule) == ("minSalry", "")
    assert (born.text, born.rule[:6]) == ("birthDate: share", "GW-FLR")


def test_policy_is_asked_for_every_grant_with_day_and_modules() -> None:
    asked: list[Mapping[str, object]] = []

    def ask(facts: Mapping[str, object]) -> object:
        asked.append(facts)
        return []

    check_source(RIGHT, "f.yaml", load_catalog(), Law(ask, ("personnel-default",), date(2026, 11, 24)))
    (facts,) = asked
    assert (facts["day"], facts["modules"]) == ("2026-11-24", ["personnel-default"])
    entries = facts["entries"]
    assert isinstance(entries, list)
    assert [entry["place"] for entry in entries] == [["schedules", 0, "resources", "candidates"]]


@pytest.mark.parametrize("answer", [None, {}, "true", [{}], [{"rule": "X"}]])
def test_answer_that_is_not_understood_never_passes_a_file(answer: object) -> None:
    with pytest.raises(IntegrityError):
        check_source(RIGHT, "f.yaml", load_catalog(), replace(refusing(), ask=lambda _: answer))


def test_each_member_of_a_template_is_judged(law: Law) -> None:
    text = (GOOD / "consortium.yaml").read_text(encoding="utf-8").replace("requisitionNumber: share", "requisitionNumber: share")
    assert check_source(text, "f.yaml", load_catalog(), law).problems == ()
    without = text.replace("      module: personnel-default\n", "")
    (problem, *_) = check_source(without, "f.yaml", load_catalog(), law).problems
    assert problem.rule.startswith("GW-STA")
    assert "for district" not in problem.message


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gateway", "agreement", "check", *arguments], capture_output=True, text=True, check=False
    )


def test_command_tells_every_file_and_ends_with_two() -> None:
    done = run(str(BROKEN / "american_day.yaml"), str(EXAMPLES / "lakeside-riverton.yaml"), str(BROKEN / "none.yaml"))
    assert done.returncode == 2
    assert "american_day.yaml:5:14: " in done.stderr
    assert "none.yaml:1:1: " in done.stderr
    assert "lakeside-riverton.yaml: right." in done.stdout


def test_command_ends_with_zero_when_all_is_right() -> None:
    done = run(str(GOOD / "consortium.yaml"), str(EXAMPLES / "lakeside-operation.yaml"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count(": right.") == 4


def test_command_writes_json() -> None:
    done = run("--format", "json", str(BROKEN / "study_without_destruction.yaml"), str(GOOD / "everything.yaml"))
    assert done.returncode == 2
    wrong, right = orjson.loads(done.stdout)
    assert (wrong["right"], right["right"], right["agreements"][0]["id"]) == (False, True, "hillside-oakhill")
    (problem,) = wrong["problems"]
    assert (problem["line"], problem["column"], problem["rule"]) == (29, 5, "F-31-A6-4")
    assert problem["citation"].startswith("34 CFR 99.31(a)(6)")
    assert problem["fix"]


def test_command_writes_sarif() -> None:
    done = run("--format", "sarif", str(BROKEN / "study_without_destruction.yaml"), str(BROKEN / "american_day.yaml"))
    log = orjson.loads(done.stdout)
    assert (done.returncode, log["version"]) == (2, "2.1.0")
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    (ran,) = log["runs"]
    rules = [rule["id"] for rule in ran["tool"]["driver"]["rules"]]
    assert rules == ["F-31-A6-4", "GW-CFG-02"]
    assert all(rule["shortDescription"]["text"] for rule in ran["tool"]["driver"]["rules"])
    for result in ran["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] == "error"
        assert result["message"]["text"]
        ((place,),) = ([location["physicalLocation"] for location in result["locations"]],)
        assert place["region"]["startLine"] >= 1 <= place["region"]["startColumn"]
        assert place["artifactLocation"]["uri"].endswith(".yaml")


def test_sarif_of_nothing_is_a_run_without_results() -> None:
    (ran,) = orjson.loads(orjson.dumps(sarif(())))["runs"]
    assert (ran["results"], ran["tool"]["driver"]["rules"]) == ([], [])
