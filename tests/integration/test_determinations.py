"""A de-identified release needs an official's determination; it is frozen, single, on the log, and kept from pruning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from gateway.agreements.activate import activate
from gateway.agreements.determine import Determined, determine
from gateway.agreements.read_agreement import read_agreement
from gateway.demo.extracts import Sizes, write_extracts
from gateway.domain.access import AccessRequest
from gateway.domain.decision import LegalBasis
from gateway.domain.identifiers import AgreementId, InstitutionId, ResourceName
from gateway.errors import AgreementError, RequestError
from gateway.store.agreements import agreements_that_matter
from gateway.store.epoch import read_epoch
from gateway.store.schema import determination
from tests.moving import change_state
from tests.world import EXAMPLE, SMALL, World, placement_world

RELEASE, LAKESIDE, CANDIDATES = AgreementId("release"), InstitutionId("lakeside"), ResourceName("candidates")
LATER = "2027-01-01T00:00:00.000000Z"


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    """The example, and an agreement that shares its candidates de-identified."""
    with placement_world(tmp_path / "home", database_url) as placed:
        agree(placed)
        yield placed


def agree(world: World, digest: str = "0") -> None:
    found = read_agreement(EXAMPLE, world.gateway.catalog)
    basis = LegalBasis("b1_deidentified", "34 CFR 99.31(b)(1)", {"smallest_class": 10, "quasi_identifiers": ["birthDate"]})
    grants = tuple(replace(grant, basis=basis) for grant in found.grants if grant.resource == CANDIDATES)
    activate(replace(found, id=RELEASE, grants=grants, digest=digest * 64), "test", world.gateway.registry())


def schedule(world: World) -> str:
    return str(entry(world)["schedule"])


def entry(world: World, agreement: AgreementId = RELEASE) -> dict[str, Any]:
    with world.gateway.database.read() as connection:
        request = AccessRequest(CANDIDATES, "placement")
        found = agreements_that_matter(connection, InstitutionId("riverton"), request, world.now).entries
    [one] = [dict(entry) for entry in found if entry["id"] == agreement and entry["state"] == "in_force"]
    return one


def decide(world: World, agreement: AgreementId = RELEASE, official: str = "Dana Whitfield, Provost", **more: str) -> Determined:
    named = {
        "schedule": more.get("schedule") or schedule(world),
        "resource": "candidates",
        "reasons": "Classes of ten, no free text.",
    } | more
    return determine(agreement, named["schedule"], named["resource"], official, named["reasons"], world.gateway.registry())


def load_again(world: World, candidates: int) -> None:
    """A new version of the records, with the first so many candidates."""
    extracts = world.folder / "extracts"
    write_extracts(extracts, Sizes(candidates, SMALL.staff, 20, 10, SMALL.openings))
    world.sync(world.source("lakeside", extracts), allow_shrink=True)


def test_a_determination_is_told_to_the_decision_and_frozen(world: World) -> None:
    assert entry(world)["release"] is None
    with world.gateway.database.read() as connection:
        before = read_epoch(connection)
    made = decide(world).determination
    release = {"version": 1, "smallest_class": 10, "official": "Dana Whitfield, Provost", "made_on": "2026-11-24"}
    assert (made.data_version, entry(world)["release"]) == (1, release)
    with world.gateway.database.read() as connection:
        assert read_epoch(connection) > before
    load_again(world, 55)
    world.later(hours=20)
    assert entry(world)["release"] == release, "it is frozen at the records and the day of then"
    assert entry(world, AgreementId("lakeside-riverton"))["release"] is None


def test_its_entry_has_the_official_and_no_reasons(world: World) -> None:
    decide(world, reasons="Bo's class has ten others.")
    leaf = world.leaves("determination")[-1]
    assert (leaf["official"], leaf["resource_version"], leaf["smallest_class"]) == ("Dana Whitfield, Provost", "1", "10")
    assert leaf["institutions"] == ["lakeside", "riverton"] and "Bo" not in str(leaf)
    with world.gateway.database.read() as connection:
        assert connection.execute(select(determination.c.reasons)).scalar() == "Bo's class has ten others."


def test_a_second_one_is_refused_until_there_is_a_new_version(world: World) -> None:
    decide(world)
    with pytest.raises(AgreementError, match="a further release needs the release ledger"):
        decide(world, official="Somebody else")
    agree(world, digest="1")
    assert entry(world)["release"] is None, "what was determined for the old version does not hold for the new one"
    decide(world)


def test_what_cannot_be_determined_is_refused(world: World) -> None:
    with pytest.raises(AgreementError, match="in force has candidates in a schedule nowhere"):
        decide(world, schedule="nowhere")
    with pytest.raises(AgreementError, match="in force has staffs"):
        decide(world, resource="staffs")
    example = entry(world, AgreementId("lakeside-riverton"))
    with pytest.raises(AgreementError, match="which needs no determination"):
        decide(world, AgreementId("lakeside-riverton"), schedule=str(example["schedule"]))
    with pytest.raises(RequestError, match="Name the official"):
        decide(world, official=" ")
    with pytest.raises(RequestError, match="Say the official's reasons"):
        decide(world, reasons="")
    named = schedule(world)
    change_state(RELEASE, "suspended", "test", world.gateway.registry())
    with pytest.raises(AgreementError, match="No version of release in force"):
        decide(world, schedule=named)
    assert world.leaves("determination") == []


def test_pruning_keeps_what_a_determination_is_frozen_at(world: World) -> None:
    tables = world.gateway.tables[CANDIDATES]
    load_again(world, 55)
    decide(world)
    load_again(world, 50)

    def versions() -> list[tuple[int, int]]:
        columns = (tables.rows.c.from_version, tables.rows.c.to_version)
        with world.gateway.database.read() as connection:
            ended = connection.execute(select(*columns).where(tables.rows.c.to_version.is_not(None))).fetchall()
        return sorted({(begun, ended) for begun, ended in ended})

    assert {2, 3} <= {ended for _, ended in versions()}
    world.later(days=29)
    load_again(world, 50)
    assert {2, 3} <= {ended for _, ended in versions()}, "a superseded version is kept for thirty days"
    world.later(days=2)
    load_again(world, 50)
    assert versions() and all(begun <= 2 < ended for begun, ended in versions())
    for state in ("terminated", "destroyed"):
        change_state(RELEASE, state, "test", world.gateway.registry())
    load_again(world, 50)
    assert versions() == []
