"""Withdraw a proposal; suspend, resume or terminate an agreement: one party's word is enough, within what the agreement says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from gateway.agreements.lifecycle import Change, Registry, chosen, step
from gateway.domain.identifiers import AgreementId
from gateway.domain.signing import Actor, actor_of
from gateway.errors import AgreementError
from gateway.store.agreements import StoredVersion, stored_versions
from gateway.store.engine import Connection
from gateway.store.epoch import lock_epoch
from gateway.store.signatures import read_history, read_text

PlainVerb = Literal["withdraw", "suspend", "resume", "terminate"]


def move(agreement: AgreementId, verb: PlainVerb, change: Change, registry: Registry, number: int | None = None) -> StoredVersion:
    """Move the version that a verb is about; effective on the very next answer, in every process.

    Raises `AgreementError` when no version is in a state for it, when the agreement does not let this party suspend, or when
    somebody else than the suspending party resumes.
    """
    with registry.database.write() as connection:
        lock_epoch(connection)
        version = chosen(agreement, verb, stored_versions(connection, agreement), number)
        _assert_may(connection, agreement, version, verb, change.actor)
        return step(connection, agreement, version, verb, change, registry)


def _assert_may(connection: Connection, agreement: AgreementId, version: StoredVersion, verb: PlainVerb, actor: Actor) -> None:
    institution = actor.institution
    if institution is not None and institution not in version.parties:
        raise AgreementError(f"{institution} is no party of {agreement}. Its parties are: {', '.join(version.parties)}.")
    if verb == "suspend" and institution is not None:
        allowed = _may_suspend(read_text(connection, agreement, version.version).document, version)
        if institution not in allowed:
            raise AgreementError(
                f"By this agreement only {', '.join(allowed)} may suspend it at once. {institution} may terminate it."
            )
    if verb == "resume":
        by = next(
            actor_of(span.actor) for span in read_history(connection, agreement) if _is_current(span.version, span.current, version)
        )
        if by.institution != institution:
            whose = by.institution or "the operator"
            raise AgreementError(f"{agreement} was suspended by {whose}; only {whose} may resume it.")


def _is_current(number: int, current: bool, version: StoredVersion) -> bool:
    return current and number == version.version


def _may_suspend(document: Mapping[str, Any], version: StoredVersion) -> tuple[str, ...]:
    """The parties that an agreement lets suspend at once; any of them where it does not say."""
    suspension = document.get("suspension")
    by = suspension.get("by") if isinstance(suspension, Mapping) else None
    if isinstance(by, str):
        return (by,)
    return tuple(str(party) for party in by) if by else version.parties
