"""The decision cases, on both engines: the WASM that ships and an OPA server with the same Rego."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from opa_client.opa import OpaClient

from gateway.pdp.bundle import rego_files
from gateway.pdp.embedded import EmbeddedPdp
from gateway.pdp.opa_server import OpaServerPdp
from gateway.pdp.read_bundle import CHECK, DECISION, Bundle, read_bundle
from gateway.pdp.rules import Rule, read_rules
from gateway.shipped import shipped
from tests.policies.corpus import CATALOG, KINDS, MODULES, Case, read_cases

EVERY_CASE = read_cases()
CASES = [case for case in EVERY_CASE if case.module is None]
"""Those of the bundle that ships; the others need a state-law module that it does not have."""

RULES = {rule.id: rule for rule in read_rules(shipped("policies"))}


@pytest.fixture(scope="module")
def embedded() -> Iterator[EmbeddedPdp]:
    wasm = read_bundle(shipped("policies") / "bundle").wasm
    engine = EmbeddedPdp(Bundle(wasm, {"catalog": orjson.loads(CATALOG.read_bytes())}, "d" * 64), instances=1)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def server(opa_binary: str) -> Iterator[OpaServerPdp]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    sources = [str(file) for file in [*rego_files(shipped("policies")), *MODULES.glob("*/*.rego")]]
    serve = [opa_binary, "run", "--server", "--log-level", "error", "--addr", f"127.0.0.1:{port}"]
    process = subprocess.Popen([*serve, *sources, f"catalog:{CATALOG}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
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


def _case(name: str) -> Case:
    return next(case for case in CASES if case.name == name)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_embedded_engine_decides(case: Case, embedded: EmbeddedPdp) -> None:
    answer = embedded.evaluate(case.facts, case.entrypoint)
    assert case.holds(answer), answer


@pytest.mark.parametrize("case", EVERY_CASE, ids=str)
def test_an_opa_server_decides(case: Case, server: OpaServerPdp) -> None:
    answer = server.evaluate(case.facts, case.entrypoint)
    assert case.holds(answer), answer


def test_both_engines_give_the_same_answers(embedded: EmbeddedPdp, server: OpaServerPdp) -> None:
    for case in CASES:
        assert embedded.evaluate(case.facts, case.entrypoint) == server.evaluate(case.facts, case.entrypoint), str(case)


@pytest.mark.parametrize("facts", [{}, {"principal": None}, {"request": []}, {"entries": []}])
def test_nothing_sensible_asked_is_denied(facts: dict[str, object], embedded: EmbeddedPdp) -> None:
    answer = embedded.evaluate(facts, DECISION)
    assert isinstance(answer, dict)
    assert [reason["rule"] for reason in answer["reasons"]] == ["GW-REQ-01"]


@pytest.mark.parametrize("facts", [{}, {"entries": None}, {"request": {}, "entries": []}, {"day": "2026-11-24", "entries": []}])
def test_nothing_sensible_to_check_is_a_fault(facts: dict[str, object], embedded: EmbeddedPdp) -> None:
    answer = embedded.evaluate(facts, CHECK)
    assert isinstance(answer, list)
    assert [found["rule"] for found in answer] == ["GW-CHK-01"]


def test_a_name_that_finds_nothing_is_answered_like_no_agreement(embedded: EmbeddedPdp) -> None:
    nothing = embedded.evaluate(_case("no agreement names the resource for this institution").facts)
    for name in ("an agreement that is not there", "a provider that has no agreement"):
        assert embedded.evaluate(_case(name).facts) == nothing


def test_every_rule_has_a_case_of_each_kind() -> None:
    kinds: dict[str, set[str]] = {}
    for case in CASES:
        kinds.setdefault(case.rule, set()).add(case.kind)
    assert kinds == dict.fromkeys(RULES, KINDS)


def test_a_rule_that_is_held_twice_has_a_case_of_each() -> None:
    held = {(case.rule, case.entrypoint) for case in CASES if case.kind == "deny"}
    wanted = {"file": [CHECK], "request": [DECISION], "file and request": [CHECK, DECISION], "permit": []}
    assert [(rule.id, name) for rule in RULES.values() for name in wanted[rule.when] if (rule.id, name) not in held] == []


def test_case_names_are_unique() -> None:
    names = [str(case) for case in EVERY_CASE]
    assert sorted(set(names)) == sorted(names)


def test_what_an_answer_says_of_a_rule_is_what_its_source_says(embedded: EmbeddedPdp) -> None:
    for case in CASES:
        answer: Any = embedded.evaluate(case.facts, case.entrypoint)
        for said in answer if case.entrypoint == CHECK else answer.get("reasons", []):
            rule: Rule = RULES[said["rule"]]
            assert (said["title"], said["citation"]) == (rule.title, rule.citation)
            assert said.get("fix", rule.fix) == rule.fix
        assert case.entrypoint == CHECK or set(answer.get("rules", [])) <= RULES.keys()
