"""Move an agreement from a file to being in force; every change of state is an audit event in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.audit import AuditLog
from gateway.domain.agreement import Agreement, AgreementState
from gateway.domain.auditing import AuditEvent
from gateway.domain.identifiers import AgreementId, InstitutionId
from gateway.domain.times import utc_text
from gateway.errors import AgreementError
from gateway.store.agreements import insert_signature, insert_version, move_state, stored_versions
from gateway.store.engine import Database
from gateway.store.epoch import advance_epoch
from gateway.store.key_ring import KeyRing

TRANSITIONS: Mapping[AgreementState, frozenset[AgreementState]] = {
    "draft": frozenset({"proposed", "terminated"}),
    "proposed": frozenset({"draft", "signed", "terminated"}),
    "signed": frozenset({"in_force", "terminated"}),
    "in_force": frozenset({"suspended", "expired", "terminated"}),
    "suspended": frozenset({"in_force", "expired", "terminated"}),
    "expired": frozenset({"destroyed"}),
    "terminated": frozenset({"destroyed"}),
    "destroyed": frozenset(),
}
"""Which state may follow which."""

TO_FORCE: tuple[AgreementState, ...] = ("draft", "proposed", "signed", "in_force")


@dataclass(frozen=True)
class Registry:
    """What changing an agreement needs from outside itself."""

    database: Database
    ring: KeyRing
    log: AuditLog
    clock: Callable[[], datetime]


@dataclass(frozen=True)
class Activation:
    """`version` is the one in force now; `changed` is False when it already was."""

    version: int
    changed: bool


def activate(agreement: Agreement, actor: str, registry: Registry) -> Activation:
    """Walk a file through draft, proposed and signed (the operator signing for each party) into force.

    A version in force before ends with it, `terminated`. Raises `AgreementError` when the current version is suspended:
    a new version must not undo a suspension in passing.
    """
    at = utc_text(registry.clock())
    with registry.database.write() as connection:
        before = stored_versions(connection, agreement.id)
        current = [version for version in before if version.state in {"in_force", "suspended"}]
        if any(version.state == "suspended" for version in current):
            raise AgreementError(f"{agreement.id} is suspended. Resume or terminate it before a new version comes into force.")
        if any(version.digest == agreement.digest for version in current):
            return Activation(current[-1].version, changed=False)
        events = []
        for ended in current:
            events.append(_event(agreement, ended.version, ended.digest, ended.state, "terminated", actor))
            move_state(connection, agreement.id, ended.version, "terminated", epoch=advance_epoch(connection), actor=actor, at=at)
        version = insert_version(connection, agreement, at)
        state: AgreementState | None = None
        for following in TO_FORCE:
            if following == "signed":
                for party in agreement.parties:
                    insert_signature(connection, agreement.id, version, party, digest=agreement.digest, signer=actor, at=at)
            move_state(connection, agreement.id, version, following, epoch=advance_epoch(connection), actor=actor, at=at)
            events.append(_event(agreement, version, agreement.digest, state, following, actor))
            state = following
        for provider in sorted({grant.provider for grant in agreement.grants}):
            registry.ring.create_provider_keys(connection, provider, at)
            registry.ring.create_agreement_keys(connection, agreement.id, provider, at)
        for event in events:
            registry.log.append_in(connection, event)
    return Activation(version, changed=True)


def change_state(agreement_id: AgreementId, state: AgreementState, actor: str, registry: Registry) -> None:
    """Move the newest version of an agreement to a state that may follow its own. Raises `AgreementError` otherwise."""
    with registry.database.write() as connection:
        versions = stored_versions(connection, agreement_id)
        if not versions:
            raise AgreementError(f"There is no agreement {agreement_id}.")
        newest = versions[-1]
        if state not in TRANSITIONS[newest.state]:
            allowed = ", ".join(sorted(TRANSITIONS[newest.state])) or "nothing"
            raise AgreementError(f"{agreement_id} is {newest.state}; what may follow is {allowed}, not {state}.")
        at = utc_text(registry.clock())
        move_state(connection, agreement_id, newest.version, state, epoch=advance_epoch(connection), actor=actor, at=at)
        registry.log.append_in(
            connection, _change(agreement_id, newest.version, newest.digest, newest.state, state, actor, newest.parties)
        )


def _event(
    agreement: Agreement, version: int, digest: str, before: AgreementState | None, after: AgreementState, actor: str
) -> AuditEvent:
    return _change(agreement.id, version, digest, before, after, actor, tuple(sorted(agreement.parties)))


def _change(
    agreement_id: AgreementId,
    version: int,
    digest: str,
    before: AgreementState | None,
    after: AgreementState,
    actor: str,
    parties: tuple[InstitutionId, ...],
) -> AuditEvent:
    leaf: dict[str, object] = {
        "agreement": agreement_id,
        "agreement_version": str(version),
        "agreement_digest": digest,
        "before": before or "none",
        "after": after,
        "actor": actor,
        "parties": list(parties),
        "signature_method": "operator" if after == "signed" else "none",
    }
    return AuditEvent(kind="agreement", leaf=leaf, institutions=parties)
