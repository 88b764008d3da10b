"""A sample of the two-world campaign, and the leaks that it must catch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

import gateway.disclose
from gateway.catalog.model import Catalog
from gateway.domain.access import AccessRequest
from gateway.domain.decision import Permit
from gateway.domain.identifiers import RecordId
from gateway.domain.narrowing import Position
from gateway.domain.query_plan import QueryPlan
from gateway.domain.rows import Body, Rows, TreatedRows
from gateway.domain.treatments import Share
from gateway.encode import encode
from gateway.keys.pseudonym import Pseudonyms
from gateway.plan import compile_plan
from gateway.read import read
from gateway.store.engine import Connection
from gateway.store.permitted import Tables
from tests.campaigns.two_worlds import pairs, two_worlds
from tests.conftest import new_database
from tests.databases import BACKENDS
from tests.world import World

SAMPLE = 120
UNTIL_CAUGHT = 400


@pytest.fixture(scope="module", params=BACKENDS)
def worlds(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, World]]:
    folder = tmp_path_factory.mktemp("worlds")
    with ExitStack() as stack:
        urls = []
        for name in ("left", "right"):
            (folder / f"{name}-db").mkdir()
            urls.append(stack.enter_context(new_database(request.param, request, folder / f"{name}-db")))
        yield stack.enter_context(two_worlds(folder, *urls))


def test_the_partner_cannot_tell_the_worlds_apart(worlds: tuple[World, World]) -> None:
    assert list(pairs(*worlds, seed=1, count=SAMPLE)) == []


def _filter_by_withheld(
    request: AccessRequest, permit: Permit, catalog: Catalog, pseudonyms: Pseudonyms, after: Position | None, today: date
) -> QueryPlan:
    plan = compile_plan(replace(request, filters=()), permit, catalog, pseudonyms, after, today)
    resource = catalog.resources[permit.resource]
    everything = {e.path: Share() for e in resource.every_element() if e.sensitivity != "prohibited"} | dict(permit.elements)
    return replace(
        compile_plan(replace(request, select=()), replace(permit, elements=everything), catalog, pseudonyms, after, today),
        selected=plan.selected,
    )


def _count_out_of_scope(plan: QueryPlan, connection: Connection, tables: Tables) -> Rows:
    rows = read(plan, connection, tables)
    unscoped = read(replace(plan, scope=()), connection, tables)
    last = Position(RecordId(rows.records[-1])) if rows.records and unscoped.following else None
    return replace(rows, following=rows.following or last)


def _order_by_hidden(plan: QueryPlan, connection: Connection, tables: Tables) -> Rows:
    rows = read(plan, connection, tables)
    own = tables[plan.resource].rows
    hidden = own.c["hours_completed" if "hours_completed" in own.c else "birth_date"]
    found = {row.record_id: row[1] for row in connection.execute(select(own.c.record_id, hidden))}
    order = sorted(range(len(rows.records)), key=lambda at: (str(found[rows.records[at]]), at))
    return replace(
        rows,
        records=[rows.records[at] for at in order],
        versions=rows.versions and [rows.versions[at] for at in order],
        sealed=rows.sealed and [rows.sealed[at] for at in order],
        values={path: [column[at] for at in order] for path, column in rows.values.items()},
        persons={role: [column[at] for at in order] for role, column in rows.persons.items()},
        members={name: replace(members, row=[order.index(at) for at in members.row]) for name, members in rows.members.items()},
    )


def _tell_the_version(worlds: tuple[World, World]) -> Callable[..., Body]:
    """The answer tells how many row versions there are: hidden edits shift it."""

    def leaking(rows: TreatedRows, plan: QueryPlan, *, notice: str | None, following: str | None, **others: Any) -> Body:
        world = next(world for world in worlds if world.gateway.database is current[0])
        table = world.gateway.tables[plan.resource].rows
        with world.gateway.database.read() as connection:
            versions = connection.execute(select(func.count()).select_from(table)).scalar()
        return encode(rows, plan, notice=notice, following=following and f"{following}.{versions}", **others)

    current: list[Any] = [None]
    plain = gateway.disclose._body

    def remember(found: Any, gate: Any) -> Any:
        current[0] = gate.database
        return plain(found, gate)

    leaking.remember = remember  # type: ignore[attr-defined]
    return leaking


LEAKS: Mapping[str, tuple[str, Any]] = {
    "a filter on a withheld element": ("compile_plan", _filter_by_withheld),
    "a count of rows out of scope": ("read", _count_out_of_scope),
    "an order that follows a withheld element": ("read", _order_by_hidden),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_is_caught(worlds: tuple[World, World], monkeypatch: pytest.MonkeyPatch, leak: str) -> None:
    name, planted = LEAKS[leak]
    monkeypatch.setattr(gateway.disclose, name, planted)
    assert next(pairs(*worlds, seed=2, count=UNTIL_CAUGHT), None) is not None


def test_a_planted_change_version_is_caught(worlds: tuple[World, World], monkeypatch: pytest.MonkeyPatch) -> None:
    leaking = _tell_the_version(worlds)
    monkeypatch.setattr(gateway.disclose, "_body", leaking.remember)  # type: ignore[attr-defined]
    monkeypatch.setattr(gateway.disclose, "encode", leaking)
    assert next(pairs(*worlds, seed=3, count=UNTIL_CAUGHT), None) is not None
