"""Compile a `QueryPlan`: the sub-query `permitted` holds row scope, opt-outs and every treatment that SQL can say; what
the client asked is compiled against the columns of `permitted` only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Date,
    Dialect,
    Select,
    Subquery,
    Table,
    bindparam,
    func,
    select,
    type_coerce,
)

from gateway.domain.identifiers import ElementPath, RecordId
from gateway.domain.narrowing import Position, predicates
from gateway.domain.query_plan import RECORD_COLUMN, Condition, PlannedElement, QueryPlan
from gateway.domain.rows import MemberRows, OwnIds, Rows
from gateway.domain.treatments import Generalise
from gateway.store.columns import Among, AsItCame, Day, InColumns, Records, written
from gateway.store.generalise import generalised
from gateway.store.narrowing import AFTER, Listed, holds, in_order, past, sorted_on
from gateway.store.record_tables import Tables
from gateway.store.row_scope import bound_as, compare, own_id, row_scope, scope_bounds
from gateway.store.versions import versions_read

OWN = "gateway:"
RECORD, VERSION, SEALED, CLASS = f"{OWN}record", f"{OWN}version", f"{OWN}sealed", f"{OWN}class"
PERSON = f"{OWN}person:"
NAMED, OWN_ID = f"{OWN}named:", f"{OWN}own_id:"
KEY = f"{OWN}key:"
LINK = f"{OWN}link:"
RECORDS = "records"


FIRST, LAST, LIMIT = "first", "last", "limit"
ASKED = "asked:"
"""Begins the parameters that hold what the simple filters compare with, each followed by the filter's place in the plan."""
MOST_KEPT = 256


@dataclass(frozen=True)
class _MembersStatement:
    """Selects the members of one collection for the records of a page: record, version, ordinal, `paths` and
    the sealed blob where there is one. `listed` says that it takes the records' numbers and not only the first and last."""

    paths: tuple[ElementPath, ...]
    has_sealed: bool
    listed: bool
    statement: InColumns


@dataclass(frozen=True)
class _Statements:
    """What a plan is run by. `names` are the columns of the page's own statement, `values` says in which an element stands:
    the pseudonym of a record starts from its number, which is there anyway. `keys` are the columns of the sort keys; `behind`
    finds a record on the other side of where the page starts, `count` the number of records on all pages. `filtered` are the
    columns that the simple filters compare."""

    names: tuple[str, ...]
    values: Mapping[ElementPath, str]
    own_ids: tuple[ElementPath, ...]
    page: InColumns
    members: Mapping[str, _MembersStatement]
    keys: tuple[str, ...]
    behind: InColumns | None
    count: InColumns | None
    filtered: tuple[ColumnElement[Any], ...]


_kept: dict[tuple[object, ...], _Statements] = {}


def fetch(connection: Connection, every_table: Tables, plan: QueryPlan) -> Rows:
    """Run the plan in the caller's snapshot. Raises `VersionGone` where it is of a version that is not kept."""
    statements = _statements(every_table, plan, connection.dialect)
    versions_of = versions_read(connection, plan)
    bound = scope_bounds(plan, versions_of)
    bound[LIMIT] = plan.limit + 1 + (plan.after is not None)
    for at, (condition, column) in enumerate(zip(plan.filters, statements.filtered, strict=True)):
        if condition.comparison == "equals":
            bound[f"{ASKED}{at}"] = bound_as(column, condition.values[0])
    if plan.only is not None:
        bound[RECORDS] = plan.only[1]
    if plan.after is not None:
        bound[AFTER] = plan.after.record
    columns, met, more = _cut(statements.page.fetch(connection, bound), statements, plan)
    records: Sequence[int] = columns[RECORD]
    versions: Sequence[int] = columns.get(VERSION, ())
    beside = met or (statements.behind is not None and bool(records) and bool(statements.behind.fetch(connection, bound)))
    before, after = (more, beside) if plan.after is not None and plan.after.backward else (beside, more)
    positions = {of: at for at, of in enumerate(zip(records, versions, strict=True))} if statements.members else {}
    return Rows(
        records=records,
        versions=versions,
        values={path: columns[name] for path, name in statements.values.items()},
        sealed=columns.get(SEALED),
        members={name: _members(connection, found, positions) for name, found in statements.members.items()},
        persons={role: columns[PERSON + role] for role, _ in plan.person_columns},
        own_ids={path: OwnIds(columns[NAMED + path], columns[OWN_ID + path]) for path in statements.own_ids},
        following=_position(columns, statements, -1) if records and after else None,
        preceding=replace(_position(columns, statements, 0), backward=True) if records and before else None,
        count=None if statements.count is None else int(statements.count.fetch(connection, bound)[0][0]),
        versions_of=versions_of,
        links={column: columns[_link(column)] for column in plan.links},
    )


def _cut(page: Sequence[Sequence[Any]], statements: _Statements, plan: QueryPlan) -> tuple[Mapping[str, Sequence[Any]], bool, bool]:
    """The page's columns in the order asked for, whether the record is still there that the page starts at, and whether there are
    more records than the page holds."""
    columns = dict(zip(statements.names, page or [()] * len(statements.names), strict=True))
    fetched = len(columns[RECORD])
    met = plan.after is not None and fetched > 0 and _position(columns, statements, 0) == plan.after.place
    more = fetched - met > plan.limit
    if met or more:
        kept = slice(int(met), plan.limit + met)
        columns = {name: column[kept] for name, column in columns.items()}
    if plan.after is not None and plan.after.backward:
        columns = {name: column[::-1] for name, column in columns.items()}
    return columns, met, more


def _position(columns: Mapping[str, Sequence[Any]], statements: _Statements, at: int) -> Position:
    return Position(RecordId(columns[RECORD][at]), tuple(columns[name][at] for name in statements.keys))


def _statements(every_table: Tables, plan: QueryPlan, dialect: Dialect) -> _Statements:
    """Building the statements takes as long as running them, so that they are kept for the next page of a plan that says the same.
    They follow from the plan alone, which is made anew for each request. A filter in the query language is not kept, nor where a
    page of an order of the client's starts: their values stand in the statement."""
    if plan.narrowing is not None or (plan.sort and plan.after is not None):
        return _built(every_table, plan, dialect)
    alike = replace(
        plan,
        limit=0,
        pinned=None,
        epoch=None if plan.epoch is None else 0,
        only=None if plan.only is None else (plan.only[0], ()),
        after=plan.after and replace(plan.after, record=RecordId(0)),
        filters=tuple(replace(asked, values=("",)) if asked.comparison == "equals" else asked for asked in plan.filters),
    )
    # 1, 1.0 and True are equal, but not the same in SQL.
    exactly = repr((plan.scope, plan.related, [element.treatment for element in plan.permitted]))
    key = (every_table[plan.resource].rows, dialect.name, alike, exactly)
    known = _kept.get(key)
    if known is None:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        known = _kept[key] = _built(every_table, plan, dialect)
    return known


def _built(every_table: Tables, plan: QueryPlan, dialect: Dialect) -> _Statements:
    own = [element for element in plan.selected if element.collection is None]
    wanted: dict[str, list[PlannedElement]] = {}
    for element in plan.selected:
        if element.collection is not None:
            wanted.setdefault(element.collection, []).append(element)
    tables = every_table[plan.resource].members
    members = {name: _members_statement(tables[name], plan, elements, dialect) for name, elements in wanted.items()}
    values = {
        element.path: RECORD if element.origin == "surrogate" and element.column == RECORD_COLUMN else str(element.path)
        for element in own
        if element.origin not in {"sealed", "own_id"}
    }
    own_ids = tuple(element.path for element in own if element.origin == "own_id")
    has_sealed = any(element.origin == "sealed" for element in own)
    names = (
        RECORD,
        *([VERSION] if has_sealed or members else []),
        *(PERSON + role for role, _ in plan.person_columns),
        *(name for name in values.values() if name != RECORD),
        *(kind + path for path in own_ids for kind in (NAMED, OWN_ID)),
        *(_link(column) for column in plan.links if _link(column) != RECORD),
        *([SEALED] if has_sealed else []),
    )
    page = _statement(every_table, _permitted(every_table, plan, own), plan, names)
    bare = _permitted(every_table, plan, ())
    behind = None if plan.after is None else InColumns(_behind(every_table, bare, plan), dialect)
    count = (
        InColumns(select(func.count()).select_from(bare).where(*_asked(every_table, bare, plan)), dialect) if plan.count else None
    )
    keys = tuple(f"{KEY}{at}" for at in range(len(plan.sort)))
    filtered = tuple(bare.c[condition.column] for condition in plan.filters)
    return _Statements((*names, *keys), values, own_ids, InColumns(page, dialect), members, keys, behind, count, filtered)


def _permitted(every_table: Tables, plan: QueryPlan, own: Sequence[PlannedElement]) -> Subquery:
    rows = every_table[plan.resource].rows
    compared = {condition.column for condition in plan.filters} | {predicate.path for predicate in predicates(plan.narrowing)}
    needed = {element.path for element in own} | compared | {key.path for key in plan.sort}
    if plan.frozen is not None:
        needed |= set(plan.frozen.quasi_identifiers)
    columns: list[ColumnElement[Any]] = [rows.c.record_id.label(RECORD), rows.c.from_version.label(VERSION)]
    columns += [rows.c[column].label(PERSON + role) for role, column in plan.person_columns]
    linked = {*plan.links, *([plan.only[0]] if plan.only else [])} - {RECORD_COLUMN}
    columns += [rows.c[column].label(_link(column)) for column in sorted(linked)]
    treated = {
        element.path: _treated(rows, element, plan)
        for element in plan.permitted
        if element.collection is None and element.origin not in {"sealed", "own_id"} and element.path in needed
    }
    treated |= {
        element.path: rows.c[element.index]
        for element in plan.permitted
        if element.collection is None and element.index is not None and element.path in compared
    }
    columns += [column.label(path) for path, column in treated.items()]
    for element in own:
        if element.origin == "own_id":
            named = rows.c[str(element.column)]
            columns += [named.label(NAMED + element.path), own_id(named, element, plan).label(OWN_ID + element.path)]
    if any(element.origin == "sealed" for element in own):
        columns.append(type_coerce(rows.c.sealed, AsItCame()).label(SEALED))
    if plan.frozen is not None:
        alike = [treated[path] for path in plan.frozen.quasi_identifiers]
        columns.append(func.count().over(partition_by=alike or None).label(CLASS))
    permitted = (
        select(*columns).where(*row_scope(every_table, rows, plan)).subquery("permitted" if plan.frozen is None else "classes")
    )
    if plan.frozen is None:
        return permitted
    large_enough = permitted.c[CLASS] >= plan.frozen.smallest_class
    return select(*(column for column in permitted.c if column.name != CLASS)).where(large_enough).subquery("permitted")


def _statement(every_table: Tables, permitted: Subquery, plan: QueryPlan, names: Sequence[str]) -> Select[tuple[object, ...]]:
    record, columns = permitted.c[RECORD], permitted.c
    keys = [sorted_on(key, columns) for key in plan.sort]
    statement = select(
        *(written(columns[name]) for name in names),
        *((Day(key) if isinstance(key.type, Date) else key).label(f"{KEY}{at}") for at, key in enumerate(keys)),
    ).where(*_asked(every_table, permitted, plan))
    backward = plan.after is not None and plan.after.backward
    if plan.after is not None:
        # The record that the page before ended with comes along: where it is still there, so is a page before.
        statement = statement.where(past(plan.after, plan.sort, columns, record, backward=backward, from_it=True))
    return statement.order_by(*in_order(plan.sort, columns, record, backward=backward)).limit(bindparam(LIMIT, type_=BigInteger))


def _behind(every_table: Tables, permitted: Subquery, plan: QueryPlan) -> Select[tuple[object, ...]]:
    """A record behind where the page starts, if the one that stood there is gone: there is a page on that side. Without sort keys
    the order is that of an index, which it is told to follow: the next record is near, whatever the database believes."""
    record, columns = permitted.c[RECORD], permitted.c
    statement = select(record).where(*_asked(every_table, permitted, plan))
    if plan.after is not None:
        backward = not plan.after.backward
        statement = statement.where(past(plan.after, plan.sort, columns, record, backward=backward))
        if not plan.sort:
            statement = statement.order_by(*in_order((), columns, record, backward=backward))
    return statement.limit(1)


def _asked(every_table: Tables, permitted: Subquery, plan: QueryPlan) -> list[ColumnElement[bool]]:
    """What the client filters by, over the permitted view."""
    asked = [_filtered(permitted.c[condition.column], condition, at) for at, condition in enumerate(plan.filters)]
    if plan.only is not None:
        asked.append(Among(permitted.c[_link(plan.only[0])], bindparam(RECORDS, type_=Records())))
    if plan.narrowing is not None:
        asked.append(holds(plan.narrowing, permitted.c, _listed(every_table, permitted, plan)))
    return asked


def _filtered(column: ColumnElement[Any], condition: Condition, at: int) -> ColumnElement[bool]:
    if condition.comparison == "equals":
        return column == bindparam(f"{ASKED}{at}", type_=column.type)
    return compare(column, condition)


def _listed(every_table: Tables, permitted: Subquery, plan: QueryPlan) -> Mapping[ElementPath, Listed]:
    """The compared elements that stand in lists, of the members of the very version that is permitted."""
    compared = {predicate.path for predicate in predicates(plan.narrowing)}
    tables = every_table[plan.resource].members
    listed: dict[ElementPath, Listed] = {}
    for element in plan.permitted:
        if element.collection is not None and element.path in compared:
            members = tables[element.collection]
            of_the_record = (
                members.c.provider_id == plan.provider,
                members.c.record_id == permitted.c[RECORD],
                members.c.from_version == permitted.c[VERSION],
            )
            listed[element.path] = Listed(_treated(members, element, plan), of_the_record)
    return listed


def _treated(rows: Table, element: PlannedElement, plan: QueryPlan) -> ColumnElement[object]:
    """What is compared and shown of an element, as far as SQL has it; of a sealed one its blind index, which is only compared."""
    column = rows.c[str(element.index or element.column)]
    if isinstance(element.treatment, Generalise):
        return generalised(column, element.treatment, plan.today, plan.code_lists)
    return column


def _link(column: str) -> str:
    return RECORD if column == RECORD_COLUMN else LINK + column


def _on_the_page(record: Column[object], plan: QueryPlan) -> ColumnElement[bool]:
    """Whether a record is on the page. Where nothing narrows the permitted rows, a page is all between its first and last;
    elsewhere its records go along as one parameter: a thousand parameters cost more than the rows that they fetch."""
    span = record.between(bindparam(FIRST, type_=BigInteger), bindparam(LAST, type_=BigInteger))
    return span & Among(record, bindparam(RECORDS, type_=Records())) if plan.narrows else span


def _bounds(records: Sequence[int], statement: _MembersStatement) -> dict[str, object]:
    bounds: dict[str, object] = {FIRST: records[0], LAST: records[-1]}
    if statement.listed:
        bounds |= {FIRST: min(records), LAST: max(records), RECORDS: records}
    return bounds


def _members_statement(members: Table, plan: QueryPlan, elements: Sequence[PlannedElement], dialect: Dialect) -> _MembersStatement:
    plain = [element for element in elements if element.origin != "sealed"]
    has_sealed = len(plain) < len(elements)
    columns: list[ColumnElement[object]] = [members.c.record_id, members.c.from_version, members.c.ordinal]
    columns += [_treated(members, element, plan) for element in plain]
    columns += [type_coerce(members.c.sealed, AsItCame())] if has_sealed else []
    statement = (
        select(*columns)
        .where(members.c.provider_id == plan.provider, _on_the_page(members.c.record_id, plan))
        .order_by(members.c.record_id, members.c.ordinal)
    )
    return _MembersStatement(tuple(element.path for element in plain), has_sealed, plan.narrows, InColumns(statement, dialect))


def _members(connection: Connection, statement: _MembersStatement, positions: Mapping[tuple[int, int], int]) -> MemberRows:
    """`positions` says where on the page a version of a record stands."""
    columns: list[Sequence[Any]] = []
    if positions:
        bounds = _bounds([record for record, _ in positions], statement)
        columns = statement.statement.fetch(connection, bounds)
    columns = columns or [()] * (3 + len(statement.paths) + statement.has_sealed)
    # Other versions of a record have members too; the page has one version of each.
    rows = [positions.get(of, -1) for of in zip(columns[0], columns[1], strict=True)]
    if -1 in rows:
        columns = [[value for value, at in zip(column, rows, strict=True) if at >= 0] for column in columns]
        rows = [at for at in rows if at >= 0]
    return MemberRows(
        row=rows,
        ordinal=columns[2],
        sealed=columns[-1] if statement.has_sealed else None,
        values={path: columns[3 + at] for at, path in enumerate(statement.paths)},
    )
