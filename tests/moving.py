"""Move an agreement to a state in one call, for tests that are about what follows and not about how one gets there."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.agreements.lifecycle import Registry, Verb, by_operator, chosen, step
from gateway.domain.agreement import AgreementState
from gateway.domain.identifiers import AgreementId
from gateway.store.agreements import stored_versions
from gateway.store.epoch import lock_epoch

VERBS: Mapping[AgreementState, Verb] = {
    "suspended": "suspend",
    "in_force": "resume",
    "terminated": "terminate",
    "expired": "expire",
    "destroyed": "destroy",
}


def change_state(agreement: AgreementId, state: AgreementState, actor: str, registry: Registry) -> None:
    """Move the version that can be moved to a state. Raises `AgreementError` when none can."""
    with registry.database.write() as connection:
        lock_epoch(connection)
        version = chosen(agreement, VERBS[state], stored_versions(connection, agreement))
        step(connection, agreement, version, VERBS[state], by_operator(actor), registry)
