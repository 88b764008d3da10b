"""The decision cases as data: what each asks and what it expects, for the tests and for the mutation run.

Each file of `cases/` but `inputs.yaml` is a list of cases. `rule` and `kind` (allow, deny, undefined, boundary) say what a case is
for; `input` names one of `inputs.yaml`, `with` what differs. Of a request, `denies` lists the rule ids of the reasons (`subset`: at
least these), `choices` the ids to choose from; `permits` the members of the permit that matter (`whole`: all of them). Of a file
that is checked (`check_*.yaml`), `finds` lists rule ids, sorted, each as often as it is found; `at` and `about` say where the first
is found and what it is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from ruamel.yaml import YAML

from gateway.pdp.read_bundle import CHECK, DECISION

FOLDER = Path(__file__).parent / "cases"
CATALOG = FOLDER / "catalog.json"
MODULES = Path(__file__).parent / "state"
"""State-law modules for the cases that name one under `module`."""

KINDS = frozenset({"allow", "deny", "undefined", "boundary"})
ABSENT = "ABSENT"
BASIS = "BASIS"
STEP = re.compile(r"<([^>]+)>|([^.\[\]<>]+)")
"""A part of a path; one in angle brackets may have dots."""


@dataclass(frozen=True)
class Case:
    """One case; `said` is the case as its file has it."""

    rule: str
    name: str
    kind: str
    entrypoint: str
    module: str | None
    facts: Mapping[str, Any]
    said: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.rule}: {self.name}"

    def holds(self, answer: Any) -> bool:
        """Whether an answer is the one that the case expects."""
        if self.entrypoint == CHECK:
            return isinstance(answer, list) and self._finds(answer)
        return isinstance(answer, dict) and (self._permits(answer) if "permits" in self.said else self._denies(answer))

    def _finds(self, answer: list[Any]) -> bool:
        place = {name: self.said[name] for name in ("at", "about") if name in self.said}
        if not all(isinstance(found, dict) for found in answer):
            return False
        first: Mapping[str, Any] = next((found for found in answer if found.get("rule") == self.rule), {})
        rules = sorted(str(found.get("rule")) for found in answer)
        return rules == self.said["finds"] and {name: first.get(name) for name in place} == place

    def _permits(self, answer: Mapping[str, Any]) -> bool:
        wanted = {} if self.said["permits"] is True else self.said["permits"]
        found = answer if self.said.get("whole") else {name: answer.get(name) for name in wanted}
        return answer.get("decision") == "permit" and found == wanted

    def _denies(self, answer: Mapping[str, Any]) -> bool:
        reasons = answer.get("reasons")
        if not isinstance(reasons, list) or not all(isinstance(reason, dict) for reason in reasons):
            return False
        rules = [str(reason.get("rule")) for reason in reasons]
        wanted = self.said["denies"]
        shape = {"decision": "deny", "reasons": reasons, "choices": self.said.get("choices", [])}
        named = set(wanted) <= set(rules) if "subset" in self.said else rules == wanted
        return answer == shape and rules == sorted(rules) and named


def read_cases(folder: Path = FOLDER) -> list[Case]:
    """Every case of a folder, in the order of its files."""
    inputs = _load(folder / "inputs.yaml")
    return [
        _case(said, inputs[said["input"]])
        for file in sorted(folder.glob("*.yaml"))
        if file.name != "inputs.yaml"
        for said in _load(file)
    ]


def _case(said: Mapping[str, Any], start: Mapping[str, Any]) -> Case:
    entrypoint = CHECK if said["input"].startswith("check ") else DECISION
    facts = _facts(start, said.get("with", {}))
    return Case(said["rule"], said["name"], said["kind"], entrypoint, said.get("module"), facts, said)


def _load(file: Path) -> Any:
    return YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))


def _facts(start: Mapping[str, Any], changes: Mapping[str, Any]) -> Mapping[str, Any]:
    facts: dict[str, Any] = orjson.loads(orjson.dumps(start))  # a copy in which nothing is one object twice
    for path, value in changes.items():
        *steps, last = [int(step) if step.isdigit() else quoted or step for quoted, step in STEP.findall(path)]
        for place in list(_places(facts, steps)):
            if value == ABSENT:
                del place[last]
            else:
                place[last] = value
    return facts


def _places(tree: Any, steps: list[str | int]) -> Iterator[Any]:
    if not steps:
        yield tree
    elif steps[0] == BASIS:
        basis = orjson.dumps(tree["legal_basis"])
        same = [tree["legal_basis"], *(own for own in tree["persons"].values() if orjson.dumps(own) == basis)]
        for own in same:
            yield from _places(own, steps[1:])
    else:
        yield from _places(tree[steps[0]], steps[1:])
