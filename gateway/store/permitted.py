"""Compile a `QueryPlan`: the sub-query `permitted` holds row scope, opt-outs and every treatment that SQL can say; what
the client asked is compiled against the columns of `permitted` only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, assert_never

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    CursorResult,
    Date,
    Dialect,
    LargeBinary,
    Select,
    Subquery,
    Table,
    Text,
    bindparam,
    exists,
    false,
    func,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from gateway.domain.access import Scalar
from gateway.domain.identifiers import ElementPath, InstitutionId, RecordId, ResourceName
from gateway.domain.query_plan import Condition, ConsentScope, PlannedElement, QueryPlan, RelatedScope, RosterScope
from gateway.domain.rows import MemberRows, OwnIds, Rows
from gateway.domain.treatments import Generalise
from gateway.store.engine import driver_errors
from gateway.store.generalise import generalised
from gateway.store.record_tables import RecordTables
from gateway.store.schema import consent, opt_out, resource_head, roster_line

OWN = "gateway:"
RECORD, VERSION, SEALED, CLASS = f"{OWN}record", f"{OWN}version", f"{OWN}sealed", f"{OWN}class"
PERSON = f"{OWN}person:"
NAMED, OWN_ID = f"{OWN}named:", f"{OWN}own_id:"
RECORDS = "records"


FIRST, LAST, AFTER, LIMIT, FROZEN = "first", "last", "after", "limit", "frozen"
MOST_KEPT = 256

Tables = Mapping[ResourceName, RecordTables]


class _AsItCame(LargeBinary):
    """Bytes as the driver gives them, which both drivers do as `bytes`: copying each once more costs as much as reading it."""

    cache_ok = True

    def result_processor(self, dialect: object, coltype: object) -> None:
        return None


class _Columns:
    """A statement whose result is taken apart by column, so that no object is made of a row."""

    def __init__(self, statement: Select[*tuple[Any, ...]], dialect: Dialect) -> None:
        self._statement = statement
        self._dialect = dialect
        self._as_it_came: bool | None = None

    def fetch(self, connection: Connection, bound: Mapping[str, object]) -> list[Sequence[Any]]:
        """The columns; an empty list where there is no row."""
        result = connection.execute(self._statement, bound)
        if self._as_it_came is None:
            self._as_it_came = self._nothing_to_process(result)
        # The driver's tuples, where SQLAlchemy has nothing to make of their values: an object a row costs as much as reading it.
        if self._as_it_came and result.cursor is not None:
            with driver_errors(connection):
                rows: Sequence[Sequence[Any]] = result.cursor.fetchall()
        else:
            rows = result.fetchall()
        result.close()
        return list(zip(*rows, strict=True))

    def _nothing_to_process(self, result: CursorResult[*tuple[Any, ...]]) -> bool:
        described = [] if result.cursor is None else result.cursor.description
        types = [column.type.dialect_impl(self._dialect) for column in self._statement.selected_columns]
        return len(types) == len(described) and all(
            type_.result_processor(self._dialect, column[1]) is None for type_, column in zip(types, described, strict=True)
        )


@dataclass(frozen=True)
class _MembersStatement:
    """Selects the members of one collection for the records of a page: record, version, ordinal, `paths` and
    the sealed blob where there is one. `listed` says that it takes the records' numbers and not only the first and last."""

    paths: tuple[ElementPath, ...]
    has_sealed: bool
    listed: bool
    statement: _Columns


@dataclass(frozen=True)
class _Statements:
    """What a plan is run by. `names` are the columns of the page's own statement, `values` says in which an element stands:
    the pseudonym of a record starts from its number, which is there anyway."""

    names: tuple[str, ...]
    values: Mapping[ElementPath, str]
    own_ids: tuple[ElementPath, ...]
    page: _Columns
    members: Mapping[str, _MembersStatement]


_kept: dict[tuple[object, ...], _Statements] = {}


def fetch(connection: Connection, every_table: Tables, plan: QueryPlan) -> Rows:
    """Run the plan in the caller's snapshot."""
    statements = _statements(every_table, plan, connection.dialect)
    bound: dict[str, object] = {LIMIT: plan.limit + 1}
    if plan.frozen is not None:
        bound[FROZEN] = plan.frozen.version
    if plan.after is not None:
        bound[AFTER] = plan.after
    names = statements.names
    page = statements.page.fetch(connection, bound) or [()] * len(names)
    more = len(page[0]) > plan.limit
    columns = dict(zip(names, (column[: plan.limit] for column in page) if more else page, strict=True))
    records: Sequence[int] = columns[RECORD]
    versions: Sequence[int] = columns.get(VERSION, ())
    positions = {of: at for at, of in enumerate(zip(records, versions, strict=True))} if statements.members else {}
    return Rows(
        records=records,
        versions=versions,
        values={path: columns[name] for path, name in statements.values.items()},
        sealed=columns.get(SEALED),
        members={name: _members(connection, found, positions) for name, found in statements.members.items()},
        persons={role: columns[PERSON + role] for role, _ in plan.person_columns},
        own_ids={path: OwnIds(columns[NAMED + path], columns[OWN_ID + path]) for path in statements.own_ids},
        last=RecordId(records[-1]) if more else None,
    )


def _statements(every_table: Tables, plan: QueryPlan, dialect: Dialect) -> _Statements:
    """Building the statements takes as long as running them, so that they are kept for the next page of a plan that says the same.
    They follow from the plan alone, which is made anew for each request. What a client filters by is not kept."""
    if plan.filters:
        return _built(every_table, plan, dialect)
    alike = replace(plan, limit=0, after=None if plan.after is None else RecordId(0))
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
        element.path: RECORD if element.origin == "surrogate" and element.column == "record_id" else str(element.path)
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
        *([SEALED] if has_sealed else []),
    )
    page = _statement(_permitted(every_table, plan, own), plan, names)
    return _Statements(names, values, own_ids, _Columns(page, dialect), members)


def _head(provider: InstitutionId, resource: ResourceName) -> Select[tuple[int]]:
    return select(resource_head.c.version).where(resource_head.c.provider_id == provider, resource_head.c.resource == resource)


def _permitted(every_table: Tables, plan: QueryPlan, own: Sequence[PlannedElement]) -> Subquery:
    rows = every_table[plan.resource].rows
    needed = {element.path for element in own} | {condition.column for condition in plan.filters}
    if plan.frozen is not None:
        needed |= set(plan.frozen.quasi_identifiers)
    columns: list[ColumnElement[Any]] = [rows.c.record_id.label(RECORD), rows.c.from_version.label(VERSION)]
    columns += [rows.c[column].label(PERSON + role) for role, column in plan.person_columns]
    treated = {
        element.path: _treated(rows, element, plan)
        for element in plan.permitted
        if element.collection is None and element.origin not in {"sealed", "own_id"} and element.path in needed
    }
    columns += [column.label(path) for path, column in treated.items()]
    for element in own:
        if element.origin == "own_id":
            named = rows.c[str(element.column)]
            columns += [named.label(NAMED + element.path), _own_id(named, element, plan).label(OWN_ID + element.path)]
    if any(element.origin == "sealed" for element in own):
        columns.append(type_coerce(rows.c.sealed, _AsItCame()).label(SEALED))
    if plan.frozen is not None:
        alike = [treated[path] for path in plan.frozen.quasi_identifiers]
        columns.append(func.count().over(partition_by=alike or None).label(CLASS))
    permitted = (
        select(*columns)
        .where(rows.c.provider_id == plan.provider, *_visible(rows, plan))
        .where(*(_compare(rows.c[condition.column], condition) for condition in plan.scope))
        .where(*(_in_roster(rows, roster, plan) for roster in plan.rosters))
        .where(*(_has_related(every_table[related.resource].rows, rows, related, plan) for related in plan.related))
        .where(*(_consented(rows, consent, plan) for consent in plan.consents))
        .where(*(rows.c[column].not_in(subjects) for column, subjects in plan.excluded_subjects))
        .where(*(~_opted_out(rows, column, plan) for column in plan.excluded_persons))
        .subquery("permitted" if plan.frozen is None else "classes")
    )
    if plan.frozen is None:
        return permitted
    large_enough = permitted.c[CLASS] >= plan.frozen.smallest_class
    return select(*(column for column in permitted.c if column.name != CLASS)).where(large_enough).subquery("permitted")


def _statement(permitted: Subquery, plan: QueryPlan, names: Sequence[str]) -> Select[tuple[object, ...]]:
    record = permitted.c[RECORD]
    statement = select(*(_written(permitted.c[name]) for name in names)).where(
        *(_compare(permitted.c[condition.column], condition) for condition in plan.filters)
    )
    if plan.after is not None:
        statement = statement.where(record > bindparam(AFTER, type_=BigInteger))
    return statement.order_by(record).limit(bindparam(LIMIT, type_=BigInteger))


class Day(FunctionElement[str]):
    """A date column as ISO text."""

    name = "gateway_day"
    type = Text()
    inherit_cache = True


@compiles(Day, "sqlite")
def _day_in_sqlite(element: Day, compiler: Any, **options: Any) -> str:
    text: str = compiler.process(element.clauses, **options)
    return text


@compiles(Day, "postgresql")
def _day_in_postgresql(element: Day, compiler: Any, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} AS TEXT)"


def _written(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A day as the ISO text that SQLite keeps and PostgreSQL writes: a date of Python's would only be made to be written again."""
    return Day(column).label(column.key) if isinstance(column.type, Date) else column


def _visible(rows: Table, plan: QueryPlan) -> tuple[ColumnElement[bool], ...]:
    """In the promoted version of this snapshot, or in the frozen one; nothing before the first promotion."""
    head = _head(plan.provider, plan.resource).scalar_subquery()
    version: ColumnElement[int] = head if plan.frozen is None else bindparam(FROZEN, type_=BigInteger)
    return (rows.c.from_version <= version, or_(rows.c.to_version.is_(None), rows.c.to_version > version))


def _treated(rows: Table, element: PlannedElement, plan: QueryPlan) -> ColumnElement[object]:
    column = rows.c[str(element.column)]
    if isinstance(element.treatment, Generalise):
        return generalised(column, element.treatment, plan.today, plan.code_lists)
    return column


def _has_related(related: Table, rows: Table, scope: RelatedScope, plan: QueryPlan) -> ColumnElement[bool]:
    """In what is promoted of the related resource in this snapshot."""
    head = _head(plan.provider, scope.resource).scalar_subquery()
    return exists().where(
        related.c.provider_id == plan.provider,
        related.c[scope.related_column] == rows.c[scope.person_column],
        related.c.from_version <= head,
        or_(related.c.to_version.is_(None), related.c.to_version > head),
        *(_compare(related.c[condition.column], condition) for condition in scope.where),
        *(_in_roster(related, roster, plan) for roster in scope.rosters),
    )


def _in_roster(rows: Table, scope: RosterScope, plan: QueryPlan) -> ColumnElement[bool]:
    return exists().where(*_listed(rows.c[scope.column], scope.key_space, plan))


def _own_id(record: ColumnElement[Any], element: PlannedElement, plan: QueryPlan) -> ColumnElement[Any]:
    own_id = type_coerce(roster_line.c.own_id, _AsItCame())
    return select(own_id).where(*_listed(record, ResourceName(str(element.key_space)), plan)).scalar_subquery()


def _listed(record: ColumnElement[Any], key_space: ResourceName, plan: QueryPlan) -> tuple[ColumnElement[bool], ...]:
    """The line of the current roster that names a record, if there is one."""
    if plan.submitted_under is None:
        return (false(),)
    agreement, schedule = plan.submitted_under
    return (
        roster_line.c.agreement_id == agreement,
        roster_line.c.schedule == schedule,
        roster_line.c.provider_id == plan.provider,
        roster_line.c.key_space == key_space,
        roster_line.c.record_id == record,
        roster_line.c.to_version.is_(None),
    )


def _consented(rows: Table, scope: ConsentScope, plan: QueryPlan) -> ColumnElement[bool]:
    today = plan.today.isoformat()
    return exists().where(
        consent.c.provider_id == plan.provider,
        consent.c.person_id == rows.c[scope.person_column],
        consent.c.form == scope.form,
        consent.c.recipient_id == scope.recipient,
        consent.c.purpose == scope.purpose,
        consent.c.to_version.is_(None),
        consent.c.signed_on <= today,
        or_(consent.c.until_day.is_(None), consent.c.until_day >= today),
    )


def _opted_out(rows: Table, person_column: str, plan: QueryPlan) -> ColumnElement[bool]:
    return exists().where(
        opt_out.c.provider_id == plan.provider, opt_out.c.person_id == rows.c[person_column], opt_out.c.to_version.is_(None)
    )


def _compare(column: ColumnElement[object], condition: Condition) -> ColumnElement[bool]:
    values = [_bound(column, value) for value in condition.values]
    match condition.comparison:
        case "equals":
            return column == values[0]
        case "in":
            return column.in_(values) if values else false()
        case "at_least":
            return column >= values[0]
        case "at_most":
            return column <= values[0]
        case "present":
            return column.is_not(None) if values[0] else column.is_(None)
        case _:
            assert_never(condition.comparison)


def _bound(column: ColumnElement[object], value: Scalar) -> object:
    return date.fromisoformat(value) if isinstance(column.type, Date) and isinstance(value, str) else value


def _on_the_page(record: Column[object], plan: QueryPlan, dialect: str) -> ColumnElement[bool]:
    """Whether a record is on the page. Where nothing narrows the permitted rows, a page is all between its first and last;
    elsewhere its records go along as one parameter: a thousand parameters cost more than the rows that they fetch."""
    span = record.between(bindparam(FIRST, type_=BigInteger), bindparam(LAST, type_=BigInteger))
    if not plan.narrows:
        return span
    if dialect == "postgresql":
        return span & (record == func.any(bindparam(RECORDS, type_=ARRAY(BigInteger))))
    return span & record.in_(select(func.json_each(bindparam(RECORDS, type_=Text)).table_valued("value").c.value))


def _bounds(records: Sequence[int], statement: _MembersStatement, dialect: str) -> dict[str, object]:
    bounds: dict[str, object] = {FIRST: records[0], LAST: records[-1]}
    if statement.listed:
        bounds[RECORDS] = list(records) if dialect == "postgresql" else json.dumps(records)
    return bounds


def _members_statement(members: Table, plan: QueryPlan, elements: Sequence[PlannedElement], dialect: Dialect) -> _MembersStatement:
    plain = [element for element in elements if element.origin != "sealed"]
    has_sealed = len(plain) < len(elements)
    columns: list[ColumnElement[object]] = [members.c.record_id, members.c.from_version, members.c.ordinal]
    columns += [_treated(members, element, plan) for element in plain]
    columns += [type_coerce(members.c.sealed, _AsItCame())] if has_sealed else []
    statement = (
        select(*columns)
        .where(members.c.provider_id == plan.provider, _on_the_page(members.c.record_id, plan, dialect.name))
        .order_by(members.c.record_id, members.c.ordinal)
    )
    return _MembersStatement(tuple(element.path for element in plain), has_sealed, plan.narrows, _Columns(statement, dialect))


def _members(connection: Connection, statement: _MembersStatement, positions: Mapping[tuple[int, int], int]) -> MemberRows:
    """`positions` says where on the page a version of a record stands."""
    columns: list[Sequence[Any]] = []
    if positions:
        bounds = _bounds([record for record, _ in positions], statement, connection.dialect.name)
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
