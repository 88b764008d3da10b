"""Every decision can be made again: its input and its policy are stored with it, and a replay says what would differ today."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, select, update

from gateway.accountability.differ import Difference
from gateway.accountability.replay import Replay, replay
from gateway.errors import IntegrityError, RequestError
from gateway.pdp.read_bundle import read_bundle, read_operator_bundle, unpacked
from gateway.store.schema import decision_input, policy_bundle
from tests.bundles import operator_bundle, other_bundle
from tests.journeys.cli import Operator
from tests.world import World, placement_world

CLIENT = "riverton-sis"
TODAY = Difference("decision", "permit", "deny")


@pytest.fixture
def world(placement: World) -> World:
    """Shared: these tests add entries and change nothing else."""
    return placement


@pytest.fixture
def own_world(tmp_path: Path, database_url: str) -> Iterator[World]:
    with placement_world(tmp_path / "home", database_url) as placed:
        yield placed


def _ask(world: World, **parameters: str) -> tuple[httpx.Response, dict[str, Any]]:
    answer = world.api.get("/v1/candidates", world.token(CLIENT), **parameters)
    return answer, world.leaves()[-1]


def _replay(world: World, leaf: dict[str, Any], *, today_only: bool = False, **policies: Any) -> Replay:
    gateway = world.gateway
    settings = gateway.settings.model_copy(update=policies)
    gateway.settings, plain = settings, gateway.settings
    try:
        return replay(str(leaf["id"]), "tester", gateway.replay_desk(), today_only=today_only)
    finally:
        gateway.settings = plain


def _stored(world: World, leaf: dict[str, Any]) -> bytes:
    with world.gateway.database.read() as connection:
        return bytes(
            connection.execute(select(decision_input.c.content).where(decision_input.c.digest == leaf["input"])).scalar_one()
        )


def test_a_disclosures_input_and_policy_are_stored_as_the_log_says(world: World) -> None:
    _, leaf = _ask(world, limit="2")
    content = _stored(world, leaf)
    assert hashlib.sha256(content).hexdigest() == leaf["input"]
    assert json.loads(content)["principal"]["client"] == CLIENT
    with world.gateway.database.read() as connection:
        archive = connection.execute(select(policy_bundle.c.content).where(policy_bundle.c.digest == leaf["policy"])).scalar_one()
    assert unpacked(bytes(archive)).digest == leaf["policy"]
    assert [entry["policy"] for entry in world.leaves("policy")] == [leaf["policy"]]


def test_the_same_question_is_stored_once_and_a_refusals_too(world: World) -> None:
    first, second = _ask(world, limit="2")[1], _ask(world, limit="3")[1]
    refused, third = _ask(world, purpose="hiring")
    assert refused.status_code == httpx.codes.FORBIDDEN
    assert first["input"] == second["input"]
    assert _stored(world, first) != _stored(world, third)
    assert third["answer"] != first["answer"]


def test_no_value_of_a_request_is_in_a_stored_input(world: World) -> None:
    _ask(world, lastSurname="Lovelace")
    _, leaf = _ask(world, **{"Secret078": "051120"})
    for digest in {entry["input"] for entry in world.leaves() if "input" in entry}:
        content = _stored(world, {"input": digest})
        assert b"Lovelace" not in content and b"078" not in content and b"051120" not in content
    assert "input" in leaf


@pytest.mark.parametrize("parameters", [{}, {"purpose": "hiring"}, {"agreement": "no-such"}, {"loginId": "x"}])
def test_a_decision_is_made_again_as_the_log_says(world: World, parameters: dict[str, str]) -> None:
    _, leaf = _ask(world, **parameters)
    for today_only in (False, True):
        done = _replay(world, leaf, today_only=today_only)
        assert done.same and done.reproduced
        assert done.changes == ()
        assert done.recorded == leaf["answer"] == done.today.answer
    replayed = world.leaves("replay")[-1]
    assert (replayed["entry"], replayed["outcome"], replayed["actor"]) == (leaf["id"], "same", "tester")
    assert replayed["institutions"] == leaf["institutions"]


def test_another_policy_today_is_told_rule_by_rule(world: World, opa_binary: str, tmp_path: Path) -> None:
    _, leaf = _ask(world)
    other = other_bundle(tmp_path, opa_binary)
    done = _replay(world, leaf, bundle=other)
    assert done.reproduced and not done.same
    assert (done.then and done.then.decision, done.today.decision) == ("permit", "deny")
    assert done.today.policy == read_bundle(other).digest
    assert TODAY in done.changes
    assert Difference("rule X-TEST-01", "-", "refuses") in done.changes
    assert Difference("rule GW-AGR-02", "satisfied", "-") in done.changes
    assert Difference("element firstName", "share", "-") in done.changes
    only = _replay(world, leaf, today_only=True, bundle=other)
    assert only.then is None and not only.same
    assert {TODAY, Difference("rule X-TEST-01", "-", "refuses")} <= set(only.changes)
    assert world.leaves("replay")[-1]["outcome"] == "different"


def test_time_that_has_passed_does_not_change_what_was_decided_from(world: World) -> None:
    _, leaf = _ask(world)
    now = world.now
    world.later(days=900)
    done = _replay(world, leaf)
    world.now = now
    assert done.same, "the day is in the input"


@contextmanager
def _with_operator(folder: Path, url: str, rules: Path) -> Iterator[World]:
    with placement_world(folder, url, operator_bundle=rules) as placed:
        yield placed


def test_the_operators_rules_of_then_are_asked_again(tmp_path: Path, database_url: str, opa_binary: str) -> None:
    refusal = '{"rule": "X-SITE-01", "citation": "Board", "title": "Not yet"}'
    rules = operator_bundle(tmp_path / "rules", opa_binary, f"package operator\n\ndeny contains {refusal} if input.agreements[0]\n")
    with _with_operator(tmp_path / "home", database_url, rules) as world:
        answer, leaf = _ask(world)
        assert answer.status_code == httpx.codes.FORBIDDEN
        assert [reason["rule"] for reason in answer.json()["reasons"]] == ["X-SITE-01"]
        assert leaf["operator_policy"] == read_operator_bundle(rules).digest
        assert leaf["rules"] == ["X-SITE-01"]
        assert world.leaves("start")[-1]["operator_policy"] == leaf["operator_policy"]
        assert _replay(world, leaf).same
        without = _replay(world, leaf, operator_bundle=None)
        assert without.reproduced and not without.same
        assert without.today.operator_policy is None
        assert Difference("rule X-SITE-01", "refuses", "-") in without.changes


def test_what_was_stored_and_is_not_the_same_is_said(own_world: World) -> None:
    world = own_world
    _, leaf = _ask(world)
    with world.gateway.database.write() as connection:
        connection.execute(update(decision_input).values(content=b"{}"))
    with pytest.raises(IntegrityError, match="not the one that the log commits to"):
        _replay(world, leaf)
    with world.gateway.database.write() as connection:
        connection.execute(delete(decision_input))
    with pytest.raises(IntegrityError):
        _replay(world, leaf)


def test_an_entry_without_a_decision_or_a_policy_is_said(own_world: World) -> None:
    world = own_world
    _, leaf = _ask(world)
    with pytest.raises(RequestError, match="no decision"):
        _replay(world, world.leaves("start")[0])
    with pytest.raises(RequestError, match="no entry"):
        _replay(world, {"id": "x"})
    with world.gateway.database.write() as connection:
        connection.execute(delete(policy_bundle))
    with pytest.raises(RequestError, match="--today-bundle"):
        _replay(world, leaf)
    assert _replay(world, leaf, today_only=True).same


def test_the_command_prints_it_and_exits_with_2_when_it_differs(world: World, opa_binary: str, tmp_path: Path) -> None:
    _, leaf = _ask(world)
    url = world.gateway.settings.database_url
    at_home = Operator(world.folder, url, 8080)
    said = at_home.run("decision", "replay", leaf["id"])
    assert "That is what the log says." in said and "The decision is the same." in said
    assert json.loads(at_home.run("decision", "replay", leaf["id"], "--format", "json"))["same"] is True
    changed = Operator(world.folder, url, 8080, more=(("GATEWAY_BUNDLE", str(other_bundle(tmp_path, opa_binary))),))
    said = changed.run("decision", "replay", leaf["id"], expect=2)
    assert "The decision is not the same." in said
    assert re.search(r"rule X-TEST-01 +- +refuses", said)
    told = json.loads(changed.run("decision", "replay", leaf["id"], "--today-bundle", "--format", "json", expect=2))
    assert (told["same"], told["then"], told["today"]["decision"]) == (False, None, "deny")
    assert {"what": "decision", "before": "permit", "after": "deny"} in told["changes"]
    assert "--format yaml is not one of" in at_home.run("decision", "replay", leaf["id"], "--format", "yaml", expect=2)
    assert "no entry with this id" in at_home.run("decision", "replay", "x", expect=2)
