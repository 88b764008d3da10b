"""Who runs the gateway for a provider: whether an operation agreement is in force, as the intake asks before it takes anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select

from gateway.domain.agreement import Agreement, AgreementState
from gateway.domain.identifiers import AgreementId, InstitutionId
from gateway.store.schema import agreement_state, operation


@dataclass(frozen=True)
class Standing:
    """One operation agreement as it stands today in its own time zone; `first` and `last` are days of its term, both included."""

    agreement: AgreementId
    version: int
    state: AgreementState
    first: str
    last: str
    today: str

    @property
    def in_force(self) -> bool:
        return self.state == "in_force" and self.first <= self.today <= self.last


def insert_operation(connection: Connection, signed: Agreement, version: int) -> None:
    """Store who operates for which provider, when the agreement is of kind `operation`."""
    operated = signed.operation
    if operated is None:
        return
    basis = operated.basis
    facts: dict[str, object] = {
        "timezone": signed.timezone,
        "term": {"from": signed.term[0].isoformat(), "until": signed.term[1].isoformat()},
        "operator": operated.operator,
        "legal_basis": None
        if basis is None
        else {"basis": basis.basis, "citation": basis.citation, "details": dict(basis.details)},
    }
    connection.execute(
        insert(operation).values(provider_id=operated.provider, agreement_id=signed.id, version=version, facts=facts)
    )


def operations_of(connection: Connection, provider: InstitutionId, now: datetime) -> tuple[Standing, ...]:
    """Every version of every operation agreement of a provider, the newest of each last."""
    rows = connection.execute(
        select(operation.c.agreement_id, operation.c.version, operation.c.facts, agreement_state.c.state)
        .join(
            agreement_state,
            (agreement_state.c.agreement_id == operation.c.agreement_id)
            & (agreement_state.c.version == operation.c.version)
            & agreement_state.c.to_version.is_(None),
        )
        .where(operation.c.provider_id == provider)
        .order_by(operation.c.agreement_id, operation.c.version)
    )
    return tuple(_standing(AgreementId(found), version, facts, state, now) for found, version, facts, state in rows)


def _standing(found: AgreementId, version: int, facts: Mapping[str, Any], state: AgreementState, now: datetime) -> Standing:
    today = now.astimezone(ZoneInfo(facts["timezone"])).date().isoformat()
    return Standing(found, version, state, facts["term"]["from"], facts["term"]["until"], today)
