"""The mutation run: every condition of the Rego, changed one at a time, is found out by a decision case.

`python -m tests.policies.mutate [--sample N] [--seed S]` prints what survived and the rate. One OPA server holds the policy and the
cases; a mutant replaces one file in it, and is asked the cases of that file's rules first, then all others, until one fails.
Mutants that do not compile are no mutants.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import orjson

from gateway.pdp.bundle import find_opa, rego_files
from gateway.pdp.read_bundle import CHECK, DECISION
from gateway.pdp.rules import read_rules
from gateway.shipped import shipped
from tests.opa_process import opa_process
from tests.policies.corpus import CATALOG, MODULES, Case, read_cases

OTHER_COMPARISON = {"==": "!=", "!=": "==", "<": "<=", "<=": "<", ">": ">=", ">=": ">"}
OTHER_BOOLEAN = {"true": "false", "false": "true"}
BATCH = 60
LEAST_RATE = 0.95
"""The share of mutants that the cases must find out."""

SERVER_SECONDS = 60.0
ASK = """package mutation

decisions[name] := answer if {
	some name in input.decisions
	answer := data.disclosure.decision with input as data.cases[name]
}

checks[name] := answer if {
	some name in input.checks
	answer := data.agreement.check with input as data.cases[name]
}
"""


@dataclass(frozen=True)
class Mutant:
    """One change of one file: at `start` (characters) `was` becomes `now`."""

    file: Path
    kind: str
    start: int
    line: int
    was: str
    now: str

    def __str__(self) -> str:
        return f"{self.file.parent.name}/{self.file.name}:{self.line}: {self.kind}: {self.was!r} -> {self.now!r}"

    def source(self) -> str:
        """The file with the change."""
        text = self.file.read_text(encoding="utf-8")
        return text[: self.start] + self.now + text[self.start + len(self.was) :]


@dataclass(frozen=True)
class Toll:
    """How many mutants compiled, and those that no case found out."""

    compiled: int
    survivors: tuple[Mutant, ...]

    @property
    def rate(self) -> float:
        """The share that was found out, 0 to 1."""
        return 1 - len(self.survivors) / self.compiled


def mutants(opa: str, policies: Path) -> list[Mutant]:
    """Every mutant of the bundle's Rego: conditions negated and dropped, comparisons and constants changed."""
    return [
        mutant for file in rego_files(policies) for mutant in sorted(set(_of_file(opa, file)), key=lambda it: (it.start, it.kind))
    ]


def _of_file(opa: str, file: Path) -> Iterator[Mutant]:
    command = [opa, "parse", "--format", "json", "--json-include", "locations", str(file)]
    tree = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    begins = [0]
    for line in lines:
        begins.append(begins[-1] + len(line))
    text = "".join(lines)
    for node in _nodes(tree["rules"]):
        row, column, was = _location(node)
        start = begins[row - 1] + column - 1
        if text.startswith(was, start):
            yield from (Mutant(file, kind, start, row, was, now) for kind, now in _changes(node, was))


def _nodes(tree: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(tree, dict):
        if "location" in tree:
            yield tree
        for name, member in tree.items():
            if name != "annotations":
                yield from _nodes(member)
    elif isinstance(tree, list):
        for member in tree:
            yield from _nodes(member)


def _location(node: Mapping[str, Any]) -> tuple[int, int, str]:
    place = node["location"]
    return place["row"], place["col"], base64.b64decode(place.get("text", "")).decode()


def _changes(node: Mapping[str, Any], was: str) -> Iterator[tuple[str, str]]:
    if "terms" in node:
        yield from _of_condition(node, was)
    elif node.get("type") == "ref" and was in OTHER_COMPARISON:
        yield "comparison", OTHER_COMPARISON[was]
    elif node.get("type") == "string" and was.startswith('"'):
        yield "constant", '"(mutant)"'
    elif node.get("type") == "number":
        yield "constant", str(node["value"] + 1)
    elif node.get("type") == "boolean" and was in OTHER_BOOLEAN:
        yield "constant", OTHER_BOOLEAN[was]


def _of_condition(node: Mapping[str, Any], was: str) -> Iterator[tuple[str, str]]:
    """`some` and `:=` name things for the conditions behind them, and are none themselves."""
    if was.startswith("some ") or ":=" in was.partition("{")[0]:
        return
    yield "dropped", "true"
    if node.get("negated"):
        yield "negated", was.removeprefix("not ")
    elif not was.startswith("every "):
        yield "negated", f"not {was}"


def run(opa: str, chosen: Sequence[Mutant], policies: Path) -> Toll:
    """Try each mutant. Raises `RuntimeError` when the policy itself does not pass its cases."""
    cases = {str(case): case for case in read_cases()}
    first = _first(policies, cases)
    compiled, survivors = 0, []
    with _server(opa, policies, cases) as server:
        if _killer(server, cases, list(cases)) is not None:
            raise RuntimeError("the cases do not hold for the policy as it is")
        for mutant in chosen:
            if server.put(mutant.file, mutant.source()):
                compiled += 1
                mine = first.get(mutant.file.parent.name, [])
                others = [name for name in cases if name not in set(mine)]
                if _killer(server, cases, [*mine, *others]) is None:
                    survivors.append(mutant)
            server.put(mutant.file, mutant.file.read_text(encoding="utf-8"))
    return Toll(compiled, tuple(survivors))


def _first(policies: Path, cases: Mapping[str, Case]) -> Mapping[str, Sequence[str]]:
    """The cases of each folder's own rules."""
    folders = {rule.id: rule.source for rule in read_rules(policies)}
    found: dict[str, list[str]] = {}
    for name, case in cases.items():
        found.setdefault(folders[case.rule], []).append(name)
    return found


class _Server:
    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        loaded = client.get("/v1/policies").raise_for_status().json()["result"]
        self._ids = [policy["id"] for policy in loaded]

    def put(self, file: Path, source: str) -> bool:
        """Whether the policy compiles with another text for a file."""
        (name,) = (name for name in self._ids if name.endswith(f"/{file.parent.name}/{file.name}"))
        answer = self._client.put(f"/v1/policies/{quote(name, safe='')}", content=source)
        return answer.status_code == httpx.codes.OK

    def answers(self, cases: Sequence[Case]) -> Mapping[str, Any] | None:
        """The answer to each case by its name, None where the evaluation itself fails."""
        asked = {"decisions": [str(case) for case in cases if case.entrypoint == DECISION]}
        asked["checks"] = [str(case) for case in cases if case.entrypoint == CHECK]
        answer = self._client.post("/v1/data/mutation", content=orjson.dumps({"input": asked}))
        if answer.status_code != httpx.codes.OK:
            return None
        given = answer.json()["result"]
        return {**given["decisions"], **given["checks"]}


def _killer(server: _Server, cases: Mapping[str, Case], names: Sequence[str]) -> str | None:
    """The first case that does not hold."""
    for begin in range(0, len(names), BATCH):
        batch = [cases[name] for name in names[begin : begin + BATCH]]
        answers = server.answers(batch)
        if answers is None:
            return str(batch[0])
        killer = next((str(case) for case in batch if not case.holds(answers.get(str(case)))), None)
        if killer is not None:
            return killer
    return None


@contextmanager
def _server(opa: str, policies: Path, cases: Mapping[str, Case]) -> Iterator[_Server]:
    with tempfile.TemporaryDirectory() as folder:
        ask = Path(folder) / "mutation.rego"
        ask.write_text(ASK)
        sources = [str(file) for file in [*rego_files(policies), *MODULES.glob("*/*.rego"), ask]]
        with (
            opa_process(opa, None, *sources, f"catalog:{CATALOG}") as process,
            httpx.Client(base_url=f"http://127.0.0.1:{process.port}", trust_env=False, timeout=SERVER_SECONDS) as client,
        ):
            facts = {name: case.facts for name, case in cases.items()}
            client.put("/v1/data/cases", content=orjson.dumps(facts)).raise_for_status()
            yield _Server(client)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.policies.mutate")
    parser.add_argument("--sample", type=int, help="how many mutants; all if left out")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    opa, policies = find_opa(), shipped("policies")
    chosen = mutants(opa, policies)
    if asked.sample is not None:
        chosen = random.Random(asked.seed).sample(chosen, asked.sample)
    toll = run(opa, chosen, policies)
    sys.stdout.write("".join(f"survived {mutant}\n" for mutant in toll.survivors))
    sys.stdout.write(f"{toll.compiled} mutants, {len(toll.survivors)} survived, {toll.rate:.1%} were found out\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
