"""The rows of a permitted view in SQL: which versions, which rows the agreement chooses, and whose people are absent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, assert_never

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Date,
    Select,
    Table,
    and_,
    bindparam,
    exists,
    false,
    or_,
    select,
    type_coerce,
)

from gateway.domain.identifiers import ResourceName
from gateway.domain.narrowing import Compared
from gateway.domain.query_plan import Condition, ConsentScope, PlannedElement, QueryPlan, RelatedScope, RosterScope
from gateway.store.columns import AsItCame, NotByIndex
from gateway.store.record_tables import Tables
from gateway.store.schema import consent, former_person, opt_out, roster_line

EPOCH = "epoch"


def row_scope(every_table: Tables, rows: Table, plan: QueryPlan, mark: str = "") -> list[ColumnElement[bool]]:
    """Everything that must hold for a row of `rows`, the plan's own table, to be in the permitted view. `mark` tells the parameters
    of one plan from those of another in the same statement."""
    return [
        rows.c.provider_id == plan.provider,
        _visible(rows, plan.resource, mark),
        *(compare(rows.c[condition.column], condition) for condition in plan.scope),
        *(_in_roster(rows, roster, plan, mark) for roster in plan.rosters),
        *(_has_related(every_table[related.resource].rows, rows, related, plan, mark) for related in plan.related),
        *(_consented(rows, consent, plan, mark) for consent in plan.consents),
        *(rows.c[column].not_in(subjects) for column, subjects in plan.excluded_subjects),
        *(~reason for column in plan.excluded_persons for reason in _opted_out(rows, column, plan, mark)),
    ]


def scope_bounds(plan: QueryPlan, versions: Mapping[ResourceName, int], mark: str = "") -> dict[str, object]:
    """The parameters of `row_scope`."""
    bounds: dict[str, object] = {_version_of(resource, mark): version for resource, version in versions.items()}
    return bounds if plan.epoch is None else {**bounds, mark + EPOCH: plan.epoch}


@dataclass(frozen=True)
class Reason:
    """Why a row can have come into a view or left it, other than a change of its own: whether there is such a reason for any row at
    all, and whether there is for this one."""

    somewhere: ColumnElement[bool]
    of_the_row: ColumnElement[bool]


def moved(every_table: Tables, rows: Table, plan: QueryPlan, mark: str) -> list[Reason]:
    """What opt-outs, consents, rosters and related records have done to the plan's view since."""
    epoch = mark + EPOCH
    then = bindparam(epoch, type_=BigInteger)
    opted_out = exists().where(opt_out.c.provider_id == plan.provider, _since(opt_out, epoch))
    renumbered = exists().where(former_person.c.provider_id == plan.provider, former_person.c.from_version > then)
    reasons = [
        Reason(opted_out, exists(_opt_outs_of(rows, column, plan).where(_since(opt_out, epoch))))
        for column in plan.excluded_persons
    ]
    for column in plan.excluded_persons:
        since = or_(_since(opt_out, epoch), former_person.c.from_version > then)
        reasons.append(Reason(or_(opted_out, renumbered), exists(_opt_outs_as_another(rows, column, plan).where(since))))
    for scope in plan.consents:
        given = exists().where(*_of_the_form(scope, plan), _since(consent, epoch))
        reasons.append(Reason(given, exists(_consents_of(rows, scope, plan).where(_since(consent, epoch)))))
    reasons += [_submitted(rows, roster, plan, epoch) for roster in plan.rosters]
    for related_scope in plan.related:
        reasons += _related_moved(every_table[related_scope.resource].rows, rows, related_scope, plan, mark)
    return reasons


def _submitted(rows: Table, roster: RosterScope, plan: QueryPlan, epoch: str) -> Reason:
    since = _since(roster_line, epoch)
    return Reason(exists().where(*_lines_under(roster.key_space, plan), since), exists(_lines_in(rows, roster, plan).where(since)))


def _related_moved(related: Table, rows: Table, scope: RelatedScope, plan: QueryPlan, mark: str) -> list[Reason]:
    """The related record itself, and the rosters that choose related records."""
    of_the_provider = related.c.provider_id == plan.provider
    same = (of_the_provider, related.c[scope.related_column] == rows.c[scope.person_column])
    since = _since(related, _version_of(scope.resource, mark))
    reasons = [Reason(exists().where(of_the_provider, since), exists().where(*same, since))]
    for roster in scope.rosters:
        submitted = _submitted(related, roster, plan, mark + EPOCH)
        reasons.append(Reason(submitted.somewhere, exists().where(*same, submitted.of_the_row)))
    return reasons


def _since(versioned: Table, parameter: str) -> ColumnElement[bool]:
    """Began or ended after a version."""
    then = bindparam(parameter, type_=BigInteger)
    return or_(versioned.c.from_version > then, versioned.c.to_version > then)


def _standing(versioned: Table, plan: QueryPlan, mark: str) -> ColumnElement[bool]:
    """In force now, or at the plan's epoch."""
    if plan.epoch is None:
        return versioned.c.to_version.is_(None)
    return _in_version(versioned, bindparam(mark + EPOCH, type_=BigInteger))


def compare(column: ColumnElement[object], condition: Condition) -> ColumnElement[bool]:
    values = [bound_as(column, value) for value in condition.values]
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
    lines = _lines_of(record, ResourceName(str(element.key_space)), plan)
    return select(found).where(*lines, _standing(roster_line, plan, "")).scalar_subquery()


def _visible(rows: Table, resource: ResourceName, mark: str) -> ColumnElement[bool]:
    """In the version that is read; nothing before the first promotion."""
    return _in_version(rows, bindparam(_version_of(resource, mark), type_=BigInteger))


def _in_version(versioned: Table, version: BindParameter[int]) -> ColumnElement[bool]:
    return and_(
        NotByIndex(versioned.c.from_version) <= version, or_(versioned.c.to_version.is_(None), versioned.c.to_version > version)
    )


def _version_of(resource: ResourceName, mark: str) -> str:
    """The parameter that the version of a resource is bound to."""
    return f"{mark}version_of_{resource}"


def _has_related(related: Table, rows: Table, scope: RelatedScope, plan: QueryPlan, mark: str) -> ColumnElement[bool]:
    return exists().where(
        related.c.provider_id == plan.provider,
        related.c[scope.related_column] == rows.c[scope.person_column],
        _visible(related, scope.resource, mark),
        *(compare(related.c[condition.column], condition) for condition in scope.where),
        *(_in_roster(related, roster, plan, mark) for roster in scope.rosters),
    )


def _in_roster(rows: Table, scope: RosterScope, plan: QueryPlan, mark: str) -> ColumnElement[bool]:
    return exists(_lines_in(rows, scope, plan).where(_standing(roster_line, plan, mark)))


def _lines_in(rows: Table, scope: RosterScope, plan: QueryPlan) -> Select[tuple[int]]:
    return select(roster_line.c.record_id).where(*_lines_of(rows.c[scope.column], scope.key_space, plan))


def _lines_of(record: ColumnElement[Any], key_space: ResourceName, plan: QueryPlan) -> tuple[ColumnElement[bool], ...]:
    """The lines that name a record, of every roster there was."""
    return (*_lines_under(key_space, plan), roster_line.c.record_id == record)


def _lines_under(key_space: ResourceName, plan: QueryPlan) -> tuple[ColumnElement[bool], ...]:
    if plan.submitted_under is None:
        return (false(),)
    agreement, schedule = plan.submitted_under
    return (
        roster_line.c.agreement_id == agreement,
        roster_line.c.schedule == schedule,
        roster_line.c.provider_id == plan.provider,
        roster_line.c.key_space == key_space,
    )


def _consented(rows: Table, scope: ConsentScope, plan: QueryPlan, mark: str) -> ColumnElement[bool]:
    today = plan.today.isoformat()
    live = (consent.c.signed_on <= today, or_(consent.c.until_day.is_(None), consent.c.until_day >= today))
    return exists(_consents_of(rows, scope, plan).where(_standing(consent, plan, mark), *live))


def _consents_of(rows: Table, scope: ConsentScope, plan: QueryPlan) -> Select[tuple[int]]:
    return select(consent.c.person_id).where(consent.c.person_id == rows.c[scope.person_column], *_of_the_form(scope, plan))


def _of_the_form(scope: ConsentScope, plan: QueryPlan) -> tuple[ColumnElement[bool], ...]:
    return (
        consent.c.provider_id == plan.provider,
        consent.c.form == scope.form,
        consent.c.recipient_id == scope.recipient,
        consent.c.purpose == scope.purpose,
    )


def _opted_out(rows: Table, person_column: str, plan: QueryPlan, mark: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """By the number that the row bears, or by one that its person got since."""
    standing = _standing(opt_out, plan, mark)
    as_another = _opt_outs_as_another(rows, person_column, plan).where(standing)
    if plan.epoch is not None:
        as_another = as_another.where(former_person.c.from_version <= bindparam(mark + EPOCH, type_=BigInteger))
    return exists(_opt_outs_of(rows, person_column, plan).where(standing)), exists(as_another)


def _opt_outs_of(rows: Table, person_column: str, plan: QueryPlan) -> Select[tuple[int]]:
    return select(opt_out.c.person_id).where(opt_out.c.provider_id == plan.provider, opt_out.c.person_id == rows.c[person_column])


def _opt_outs_as_another(rows: Table, person_column: str, plan: QueryPlan) -> Select[tuple[int]]:
    return select(opt_out.c.person_id).where(
        former_person.c.provider_id == plan.provider,
        former_person.c.former_id == rows.c[person_column],
        opt_out.c.provider_id == plan.provider,
        opt_out.c.person_id == former_person.c.person_id,
    )


def bound_as(column: ColumnElement[Any], value: Compared) -> object:
    """A value as a parameter of the column's type."""
    return date.fromisoformat(value) if isinstance(column.type, Date) and isinstance(value, str) else value
