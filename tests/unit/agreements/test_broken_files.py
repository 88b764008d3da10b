"""What drafters get wrong, and the messages that tell them: `tests/agreements/broken/NAME.yaml` with `NAME.txt`.

Each message must do alone: a reader who has never seen the language can put the file right from it. To write the messages again
after a change: `python -m tests.unit.agreements.test_broken_files`, then read the difference.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.agreements.check import Checked, Law, check_source
from gateway.agreements.open_law import open_law
from gateway.catalog.load import load_catalog
from gateway.cli.agreement.check import told
from gateway.pdp.policies import Policies
from tests.unit.agreements.conftest import DAY

BROKEN = Path(__file__).resolve().parents[2] / "agreements" / "broken"
FILES = sorted(BROKEN.glob("*.yaml"))
FEWEST = 60


def checked(file: Path, law: Law) -> Checked:
    return check_source(file.read_text(encoding="utf-8"), file.name, load_catalog(), law)


def message(file: Path, law: Law) -> str:
    return "\n".join(told(checked(file, law))) + "\n"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_message_is_the_golden_one(file: Path, law: Law) -> None:
    assert message(file, law) == file.with_suffix(".txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_problem_has_its_place_and_says_what_to_write(file: Path, law: Law) -> None:
    lines = file.read_text(encoding="utf-8").split("\n")
    problems = checked(file, law).problems
    assert problems
    for problem in problems:
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
        assert problem.fix, problem
        assert problem.text, problem
        assert (problem.rule == "") == (problem.citation == "")


def test_there_are_enough_and_no_message_without_a_file() -> None:
    assert len(FILES) >= FEWEST
    assert {file.stem for file in FILES} == {file.stem for file in BROKEN.glob("*.txt")}


def test_some_are_wrong_in_shape_and_some_in_law(law: Law) -> None:
    lawless = [file for file in FILES if any(problem.rule.startswith("F-") for problem in checked(file, law).problems)]
    assert 15 <= len(lawless) <= len(FILES) - 30


if __name__ == "__main__":
    with open_law(Policies(), DAY, every_module=True) as shipped_law:
        for broken in FILES:
            broken.with_suffix(".txt").write_text(message(broken, shipped_law), encoding="utf-8")
