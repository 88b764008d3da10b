"""Nothing of a provider is taken in without an operation agreement in force, at the start and at the promotion."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from connectors.base import Page
from connectors.delimited import DelimitedSource
from gateway.agreements.activate import activate
from gateway.agreements.read_agreement import read_agreement
from gateway.demo.extracts import write_extracts
from gateway.domain.agreement import AgreementState
from gateway.domain.identifiers import AgreementId, InstitutionId, ResourceName
from gateway.errors import IngestError
from gateway.ingest import ingest, order_of
from gateway.store.operations import operations_of
from gateway.store.schema import operation, resource_head, sync_run
from tests.moving import change_state
from tests.operations import operation_agreement
from tests.world import EXAMPLE, SMALL, World, open_world

OPERATION = AgreementId("lakeside-operation")
TERM = (date(2026, 7, 1), date(2027, 6, 30))


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    """The example agreement in force, extracts at hand, nobody who may operate."""
    with open_world(tmp_path / "home", database_url) as opened:
        activate(read_agreement(EXAMPLE, opened.gateway.catalog), "test", opened.gateway.registry())
        write_extracts(opened.folder / "extracts", SMALL)
        yield opened


def operate(world: World, *, timezone: str = "America/Chicago") -> None:
    activate(operation_agreement("lakeside", TERM, timezone), "test", world.gateway.registry())


def move(world: World, state: AgreementState) -> None:
    change_state(OPERATION, state, "test", world.gateway.registry())


def pull(world: World) -> dict[str, Any]:
    return world.sync(world.source("lakeside", world.folder / "extracts"))


def promoted(world: World) -> set[str]:
    with world.gateway.database.read() as connection:
        return set(connection.execute(select(resource_head.c.resource)).scalars())


def test_without_an_operation_agreement_nothing_is_pulled(world: World) -> None:
    with pytest.raises(IngestError, match="gateway agreement activate FILE"):
        pull(world)
    assert promoted(world) == set()
    with world.gateway.database.read() as connection:
        assert connection.execute(select(sync_run)).fetchall() == []


def test_another_providers_operation_agreement_does_not_count(world: World) -> None:
    activate(operation_agreement("riverton"), "test", world.gateway.registry())
    with pytest.raises(IngestError, match="who runs the gateway for lakeside"):
        pull(world)


def test_an_operation_agreement_in_force_lets_the_source_be_pulled(world: World) -> None:
    operate(world)
    pull(world)
    assert "candidates" in promoted(world)


@pytest.mark.parametrize(
    ("state", "told"),
    [("suspended", "gateway agreement resume lakeside-operation"), ("terminated", "is terminated. Put one in force")],
)
def test_a_suspended_or_ended_one_pulls_nothing(world: World, state: AgreementState, told: str) -> None:
    operate(world)
    move(world, state)
    with pytest.raises(IngestError, match=told):
        pull(world)
    assert promoted(world) == set()


def test_a_resumed_one_pulls_again(world: World) -> None:
    operate(world)
    move(world, "suspended")
    move(world, "in_force")
    pull(world)
    assert "candidates" in promoted(world)


def test_its_days_are_days_of_its_own_time_zone(world: World) -> None:
    # Chicago: five hours behind UTC in summer; both days of the term included.
    operate(world)
    for now, told in (
        (datetime(2026, 7, 1, 4, 59, 59, tzinfo=UTC), "begins on 2026-07-01; it is 2026-06-30 there"),
        (datetime(2027, 7, 1, 5, tzinfo=UTC), "ended on 2027-06-30"),
    ):
        world.now = now
        with pytest.raises(IngestError, match=told):
            pull(world)
    for now in (datetime(2026, 7, 1, 5, tzinfo=UTC), datetime(2027, 7, 1, 4, 59, 59, tzinfo=UTC)):
        world.now = now
        pull(world)


def test_a_suspension_while_the_source_is_read_promotes_nothing(world: World) -> None:
    operate(world)
    source = world.source("lakeside", world.folder / "extracts")

    class Suspending(DelimitedSource):
        """Suspends when the last page of a resource was read."""

        def pull(self, resource: ResourceName) -> Iterator[Page]:
            yield from super().pull(resource)
            if resource == "candidates":
                move(world, "suspended")

    with pytest.raises(IngestError, match="is suspended"):
        list(ingest(order_of(source), Suspending(source), world.gateway.intake(), lambda *_: None))
    assert "candidates" not in promoted(world)
    [failed] = [leaf for leaf in world.leaves("sync") if leaf["outcome"] == "failed"]
    assert failed["resource"] == "candidates"
    move(world, "in_force")
    pull(world)
    assert "candidates" in promoted(world)


def test_a_new_version_takes_over_and_both_are_kept(world: World) -> None:
    operate(world)
    operate(world, timezone="America/New_York")
    with world.gateway.database.read() as connection:
        assert [(s.version, s.state) for s in operations_of(connection, InstitutionId("lakeside"), world.now)] == [
            (1, "terminated"),
            (2, "in_force"),
        ]
        facts = connection.execute(select(operation.c.facts).order_by(operation.c.version)).scalars().all()
    assert [fact["timezone"] for fact in facts] == ["America/Chicago", "America/New_York"]
    pull(world)
