"""Compile a `QueryPlan`: the sub-query `permitted` holds row scope, opt-outs and every treatment that SQL can say; what
the client asked is compiled against the columns of `permitted` only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, assert_never

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Date,
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
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from gateway.domain.access import Scalar
from gateway.domain.identifiers import ElementPath, InstitutionId, RecordId, ResourceName
from gateway.domain.query_plan import Condition, ConsentScope, PlannedElement, QueryPlan, RelatedScope
from gateway.domain.rows import MemberRows, Rows
from gateway.domain.treatments import Generalise
from gateway.store.generalise import generalised
from gateway.store.record_tables import RecordTables
from gateway.store.schema import consent, opt_out, resource_head

RECORD = "gateway:record"
VERSION = "gateway:version"
SEALED = "gateway:sealed"
PERSON = "gateway:person:"
CLASS = "gateway:class"
RECORDS = "records"


@dataclass(frozen=True)
class _Page:
    """Which record in which version stands on the page, in order."""

    records: Sequence[int]
    versions: Sequence[int]

    def bounds(self, connection: Connection) -> dict[str, object]:
        records = list(self.records)
        listed: object = records if connection.dialect.name == "postgresql" else json.dumps(records)
        return {"first": records[0], "last": records[-1], RECORDS: listed}


Tables = Mapping[ResourceName, RecordTables]


def fetch(connection: Connection, every_table: Tables, plan: QueryPlan) -> Rows:
    """Run the plan in the caller's snapshot."""
    tables = every_table[plan.resource]
    version = plan.frozen.version if plan.frozen else connection.execute(_head(plan.provider, plan.resource)).scalar()
    own = [element for element in plan.selected if element.collection is None]
    names = [
        RECORD,
        VERSION,
        *(PERSON + role for role, _ in plan.person_columns),
        *(element.path for element in own if element.origin != "sealed"),
        *([SEALED] if any(element.origin == "sealed" for element in own) else []),
    ]
    permitted = _permitted(every_table, plan, own)
    page = connection.execute(_statement(permitted, plan, names), {"version": version or 0}).fetchall()
    more = len(page) > plan.limit
    page = page[: plan.limit]
    columns: dict[str, Sequence[object]] = (
        dict(zip(names, zip(*page, strict=True), strict=True)) if page else dict.fromkeys(names, ())
    )
    records: Sequence[int] = columns[RECORD]  # type: ignore[assignment]
    versions: Sequence[int] = columns[VERSION]  # type: ignore[assignment]
    return Rows(
        records=records,
        versions=versions,
        values={element.path: columns[element.path] for element in own if element.origin != "sealed"},
        sealed=columns.get(SEALED),  # type: ignore[arg-type]
        members=_members(connection, tables, plan, _Page(records, versions)),
        persons={role: columns[PERSON + role] for role, _ in plan.person_columns},  # type: ignore[misc]
        last=RecordId(records[-1]) if more else None,
    )


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
        if element.collection is None and element.origin != "sealed" and element.path in needed
    }
    columns += [column.label(path) for path, column in treated.items()]
    if any(element.origin == "sealed" for element in own):
        columns.append(rows.c.sealed.label(SEALED))
    if plan.frozen is not None:
        alike = [treated[path] for path in plan.frozen.quasi_identifiers]
        columns.append(func.count().over(partition_by=alike or None).label(CLASS))
    permitted = (
        select(*columns)
        .where(rows.c.provider_id == plan.provider, *_visible(rows))
        .where(*(_compare(rows.c[condition.column], condition) for condition in plan.scope))
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
        statement = statement.where(record > plan.after)
    return statement.order_by(record).limit(plan.limit + 1)


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


def _visible(rows: Table) -> tuple[ColumnElement[bool], ...]:
    version = bindparam("version", type_=BigInteger)
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


def _on_the_page(record: Column[object], plan: QueryPlan, connection: Connection) -> ColumnElement[bool]:
    """Whether a record is on the page. Where nothing narrows the permitted rows, a page is all between its first and last;
    elsewhere its records go along as one parameter: a thousand parameters cost more than the rows that they fetch."""
    span = record.between(bindparam("first", type_=BigInteger), bindparam("last", type_=BigInteger))
    if not plan.narrows:
        return span
    if connection.dialect.name == "postgresql":
        return span & (record == func.any(bindparam(RECORDS, type_=ARRAY(BigInteger))))
    return span & record.in_(select(func.json_each(bindparam(RECORDS, type_=Text)).table_valued("value").c.value))


def _members(connection: Connection, tables: RecordTables, plan: QueryPlan, page: _Page) -> dict[str, MemberRows]:
    wanted: dict[str, list[PlannedElement]] = {}
    for element in plan.selected:
        if element.collection is not None:
            wanted.setdefault(element.collection, []).append(element)
    return {name: _collection(connection, tables.members[name], plan, elements, page) for name, elements in wanted.items()}


def _collection(
    connection: Connection, members: Table, plan: QueryPlan, elements: Sequence[PlannedElement], page: _Page
) -> MemberRows:
    plain = [element for element in elements if element.origin != "sealed"]
    has_sealed = len(plain) < len(elements)
    columns: list[Column[object] | ColumnElement[object]] = [members.c.record_id, members.c.from_version, members.c.ordinal]
    columns += [_treated(members, element, plan) for element in plain]
    columns += [members.c.sealed] if has_sealed else []
    found: Sequence[Sequence[object]] = ()
    if page.records:
        statement = (
            select(*columns)
            .where(members.c.provider_id == plan.provider, _on_the_page(members.c.record_id, plan, connection))
            .order_by(members.c.record_id, members.c.ordinal)
        )
        found = connection.execute(statement, page.bounds(connection)).fetchall()
    # Other versions of a record have members too; the page has one version of each.
    current = dict(zip(page.records, page.versions, strict=True))
    values: list[tuple[object, ...]] = list(zip(*(row for row in found if current.get(row[0]) == row[1]), strict=True))  # type: ignore[call-overload]
    values = values or [()] * len(columns)
    position = {record: at for at, record in enumerate(page.records)}
    return MemberRows(
        row=[position[record] for record in values[0]],  # type: ignore[index]
        ordinal=values[2],  # type: ignore[arg-type]
        sealed=values[-1] if has_sealed else None,  # type: ignore[arg-type]
        values={ElementPath(element.path): values[3 + at] for at, element in enumerate(plain)},
    )
