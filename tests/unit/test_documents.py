"""The documents name what the program has, all of it and nothing else: commands, errors, rules, modules, layers, links."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

import gateway
from gateway.errors import GatewayError
from tests.commands import commands

TOP = Path(__file__).resolve().parents[2]
CODE = re.compile(r"`([^`]+)`")
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
RULE = re.compile(r"(GW|F)(-[A-Z0-9]+)+")
LINK = re.compile(r"\]\(([^)\s]+)\)")
AHEAD: set[tuple[str, str]] = set()
"""Links whose target is still to come."""


def tracked(*patterns: str) -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=TOP, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split("\0") if name and (TOP / name).is_file()]


def text(name: str) -> str:
    return (TOP / name).read_text(encoding="utf-8")


def section(name: str, heading: str) -> str:
    """What stands under a heading, up to the next of the same level."""
    level = heading.partition(" ")[0]
    found = re.search(rf"^{re.escape(heading)}\n(.*?)(?=^{level} |\Z)", text(name), re.MULTILINE | re.DOTALL)
    assert found, f"{name} has no heading {heading}"
    return found[1]


def rows(table: str) -> Iterator[list[str]]:
    """The cells of each row of the tables in a text, without their headings."""
    lines = table.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("| ") and not _heads_a_table(lines, number):
            yield cells(line)


def _heads_a_table(lines: list[str], number: int) -> bool:
    return number + 1 < len(lines) and lines[number + 1].startswith("|---")


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def error_classes() -> set[type[GatewayError]]:
    """The whole tree, once every module of the gateway is imported."""
    for module in pkgutil.walk_packages(gateway.__path__, "gateway."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found = {GatewayError}
    while more := {below for known in found for below in known.__subclasses__()} - found:
        found |= more
    return {known for known in found if known.__module__.startswith("gateway.")}


def modules() -> set[str]:
    """Every module and package directly below `gateway`."""
    return {found.name for found in pkgutil.iter_modules(gateway.__path__)} - {"__main__"}


def rule_ids() -> set[str]:
    """Rules of the Rego's metadata, and those that the gateway itself names; `code` of an error is another list."""
    found: set[str] = set()
    for name in tracked("policies/*.rego", ":!policies/state/template"):
        found |= set(re.findall(r"^#\s+id: (\S+)$", text(name), re.MULTILINE))
    for name in tracked("gateway/*.py"):
        nodes = list(ast.walk(ast.parse(text(name))))
        codes = {id(node.value) for node in nodes if isinstance(node, ast.Assign | ast.AnnAssign) and _assigns_a_code(node)}
        texts = [node.value for node in nodes if isinstance(node, ast.Constant) and id(node) not in codes]
        found |= {value for value in texts if isinstance(value, str) and RULE.fullmatch(value)}
    return found


def _assigns_a_code(node: ast.Assign | ast.AnnAssign) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return any(isinstance(target, ast.Name) and target.id == "code" for target in targets)


def links() -> list[tuple[str, str]]:
    """Document and target of every relative link."""
    return [
        (name, target)
        for name in tracked("*.md")
        for target in LINK.findall(CODE.sub("", FENCED.sub("", text(name))))
        if not re.match(r"[a-z]+:", target)
    ]


def anchors(document: str) -> set[str]:
    """What a link may point to inside a document, as GitHub makes it from the headings."""
    headings = HEADING.findall(FENCED.sub("", document))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_command_stands_in_the_readme_and_no_other() -> None:
    named = []
    for row in rows(section("README.md", "## Commands")):
        first, *more = [tuple(words.split()) for words in CODE.findall(row[0])]
        named += [first[1:], *((*first[1:-1], *words) for words in more)]
    assert sorted(named) == sorted(commands())


def test_every_error_code_stands_in_the_readme_with_its_status_and_exit_code() -> None:
    named = {}
    for code, status, exit_status, *said in rows(section("README.md", "## Errors")):
        assert all(said), code
        assert code.strip("`") not in named
        named[code.strip("`")] = (status, exit_status)
    classes = error_classes()
    assert named.keys() == {known.code for known in classes}
    for known in classes:
        status, exit_status = named[known.code]
        assert exit_status == str(known.exit_code), known.code
        # What only a command can raise has no status.
        assert status == str(known.status) or (status == "" and known.__module__.startswith("gateway.cli.")), known.code


def test_every_rule_stands_in_the_policies_readme_and_no_other() -> None:
    named = [CODE.findall(row[0])[0] for row in rows(section("policies/README.md", "## What a refusal means"))]
    assert sorted(named) == sorted(rule_ids())


def test_every_module_stands_in_the_code_map_and_no_other() -> None:
    named = [path for row in rows(section("README.md", "## Code map")) for path in CODE.findall(row[0])]
    assert {Path(path).stem for path in named if path.startswith("gateway/")} == modules()
    assert [path for path in named if not (TOP / path).exists()] == []
    assert len(named) == len(set(named))


def test_the_layers_of_the_architecture_are_those_that_are_checked() -> None:
    contracts = tomllib.loads(text("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    [checked] = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    named = [CODE.findall(row[0]) for row in rows(section("ARCHITECTURE.md", "## Layers"))]
    assert named == [layer.split(" | ") for layer in checked]


@pytest.mark.parametrize("heading", ["## A request", "## An extract"])
def test_every_step_of_the_architecture_is_a_module(heading: str) -> None:
    named = [path for row in rows(section("ARCHITECTURE.md", heading)) for path in CODE.findall(row[1])]
    assert named
    assert [path for path in named if not ((TOP / "gateway" / path).exists() or (TOP / path).exists())] == []


def test_every_decision_that_is_cited_stands_in_the_architecture() -> None:
    written = re.findall(r"^### (\d+)\. ", section("ARCHITECTURE.md", "## Decisions"), re.MULTILINE)
    assert written == sorted(set(written), key=int)
    cited = {number for name in tracked("*.py", "*.md", "*.rego") for number in re.findall(r"\bdecision (\d+)", text(name))}
    assert cited <= set(written)


def test_each_decision_says_why_and_what_it_costs() -> None:
    decisions = re.split(r"^### ", section("ARCHITECTURE.md", "## Decisions"), flags=re.MULTILINE)[1:]
    assert [found.partition("\n")[0] for found in decisions if not ("*Why:*" in found and "*Cost:*" in found)] == []


def test_every_make_target_stands_in_contributing_and_no_document_names_another() -> None:
    targets = set(re.findall(r"^([a-z]+):.*##", text("Makefile"), re.MULTILINE))
    table = [row[0] for row in rows(section("CONTRIBUTING.md", "## Set up"))]
    assert {target for cell in table for target in re.findall(r"`make ([a-z]+)`", cell)} == targets
    for name in tracked("*.md"):
        assert set(re.findall(r"(?:`|^)make ([a-z]+)", text(name), re.MULTILINE)) <= targets, name


@pytest.mark.parametrize(("document", "target"), links())
def test_every_relative_link_leads_somewhere(document: str, target: str) -> None:
    path, _, anchor = unquote(target).partition("#")
    place = (TOP / document).parent / path if path else TOP / document
    if (document, target) in AHEAD:
        assert not place.exists(), "it leads somewhere now: take it out of AHEAD"
        return
    assert place.exists()
    if anchor:
        assert anchor in anchors(place.read_text(encoding="utf-8"))


def test_every_attack_names_tests_that_there_are() -> None:
    for attack, tests in rows(section("SECURITY.md", "## Attacks, and the tests that make them")):
        named = CODE.findall(tests)
        assert named, attack
        for name in named:
            file, _, test = name.partition("::")
            assert f"def {test}(" in text(f"tests/{file}"), name


def test_every_document_is_on_the_readmes_map() -> None:
    mapped = {target for row in rows(section("README.md", "## Documents")) for target in LINK.findall(row[0])}
    assert mapped | {"README.md"} == set(tracked("*.md"))
