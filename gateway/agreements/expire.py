"""Expire the agreements whose term is over. A request is refused after the last day in any case: the policy reads the term."""

from __future__ import annotations

from gateway.agreements.activate import last_day
from gateway.agreements.lifecycle import LIVE, Change, Registry, chosen, step
from gateway.domain.identifiers import AgreementId
from gateway.errors import AgreementError
from gateway.store.agreements import StoredVersion, stored_versions
from gateway.store.engine import Connection
from gateway.store.epoch import lock_epoch
from gateway.store.signatures import documents_in, read_text


def expire(agreement: AgreementId, change: Change, registry: Registry) -> StoredVersion:
    """Expire one agreement. Raises `AgreementError` when its term is not over or its state does not take it."""
    with registry.database.write() as connection:
        lock_epoch(connection)
        version = chosen(agreement, "expire", stored_versions(connection, agreement))
        today, last = last_day(read_text(connection, agreement, version.version).document, registry)
        if last >= today:
            raise AgreementError(f"The term of {agreement} ends on {last}; today is {today}. To end it before that, terminate it.")
        return step(connection, agreement, version, "expire", change, registry)


def expire_ended(change: Change, registry: Registry) -> tuple[tuple[AgreementId, int], ...]:
    """Expire every agreement whose last day is over; gives what was. Looks first, so that nothing is locked for nothing."""
    with registry.database.read() as connection:
        if not _ended(connection, registry):
            return ()
    with registry.database.write() as connection:
        lock_epoch(connection)
        ended = _ended(connection, registry)
        for agreement, version in ended:
            step(connection, agreement, version, "expire", change, registry)
    return tuple((agreement, version.version) for agreement, version in ended)


def _ended(connection: Connection, registry: Registry) -> list[tuple[AgreementId, StoredVersion]]:
    ended: list[tuple[AgreementId, StoredVersion]] = []
    for agreement, version, document in documents_in(connection, LIVE):
        today, last = last_day(document, registry)
        if last < today:
            ended.append((agreement, version))
    return ended
