"""The subject index says what the details say, for logs that chance made, in whatever steps it was kept up; on both databases."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from pyroaring import BitMap

import gateway.register.index
from gateway.domain.auditing import AuditEvent
from gateway.domain.identifiers import InstitutionId, PersonId
from gateway.register.desk import RegisterKeys
from gateway.register.index import catch_up, entries_about, rebuild
from gateway.store.subjects import segments
from tests.world import World, gateway_world

OAKHILL, MILLBROOK = InstitutionId("oakhill"), InstitutionId("millbrook")
PEOPLE = 90
SETTINGS = ((1, 1, 10**6), (3, 40, 300), (200, 250_000, 500_000), (7, 500, 2_000))
"""Entries read at once, mentions of a step, and of the largest segment."""
Model = dict[tuple[InstitutionId, int], list[int]]


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    with gateway_world(tmp_path / "home", database_url) as opened:
        with opened.gateway.database.write() as connection:
            for provider in (OAKHILL, MILLBROOK):
                opened.gateway.ring.create_provider_keys(connection, provider, "2026-11-24")
        yield opened


def event(chance: random.Random) -> tuple[AuditEvent, InstitutionId, set[int]]:
    """Something that happened, whose detail it has, and whom it names for the register."""
    kind = chance.choice(("disclosure", "disclosure", "disclosure", "roster", "rights", "refusal", "token"))
    owner = chance.choice((OAKHILL, MILLBROOK))
    other = MILLBROOK if owner == OAKHILL else OAKHILL
    leaf: dict[str, object] = {"provider": owner, "recipient": other}
    if kind == "roster":
        leaf = {"provider": other, "recipient": owner}
    if kind in {"refusal", "token"}:
        return AuditEvent(kind, leaf), owner, set()
    everybody = range(1, PEOPLE + 1)
    roles = {role: set(chance.sample(everybody, chance.choice((0, 1, 2, 30, PEOPLE)))) for role in ("candidate", "staff")}
    persons = {role: base64.b64encode(BitMap(people).serialize()).decode() for role, people in roles.items()}
    named = set().union(*roles.values()) if kind in {"disclosure", "roster"} else set()
    return AuditEvent(kind, leaf, (), orjson.dumps({"version": 1, "persons": persons}), owner), owner, named


def assert_like(model: Model, world: World) -> None:
    keys, log_id = RegisterKeys(world.gateway.ring), world.gateway.log_id
    with world.gateway.database.read() as connection:
        for provider in (OAKHILL, MILLBROOK):
            for person in range(1, PEOPLE + 2):
                found = entries_about(connection, provider, PersonId(person), keys)
                assert found == [(log_id, index) for index in model.get((provider, person), [])]


@pytest.mark.parametrize("seed", range(3))
def test_the_index_says_what_the_details_say(world: World, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    chance, model = random.Random(seed), Model()
    desk = world.gateway.register_desk()
    for _ in range(12):
        for _ in range(chance.choice((0, 1, 2, 15))):
            happened, owner, named = event(chance)
            entry = world.gateway.log.append(happened)
            for person in named:
                model.setdefault((owner, person), []).append(entry.index)
        at_once, step, largest = chance.choice(SETTINGS)
        monkeypatch.setattr(gateway.register.index, "AT_ONCE", at_once)
        monkeypatch.setattr(gateway.register.index, "STEP", step)
        monkeypatch.setattr(gateway.register.index, "LARGEST_SEGMENT", largest)
        (rebuild if chance.random() < 0.1 else catch_up)(desk)
        if chance.random() < 0.3:
            assert_like(model, world)
    catch_up(desk)
    assert model
    assert_like(model, world)


def test_a_log_that_grows_little_by_little_has_few_segments(world: World) -> None:
    desk, everybody = world.gateway.register_desk(), base64.b64encode(BitMap(range(1, 11)).serialize()).decode()
    detail = orjson.dumps({"version": 1, "persons": {"candidate": everybody}})
    for _ in range(64):
        world.gateway.log.append(AuditEvent("disclosure", {"provider": OAKHILL, "recipient": MILLBROOK}, (), detail, OAKHILL))
        catch_up(desk)
    with world.gateway.database.read() as connection:
        found = segments(connection, world.gateway.log_id, OAKHILL)
    assert sum(segment.mentions for segment in found) == 640
    assert len(found) <= 7
