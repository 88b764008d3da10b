"""Cases of an agreement: they hold, they fail with what was wrong, and what none looks at is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
from typer.testing import CliRunner

from gateway.agreements.cases.engines import opened_engines
from gateway.agreements.cases.read_cases import read_cases
from gateway.agreements.cases.run_cases import Outcome, not_exercised, run_cases
from gateway.agreements.read_agreement import read_agreement
from gateway.catalog.load import load_catalog
from gateway.cli.main import app
from gateway.errors import ConfigurationError, FileErrors
from gateway.pdp.engine import Pdp
from gateway.pdp.policies import Policies
from gateway.shipped import shipped

AGREEMENTS = shipped("policies") / "agreements"
EXAMPLE = AGREEMENTS / "lakeside-riverton.cases.yaml"
CATALOG = load_catalog()
HEAD = f"agreement: {AGREEMENTS / 'lakeside-riverton.yaml'}\nday: 2026-11-24\ncases:\n"
PLACEMENT = "request: {resource: candidates, purpose: placement}"


@pytest.fixture(scope="module")
def embedded() -> Iterator[dict[str, Pdp]]:
    with opened_engines("embedded", Policies()) as engines:
        yield dict(engines)


def _outcome(folder: Path, engines: dict[str, Pdp], case: str) -> Outcome:
    file = folder / "one.cases.yaml"
    file.write_text(f"{HEAD}  - {{case: one, institution: riverton, {case}}}\n", encoding="utf-8")
    read = read_cases(file, CATALOG)
    [outcome] = run_cases(read.cases, [read_agreement(read.agreement, CATALOG)], engines, CATALOG, ())
    return outcome


@pytest.mark.parametrize("file", sorted(AGREEMENTS.glob("*.cases.yaml")), ids=lambda file: file.name)
def test_the_shipped_cases_hold(file: Path, embedded: dict[str, Pdp]) -> None:
    read = read_cases(file, CATALOG)
    outcomes = run_cases(read.cases, [read_agreement(read.agreement, CATALOG)], embedded, CATALOG, ())
    assert [outcome.failure for outcome in outcomes if outcome.failure] == []


def test_the_shipped_cases_hold_on_an_opa_server(opa_binary: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(opa_binary).parent), prepend=":")
    result = CliRunner().invoke(app, ["agreement", "test", str(EXAMPLE), "--engine", "opa"])
    assert result.exit_code == 0, result.output
    assert "FAILS" not in result.output


@pytest.mark.parametrize(
    ("case", "failure"),
    [
        (f"{PLACEMENT}, expect: deny", "is permitted"),
        (f"{PLACEMENT}, state: draft, expect: permit", "is denied: GW-AGR-02"),
        (f"{PLACEMENT}, state: draft, expect: deny, rules: [GW-PUR-01]", "is denied, but not by GW-PUR-01: by GW-AGR-02"),
        (f"{PLACEMENT}, expect: permit, elements: {{birthDate: share}}", "birthDate is seen as hidden, not share"),
        (f"{PLACEMENT}, expect: permit, elements: {{firstName: hidden}}", "firstName is seen as share, not hidden"),
        (
            f"{PLACEMENT}, expect: permit, elements: {{middleName: {{mask: last_four}}}}",
            "is seen as mask:initial, not mask:last_four",
        ),
        (f"{PLACEMENT}, expect: permit, rules: [F-37-B]", "F-37-B is not among its rules"),
    ],
)
def test_a_case_that_does_not_hold_says_why(tmp_path: Path, embedded: dict[str, Pdp], case: str, failure: str) -> None:
    assert failure in _outcome(tmp_path, embedded, case).failure


@pytest.mark.parametrize(
    ("case", "message"),
    [
        (
            "{case: a, institution: riverton, request: {resource: candidate, purpose: placement}, expect: permit}",
            'did you mean "candidates"?',
        ),
        (f"{{case: a, institution: riverton, {PLACEMENT}, expect: allow}}", '"allow" is not a way it ends'),
        (
            f"{{case: a, institution: riverton, {PLACEMENT}, expect: permit, elements: {{firstname: share}}}}",
            'did you mean "firstName"?',
        ),
        (
            f"{{case: a, institution: riverton, {PLACEMENT}, expect: deny, elements: {{firstName: share}}}}",
            "a denial shows no elements",
        ),
        (f"{{case: a, institution: riverton, {PLACEMENT}, day: yesterday, expect: deny}}", "is not a day"),
        ("{case: a, institution: riverton, expect: deny}", 'lacks "request"'),
    ],
)
def test_a_mistake_in_a_case_is_told_with_its_place(tmp_path: Path, case: str, message: str) -> None:
    file = tmp_path / "bad.cases.yaml"
    file.write_text(f"{HEAD}  - {case}\n", encoding="utf-8")
    with pytest.raises(FileErrors) as caught:
        read_cases(file, CATALOG)
    [problem] = caught.value.problems
    assert message in f"{problem.message}; {problem.fix}"
    assert problem.line == 4


def test_clauses_that_no_permitted_case_looks_at_are_told(tmp_path: Path, embedded: dict[str, Pdp]) -> None:
    agreement = read_agreement(AGREEMENTS / "lakeside-riverton.yaml", CATALOG)
    seen = _outcome(tmp_path, embedded, f"{PLACEMENT}, expect: permit, elements: {{firstName: share}}")
    left = not_exercised([seen], [agreement])
    assert "candidates-to-district, candidates: lastSurname" in left
    assert "candidates-to-district, candidates: firstName" not in left
    assert "candidates-to-district, candidates: placement" not in left
    assert "candidates-to-district, candidates: birthDate" not in left  # withheld: there is nothing to look at


def test_a_report_for_build_servers(tmp_path: Path) -> None:
    file, report = tmp_path / "two.cases.yaml", tmp_path / "report.xml"
    cases = [f"  - {{case: {name}, institution: riverton, {PLACEMENT}, expect: {name}}}\n" for name in ("permit", "deny")]
    file.write_text(HEAD + "".join(cases), encoding="utf-8")
    result = CliRunner().invoke(app, ["agreement", "test", str(file), "--engine", "embedded", "--junit", str(report)])
    assert result.exit_code == 1
    assert f"{file}:5:1: deny (embedded): is permitted" in result.output
    [suite] = fromstring(report.read_bytes())  # noqa: S314 -- our own file
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")


def test_an_engine_that_is_not_installed_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match="--engine embedded"), opened_engines("opa", Policies()):
        pass
    with opened_engines("both", Policies()) as engines:
        assert list(engines) == ["embedded"]
