"""The rows of a permitted view in SQL: which versions, which rows the agreement chooses, and whose people are absent."""

from __future__ import annotations

from datetime import date
from typing import Any, assert_never

from sqlalchemy import BigInteger, BindParameter, ColumnElement, Date, Table, bindparam, exists, false, or_, select, type_coerce

from gateway.domain.access import Scalar
from gateway.domain.identifiers import ResourceName
from gateway.domain.query_plan import Condition, ConsentScope, PlannedElement, QueryPlan, RelatedScope, RosterScope
from gateway.store.columns import AsItCame
from gateway.store.record_tables import Tables
from gateway.store.schema import consent, opt_out, roster_line


def row_scope(every_table: Tables, rows: Table, plan: QueryPlan) -> list[ColumnElement[bool]]:
    """Everything that must hold for a row of `rows`, the plan's own table, to be in the permitted view."""
    return [
        rows.c.provider_id == plan.provider,
        *_visible(rows, plan.resource),
        *(compare(rows.c[condition.column], condition) for condition in plan.scope),
        *(_in_roster(rows, roster, plan) for roster in plan.rosters),
        *(_has_related(every_table[related.resource].rows, rows, related, plan) for related in plan.related),
        *(_consented(rows, consent, plan) for consent in plan.consents),
        *(rows.c[column].not_in(subjects) for column, subjects in plan.excluded_subjects),
        *(~_opted_out(rows, column, plan) for column in plan.excluded_persons),
    ]


def compare(column: ColumnElement[object], condition: Condition) -> ColumnElement[bool]:
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


def own_id(record: ColumnElement[Any], element: PlannedElement, plan: QueryPlan) -> ColumnElement[Any]:
    found = type_coerce(roster_line.c.own_id, AsItCame())
    return select(found).where(*_line_of(record, ResourceName(str(element.key_space)), plan)).scalar_subquery()


def _visible(rows: Table, resource: ResourceName) -> tuple[ColumnElement[bool], ...]:
    """In the version that is read; nothing before the first promotion."""
    version = _version(resource)
    return (rows.c.from_version <= version, or_(rows.c.to_version.is_(None), rows.c.to_version > version))


def _version(resource: ResourceName) -> BindParameter[int]:
    return bindparam(version_of(resource), type_=BigInteger)


def version_of(resource: ResourceName) -> str:
    """The parameter that the version of a resource is bound to."""
    return f"version_of_{resource}"


def _has_related(related: Table, rows: Table, scope: RelatedScope, plan: QueryPlan) -> ColumnElement[bool]:
    return exists().where(
        related.c.provider_id == plan.provider,
        related.c[scope.related_column] == rows.c[scope.person_column],
        *_visible(related, scope.resource),
        *(compare(related.c[condition.column], condition) for condition in scope.where),
        *(_in_roster(related, roster, plan) for roster in scope.rosters),
    )


def _in_roster(rows: Table, scope: RosterScope, plan: QueryPlan) -> ColumnElement[bool]:
    return exists().where(*_line_of(rows.c[scope.column], scope.key_space, plan))


def _line_of(record: ColumnElement[Any], key_space: ResourceName, plan: QueryPlan) -> tuple[ColumnElement[bool], ...]:
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


def _bound(column: ColumnElement[object], value: Scalar) -> object:
    return date.fromisoformat(value) if isinstance(column.type, Date) and isinstance(value, str) else value
