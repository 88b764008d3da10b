"""The decision cases, on both engines: the WASM that ships and an OPA server with the same Rego.

Each file of `cases/` is a list of cases. `rule` and `kind` (allow, deny, undefined, boundary) say what a case is for; `input`
names one of `inputs.yaml`, `with` what differs. `denies` lists the rule ids of the reasons (`subset`: at least these),
`choices` the ids to choose from; `permits` the members of the permit that matter (`whole`: all of them).
"""

from __future__ import annotations

import re
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from opa_client.opa import OpaClient
from ruamel.yaml import YAML

from gateway.pdp.embedded import EmbeddedPdp
from gateway.pdp.opa_server import OpaServerPdp
from gateway.pdp.read_bundle import Bundle, read_bundle
from gateway.shipped import shipped

FOLDER = Path(__file__).parent / "cases"
KINDS = {"allow", "deny", "undefined", "boundary"}
ABSENT = "ABSENT"
PACKAGES = ("agreement", "disclosure", "ferpa")

Case = Mapping[str, Any]


def _load(file: Path) -> Any:
    return YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))


INPUTS: Mapping[str, Any] = _load(FOLDER / "inputs.yaml")
CASES: list[Case] = [case for file in sorted(FOLDER.glob("*.yaml")) if file.name != "inputs.yaml" for case in _load(file)]


def _facts(case: Case) -> dict[str, Any]:
    facts: dict[str, Any] = orjson.loads(orjson.dumps(INPUTS[case["input"]]))  # a copy in which nothing is one object twice
    for path, value in case.get("with", {}).items():
        *steps, last = [int(step) if step.isdigit() else step for step in re.split(r"\.|\[|\]\.?", path) if step]
        place: Any = facts
        for step in steps:
            place = place[step]
        if value == ABSENT:
            del place[last]
        else:
            place[last] = value
    return facts


@pytest.fixture(scope="module")
def embedded() -> Iterator[EmbeddedPdp]:
    wasm = read_bundle(shipped("policies") / "bundle").wasm
    engine = EmbeddedPdp(Bundle(wasm, {"catalog": orjson.loads((FOLDER / "catalog.json").read_bytes())}, "d" * 64), instances=1)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def server(opa_binary: str) -> Iterator[OpaServerPdp]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    sources = [str(shipped("policies") / package) for package in PACKAGES]
    command = [
        opa_binary,
        "run",
        "--server",
        "--log-level",
        "error",
        "--addr",
        f"127.0.0.1:{port}",
        *sources,
        f"catalog:{FOLDER / 'catalog.json'}",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        client = OpaClient(port=port)
        client.wait_for_ready(timeout=20, interval=0.05)
        client.close_connection()
        engine = OpaServerPdp("127.0.0.1", port, clock=time.monotonic)
        yield engine
        engine.close()
    finally:
        process.terminate()
        process.wait(timeout=10)


def _check(case: Case, engine: EmbeddedPdp | OpaServerPdp) -> None:
    answer = engine.evaluate(_facts(case))
    assert isinstance(answer, dict)
    if "permits" in case:
        assert answer["decision"] == "permit", answer
        expected = {} if case["permits"] is True else case["permits"]
        found = answer if case.get("whole") else {name: answer[name] for name in expected}
        assert found == expected
    else:
        rules = [reason["rule"] for reason in answer["reasons"]]
        assert answer == {"decision": "deny", "reasons": answer["reasons"], "choices": case.get("choices", [])}
        assert rules == sorted(rules)
        assert set(case["denies"]) <= set(rules) if case.get("subset") else rules == case["denies"]


def _name(case: Case) -> str:
    return f"{case['rule']}: {case['name']}"


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_the_embedded_engine_decides(case: Case, embedded: EmbeddedPdp) -> None:
    _check(case, embedded)


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_an_opa_server_decides(case: Case, server: OpaServerPdp) -> None:
    _check(case, server)


def test_both_engines_give_the_same_answers(embedded: EmbeddedPdp, server: OpaServerPdp) -> None:
    for case in CASES:
        assert embedded.evaluate(_facts(case)) == server.evaluate(_facts(case)), _name(case)


def test_nothing_sensible_asked_is_denied(embedded: EmbeddedPdp) -> None:
    nonsense: list[dict[str, object]] = [{}, {"principal": None}, {"request": []}]
    for facts in nonsense:
        answer = embedded.evaluate(facts)
        assert isinstance(answer, dict)
        assert [reason["rule"] for reason in answer["reasons"]] == ["GW-REQ-01"]


def test_a_name_that_finds_nothing_is_answered_like_no_agreement(embedded: EmbeddedPdp) -> None:
    nothing = embedded.evaluate(_facts({"input": "candidates", "with": {"agreements": []}}))
    for name in ({"request.agreement": "other"}, {"request.provider": "hillside"}):
        assert embedded.evaluate(_facts({"input": "candidates", "with": name})) == nothing


def test_every_rule_has_a_case_of_each_kind() -> None:
    kinds: dict[str, set[str]] = {}
    for case in CASES:
        kinds.setdefault(case["rule"], set()).add(case["kind"])
    assert kinds == dict.fromkeys(_annotated(), KINDS)


def test_case_names_are_unique() -> None:
    names = [_name(case) for case in CASES]
    assert sorted(set(names)) == sorted(names)


def test_reasons_and_satisfied_rules_are_the_annotated_ones(embedded: EmbeddedPdp) -> None:
    annotated = _annotated()
    for case in CASES:
        answer = embedded.evaluate(_facts(case))
        assert isinstance(answer, dict)
        for reason in answer.get("reasons", []):
            assert annotated[reason["rule"]] == (reason["title"], reason["citation"])
        assert set(answer.get("rules", [])) <= annotated.keys()


def test_the_readme_names_every_rule() -> None:
    text = (shipped("policies") / "README.md").read_text(encoding="utf-8")
    assert [rule for rule in _annotated() if f"`{rule}`" not in text] == []


def _annotated() -> dict[str, tuple[str, str]]:
    """(title, citation) of every rule id in the sources' METADATA."""
    found = {}
    for package in PACKAGES:
        for file in sorted((shipped("policies") / package).glob("*.rego")):
            for block in file.read_text(encoding="utf-8").split("# METADATA\n")[1:]:
                lines = block.splitlines()
                end = next(at for at, line in enumerate(lines) if not line.startswith("#"))
                notes = YAML(typ="safe", pure=True).load("\n".join(line[2:] for line in lines[:end]))
                if "custom" in notes:
                    assert notes["custom"]["id"] not in found
                    found[notes["custom"]["id"]] = (notes["title"], notes["custom"]["citation"])
    return found
