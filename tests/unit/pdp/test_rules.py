"""The rules as their sources describe them: the README's table is theirs, and a rule that says too little is found out."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.errors import IntegrityError
from gateway.pdp.rules import main, read_rules, rule_table, with_rules
from gateway.shipped import shipped

RULE = """package ferpa

# METADATA
# title: A title
# description: >-
#   Two
#   lines.
# custom:
#   id: GW-A-01
#   citation: 34 CFR 99.31
{more}{head} contains 1 if input.a
"""


def _policies(folder: Path, *texts: str) -> Path:
    (folder / "ferpa").mkdir()
    for number, text in enumerate(texts):
        (folder / "ferpa" / f"{number}.rego").write_text(text)
    return folder


def test_the_readmes_table_is_the_sources() -> None:
    text = (shipped("policies") / "README.md").read_text(encoding="utf-8")
    assert with_rules(text, read_rules(shipped("policies"))) == text, "run python -m gateway.pdp.rules"
    assert main() == 0


@pytest.mark.parametrize(
    ("head", "when"), [("deny", "request"), ("fault", "file and request"), ("flaw", "file"), ("bases", "permit")]
)
def test_when_a_rule_is_held_is_seen_by_its_name(tmp_path: Path, head: str, when: str) -> None:
    more = "#   fix: Do it\n" if "file" in when else ""
    (rule,) = read_rules(_policies(tmp_path, RULE.format(head=head, more=more)))
    assert (rule.id, rule.title, rule.description, rule.citation, rule.when) == (
        "GW-A-01",
        "A title",
        "Two lines.",
        "34 CFR 99.31",
        when,
    )
    assert rule_table([rule]).splitlines()[2] == f"| `GW-A-01` | A title. Two lines. | 34 CFR 99.31 | {when} |"


def test_a_rule_about_files_says_what_to_write_instead(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="fix"):
        read_rules(_policies(tmp_path, RULE.format(head="flaw", more="")))


def test_two_rules_of_one_id_are_found_out(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="same id"):
        read_rules(_policies(tmp_path, *[RULE.format(head="deny", more="")] * 2))


def test_a_readme_without_a_place_for_the_table_is_found_out() -> None:
    with pytest.raises(IntegrityError, match="has no lines"):
        with_rules("nothing", [])
