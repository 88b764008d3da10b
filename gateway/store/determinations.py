"""Determinations that a release is de-identified (34 CFR 99.31(b)(1)): who made them, and the version that each is frozen at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Table, insert, select

from gateway.domain.auditing import AuditEntry, AuditEvent
from gateway.domain.identifiers import AgreementId, InstitutionId, ResourceName
from gateway.store.epoch import advance_epoch
from gateway.store.schema import agreement_grant, agreement_state, determination

AppendIn = Callable[[Connection, AuditEvent], AuditEntry]
"""`AuditLog.append_in`: the entry becomes durable with the writer's own rows."""


@dataclass(frozen=True)
class Determination:
    """An official's word on one release. `data_version` is the promotion that it is frozen at, `at` UTC as text."""

    agreement: AgreementId
    version: int
    schedule: str
    resource: ResourceName
    provider: InstitutionId
    data_version: int
    smallest_class: int
    official: str
    reasons: str
    at: str


def grant_in_force(
    connection: Connection, agreement: AgreementId, schedule: str, resource: str
) -> tuple[int, Mapping[str, Any]] | None:
    """Version and facts of the grant that is in force, None when there is none."""
    row = connection.execute(
        select(agreement_grant.c.version, agreement_grant.c.facts)
        .join(
            agreement_state,
            (agreement_state.c.agreement_id == agreement_grant.c.agreement_id)
            & (agreement_state.c.version == agreement_grant.c.version)
            & agreement_state.c.to_version.is_(None),
        )
        .where(
            agreement_grant.c.agreement_id == agreement,
            agreement_grant.c.schedule == schedule,
            agreement_grant.c.resource == resource,
            agreement_state.c.state == "in_force",
        )
    ).one_or_none()
    return None if row is None else (int(row.version), row.facts)


def is_determined(connection: Connection, agreement: AgreementId, version: int, schedule: str, resource: str) -> bool:
    """Whether an official has spoken on this release."""
    statement = select(determination.c.data_version).where(
        determination.c.agreement_id == agreement,
        determination.c.agreement_version == version,
        determination.c.schedule == schedule,
        determination.c.resource == resource,
    )
    return connection.execute(statement).first() is not None


def insert_determination(connection: Connection, made: Determination, event: AuditEvent, append_in: AppendIn) -> AuditEntry:
    """Store a determination with its entry; the state epoch moves."""
    connection.execute(
        insert(determination).values(
            agreement_id=made.agreement,
            agreement_version=made.version,
            schedule=made.schedule,
            resource=made.resource,
            provider_id=made.provider,
            data_version=made.data_version,
            smallest_class=made.smallest_class,
            official=made.official,
            reasons=made.reasons,
            at=made.at,
        )
    )
    advance_epoch(connection)
    return append_in(connection, event)


def releases(
    connection: Connection, zones: Mapping[str, str], resource: str
) -> Mapping[tuple[str, int, str], Mapping[str, object]]:
    """The release of each (agreement, version, schedule) that an official determined, as the policy's input wants it; `zones`
    has the time zone of each agreement that may have one."""
    if not zones:
        return {}
    rows = connection.execute(
        select(determination).where(determination.c.agreement_id.in_(sorted(zones)), determination.c.resource == resource)
    )
    return {
        (row.agreement_id, row.agreement_version, row.schedule): {
            "version": row.data_version,
            "smallest_class": row.smallest_class,
            "official": row.official,
            "made_on": datetime.fromisoformat(row.at).astimezone(ZoneInfo(zones[row.agreement_id])).date().isoformat(),
        }
        for row in rows
    }


def frozen(rows: Table, provider: InstitutionId, resource: ResourceName) -> ColumnElement[bool]:
    """Whether a determination is frozen at a version that a row version belongs to, unless its agreement was destroyed."""
    destroyed = select(agreement_state.c.agreement_id).where(
        agreement_state.c.agreement_id == determination.c.agreement_id,
        agreement_state.c.version == determination.c.agreement_version,
        agreement_state.c.to_version.is_(None),
        agreement_state.c.state == "destroyed",
    )
    return (
        select(determination.c.data_version)
        .where(
            determination.c.provider_id == provider,
            determination.c.resource == resource,
            rows.c.from_version <= determination.c.data_version,
            rows.c.to_version > determination.c.data_version,
            ~destroyed.exists(),
        )
        .exists()
    )
