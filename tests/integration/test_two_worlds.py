"""A sample of the two-world campaign, and the leaks that it must catch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import ColumnElement, Select, Subquery, func, select

import gateway.disclose
import gateway.export
import gateway.feed
import gateway.store.permitted
from gateway.catalog.model import Catalog
from gateway.domain.access import AccessRequest
from gateway.domain.changes import Candidate, Change, Walk
from gateway.domain.decision import Permit
from gateway.domain.identifiers import ElementPath, RecordId
from gateway.domain.narrowing import Position, predicates
from gateway.domain.query_plan import QueryPlan
from gateway.domain.rows import Body, Rows, TreatedRows
from gateway.domain.treatments import Share
from gateway.encode import encode
from gateway.feed import _changed
from gateway.narrow import Keyed
from gateway.plan import compile_plan
from gateway.read import read
from gateway.store.engine import Connection
from gateway.store.narrowing import Listed
from gateway.store.permitted import RECORD, VERSION, _asked, _listed, _statement
from gateway.store.record_tables import Tables
from tests.campaigns.two_worlds import pairs, two_worlds
from tests.conftest import new_database
from tests.databases import BACKENDS
from tests.world import World

SAMPLE = 200
UNTIL_CAUGHT = 1_500
NEW_IN_EACH_ENTRY = {"id", "time", "request", "token", "subjects", "body", "detail"}


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
    before = [len(world.leaves()) for world in worlds]
    assert list(pairs(*worlds, seed=1, count=SAMPLE)) == []
    told = [list(_as_a_party_reads_them(world, first)) for world, first in zip(worlds, before, strict=True)]
    assert len(told[0]) >= SAMPLE
    assert told[0] == told[1]


def _as_a_party_reads_them(world: World, first: int) -> Iterator[dict[str, object]]:
    """The entries that the partner may have proved to it, which gives it their leaves; without what is new in each."""
    commitments = []
    for leaf in world.leaves()[first:]:
        if "riverton" in leaf["institutions"] and leaf["kind"] in {"disclosure", "refusal"}:
            commitments += [leaf[name] for name in ("subjects", "detail") if name in leaf]
            yield {name: told for name, told in leaf.items() if name not in NEW_IN_EACH_ENTRY}
    assert len(set(commitments)) == len(commitments), "a commitment that comes again tells that it is about the same"


def _filter_by_withheld(request: AccessRequest, permit: Permit, catalog: Catalog, keyed: Keyed, *others: Any) -> QueryPlan:
    plan = compile_plan(replace(request, filters=(), filter=None), permit, catalog, keyed, *others)
    resource = catalog.resources[permit.resource]
    everything = {e.path: Share() for e in resource.every_element() if e.sensitivity != "prohibited"} | dict(permit.elements)
    return replace(
        compile_plan(replace(request, select=()), replace(permit, elements=everything), catalog, keyed, *others),
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

    def remember(found: Any, request: Any, gate: Any) -> Any:
        current[0] = gate.database
        return plain(found, request, gate)

    leaking.remember = remember  # type: ignore[attr-defined]
    return leaking


def _unscoped(plan: QueryPlan, connection: Connection, tables: Tables) -> Rows:
    return read(replace(plan, scope=()), connection, tables)


def _count_all_rows(plan: QueryPlan, connection: Connection, tables: Tables) -> Rows:
    rows = read(plan, connection, tables)
    return replace(rows, count=_unscoped(plan, connection, tables).count) if plan.count else rows


def _tell_of_a_hidden_page_before(plan: QueryPlan, connection: Connection, tables: Tables) -> Rows:
    """As if a page were read before its scope is applied: a page before is then one that hidden rows alone fill."""
    rows = read(plan, connection, tables)
    if plan.sort or rows.preceding is not None or not rows.records:
        return rows
    before = Position(RecordId(rows.records[0]), backward=True)
    hidden = read(replace(plan, scope=(), after=before), connection, tables)
    return replace(rows, preceding=before if len(hidden.records) == plan.limit else None)


def _put_a_hidden_value_into_the_cursor(plan: QueryPlan, connection: Connection, tables: Tables) -> Rows:
    """As if a sort key had been read before it was treated: only the cursor tells of it."""
    rows = read(plan, connection, tables)
    own = tables[plan.resource].rows
    if rows.following is None or "hours_completed" not in own.c:
        return rows
    hours = select(own.c.hours_completed).where(own.c.record_id == rows.following.record)
    return replace(rows, following=replace(rows.following, keys=(*rows.following.keys, *connection.execute(hours).scalars())))


def _raw_day(every_table: Tables, permitted: Subquery, plan: QueryPlan) -> Any:
    """The day behind the year that is seen."""
    own, seen = every_table[plan.resource].rows, permitted.c
    same = (own.c.record_id == seen[RECORD], own.c.from_version == seen[VERSION], own.c.provider_id == plan.provider)
    return select(own.c.begin_date).where(*same).scalar_subquery()


def _filter_by_the_raw_value(every_table: Tables, permitted: Subquery, plan: QueryPlan) -> list[ColumnElement[bool]]:
    conditions = _asked(every_table, permitted, plan)
    for predicate in predicates(plan.narrowing):
        if predicate.path == "beginDate" and predicate.values:
            raw, day = _raw_day(every_table, permitted, plan), date(int(predicate.values[0]), 7, 1)
            conditions.append(raw < day if predicate.negated else raw >= day)
    return conditions


def _sort_by_the_raw_value(
    every_table: Tables, permitted: Subquery, plan: QueryPlan, names: Sequence[str]
) -> Select[tuple[object, ...]]:
    statement = _statement(every_table, permitted, plan, names)
    if any(key.path == "beginDate" for key in plan.sort):
        raw = _raw_day(every_table, permitted, plan)
        statement = statement.order_by(None).order_by(raw, permitted.c[RECORD])
    return statement


def _compare_members_of_every_version(every_table: Tables, permitted: Subquery, plan: QueryPlan) -> Mapping[ElementPath, Listed]:
    found = _listed(every_table, permitted, plan)
    return {path: replace(listed, of_the_record=listed.of_the_record[:2]) for path, listed in found.items()}


def _tell_of_hidden_edits(candidates: Sequence[Candidate], plan: QueryPlan, walk: Walk, reader: Any) -> list[Change]:
    """As if a new version of a row were a change, whatever of it is seen."""
    found = _changed(candidates, plan, walk, reader)
    told = {change.record for change in found}
    moved = [one.record for one in candidates if one.before != one.after and one.after is not None and one.record not in told]
    shown = reader.shown(plan, moved)
    return sorted(
        (*found, *(Change("updated", record, *shown[record]) for record in moved if record in shown)), key=lambda c: c.record
    )


DISCLOSING, STORE = gateway.disclose, gateway.store.permitted
LEAKS: Mapping[str, tuple[Any, str, Any]] = {
    "a filter on a withheld element": (DISCLOSING, "compile_plan", _filter_by_withheld),
    "a page after the last, of rows out of scope": (DISCLOSING, "read", _count_out_of_scope),
    "a page before the first, of rows out of scope": (DISCLOSING, "read", _tell_of_a_hidden_page_before),
    "a count of all rows": (DISCLOSING, "read", _count_all_rows),
    "an order that follows a withheld element": (DISCLOSING, "read", _order_by_hidden),
    "an order of raw values": (STORE, "_statement", _sort_by_the_raw_value),
    "a filter on raw values": (STORE, "_asked", _filter_by_the_raw_value),
    "a filter on superseded members": (STORE, "_listed", _compare_members_of_every_version),
    "a hidden value in a cursor": (DISCLOSING, "read", _put_a_hidden_value_into_the_cursor),
    "an export of rows out of scope": (gateway.export, "read", _unscoped),
    "a feed of hidden edits": (gateway.feed, "_changed", _tell_of_hidden_edits),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_is_caught(worlds: tuple[World, World], monkeypatch: pytest.MonkeyPatch, leak: str) -> None:
    module, name, planted = LEAKS[leak]
    monkeypatch.setattr(module, name, planted)
    monkeypatch.setattr(STORE, "_kept", {})
    assert next(pairs(*worlds, seed=2, count=UNTIL_CAUGHT), None) is not None


def test_a_planted_change_version_is_caught(worlds: tuple[World, World], monkeypatch: pytest.MonkeyPatch) -> None:
    leaking = _tell_the_version(worlds)
    monkeypatch.setattr(gateway.disclose, "_body", leaking.remember)  # type: ignore[attr-defined]
    monkeypatch.setattr(gateway.disclose, "encode", leaking)
    assert next(pairs(*worlds, seed=3, count=UNTIL_CAUGHT), None) is not None
