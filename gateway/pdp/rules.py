"""The rules of the policy as its sources describe them, and the table of them in `policies/README.md`.

`python -m gateway.pdp.rules` writes the table into a checkout; a test fails when it has drifted.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from gateway.errors import IntegrityError
from gateway.pdp.bundle import rego_files
from gateway.shipped import shipped

FROM, TO = "<!-- rules: written by python -m gateway.pdp.rules -->\n", "<!-- end of rules -->\n"
_MEMBERS = frozenset({"id", "citation", "fix"})
_WHEN: Mapping[str, str] = {"deny": "request", "fault": "file and request", "flaw": "file"}
_BLOCK = re.compile(r"^# METADATA\n((?:#.*\n)+)([a-z_]+)", re.MULTILINE)


@dataclass(frozen=True)
class Rule:
    """One rule: its id, the part of the law that it is, and when it is held: for a `file` that is checked, a `request`, both, or
    only told in a `permit`. `fix` says what to write instead, for rules about files."""

    id: str
    title: str
    description: str
    citation: str
    fix: str
    when: str
    source: str


def read_rules(policies: Path) -> Sequence[Rule]:
    """Every rule of the bundle's Rego, by id. Raises `IntegrityError` for a rule that does not say what a rule must."""
    rules = [rule for file in rego_files(policies) for rule in _rules(file.read_text(encoding="utf-8"), file)]
    found = {rule.id: rule for rule in rules}
    if len(found) != len(rules):
        raise IntegrityError("Two rules of the policy have the same id.")
    return [found[name] for name in sorted(found)]


def _rules(text: str, file: Path) -> Iterator[Rule]:
    for comment, head in _BLOCK.findall(text):
        notes = YAML(typ="safe", pure=True).load("\n".join(line[2:] for line in comment.splitlines()))
        own = notes.get("custom")
        if own is None:
            continue
        when = _WHEN.get(head, "permit")
        wanted = _MEMBERS if "file" in when else _MEMBERS - {"fix"}
        if own.keys() != wanted or not all(str(member).strip() for member in (*own.values(), notes.get("title", ""))):
            raise IntegrityError(f"{file}: {own.get('id', head)} needs a title and custom {', '.join(sorted(wanted))}, no more.")
        description = " ".join(notes.get("description", "").split())
        yield Rule(own["id"], notes["title"], description, own["citation"], own.get("fix", ""), when, file.parent.name)


def rule_table(rules: Sequence[Rule]) -> str:
    """The table, as Markdown."""
    lines = ["| rule | refused because | citation | held for |", "|---|---|---|---|"]
    for rule in rules:
        why = f"{rule.title}. {rule.description}".rstrip() if rule.description else rule.title
        lines.append(f"| `{rule.id}` | {why} | {rule.citation} | {rule.when} |")
    return "\n".join(lines) + "\n"


def with_rules(readme: str, rules: Sequence[Rule]) -> str:
    """The text of the README with the table of these rules. Raises `IntegrityError` when it has no place for it."""
    before, begun, rest = readme.partition(FROM)
    _, ended, after = rest.partition(TO)
    if not begun or not ended:
        raise IntegrityError(f"policies/README.md has no lines {FROM.strip()} and {TO.strip()}.")
    return f"{before}{FROM}\n{rule_table(rules)}\n{TO}{after}"


def main() -> int:
    """Write the table where it differs."""
    policies = shipped("policies")
    readme = policies / "README.md"
    text = readme.read_text(encoding="utf-8")
    now = with_rules(text, read_rules(policies))
    if now != text:
        readme.write_text(now, encoding="utf-8")
        sys.stdout.write("wrote policies/README.md\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
