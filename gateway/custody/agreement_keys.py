"""Destroy the keys of an agreement that is over, but for those that the register of disclosures needs (decision 7)."""

from __future__ import annotations

from gateway.custody.desk import CustodyDesk
from gateway.domain.agreement import AgreementState
from gateway.domain.auditing import AuditEntry
from gateway.domain.identifiers import AgreementId, InstitutionId
from gateway.errors import AgreementError, RequestError
from gateway.store.agreements import stored_versions
from gateway.store.epoch import advance_epoch

OVER: tuple[AgreementState, ...] = ("expired", "terminated", "destroyed")
KEPT = ("pseudonym",)
"""Whose a pseudonym was must be told as long as the person's record is kept (99.32(a)(2)); the state of the agreement alone stops
new ones. The provider's register key, which opens who was disclosed, is no key of the agreement."""


def destroy_agreement_keys(agreement: AgreementId, desk: CustodyDesk) -> list[AuditEntry]:
    """Destroy what only the agreement needed, at each of its providers; one entry for each key.

    Raises `AgreementError` while a version of it is not over, `RequestError` where it has no keys (any more).
    """
    entries: list[AuditEntry] = []
    with desk.database.write() as connection:
        standing = [version.version for version in stored_versions(connection, agreement) if version.state not in OVER]
        if standing:
            raise AgreementError(f"Version {standing[-1]} of {agreement} is not over. End it first: gateway agreement terminate")
        advance_epoch(connection)
        for key in desk.ring.stored(connection, "agreement"):
            of, _, provider = key.owner.rpartition("|")
            if of == agreement and key.purpose not in KEPT:
                desk.ring.destroy(connection, key.key_id)
                told = {"purpose": key.purpose, "agreement": agreement, "key": key.key_id}
                entries.append(desk.log.append_in(connection, desk.event("destroyed", InstitutionId(provider), **told)))
        if not entries:
            raise RequestError(f"{agreement} has no keys that can be destroyed. See which there are: gateway key list")
    return entries
