"""The life of an agreement's version: which verb leads from which state to which; everything else is refused with what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, get_args

from gateway.audit import AuditLog
from gateway.domain.agreement import AgreementState
from gateway.domain.auditing import AuditEntry, AuditEvent
from gateway.domain.identifiers import AgreementId, InstitutionId
from gateway.domain.signing import Actor
from gateway.domain.times import utc_text
from gateway.errors import AgreementError
from gateway.store.agreements import StoredVersion, move_state
from gateway.store.engine import Connection, Database
from gateway.store.epoch import advance_epoch
from gateway.store.key_ring import KeyRing

Verb = Literal[
    "propose", "sign", "complete", "withdraw", "activate", "suspend", "resume", "terminate", "supersede", "expire", "destroy"
]
"""`sign` is any party's signature, attested ones too, and `complete` the last of them; `supersede` is what activation does to the
version before. `destroy` has no command here."""

MOVES: Mapping[Verb, Mapping[AgreementState, AgreementState]] = {
    "propose": {"draft": "proposed"},
    "sign": {"proposed": "proposed"},
    "complete": {"proposed": "signed"},
    "withdraw": {"draft": "terminated", "proposed": "terminated", "signed": "terminated"},
    "activate": {"signed": "in_force"},
    "suspend": {"in_force": "suspended"},
    "resume": {"suspended": "in_force"},
    "terminate": {"in_force": "terminated", "suspended": "terminated"},
    "supersede": {"in_force": "terminated"},
    "expire": {"in_force": "expired", "suspended": "expired"},
    "destroy": {"expired": "destroyed", "terminated": "destroyed"},
}
"""Verb, state before, state after."""

VERBS: tuple[Verb, ...] = get_args(Verb)
STATES: tuple[AgreementState, ...] = get_args(AgreementState)
OPEN: frozenset[AgreementState] = frozenset({"draft", "proposed", "signed"})
LIVE: frozenset[AgreementState] = frozenset({"in_force", "suspended"})

_INSTEAD: Mapping[AgreementState, str] = {
    "draft": "Propose it first.",
    "proposed": "It waits for signatures; what can be done is to sign, attest or withdraw it.",
    "signed": "Every party signed it; what can be done is to activate or withdraw it.",
    "in_force": "What can be done is to suspend, terminate or, after its term, expire it; to change it, propose a new version.",
    "suspended": "What can be done is to resume or terminate it.",
    "expired": "Its term is over; propose a new version with another term.",
    "terminated": "It ended for good; propose a new version.",
    "destroyed": "It ended and its data are destroyed; propose a new version.",
}


@dataclass(frozen=True)
class Registry:
    """What changing an agreement needs from outside itself."""

    database: Database
    ring: KeyRing
    log: AuditLog
    clock: Callable[[], datetime]


@dataclass(frozen=True)
class Refused:
    """A verb that a state does not take; `instead` says what it takes."""

    instead: str


@dataclass(frozen=True)
class Change:
    """One change of a version: who did it and, where it came over the API, for which request of which token."""

    actor: Actor
    request: Mapping[str, str]


def by_operator(name: str, institution: InstitutionId | None = None) -> Change:
    """A change that an operator makes at a terminal, on its own account or on an institution's word."""
    return Change(Actor(f"operator {name}", institution), {})


def answer(state: AgreementState, verb: Verb) -> AgreementState | Refused:
    """The state that follows, or why none does: every pair has an answer."""
    return MOVES[verb].get(state, Refused(_INSTEAD[state]))


def chosen(agreement: AgreementId, verb: Verb, versions: Sequence[StoredVersion], number: int | None = None) -> StoredVersion:
    """The version that a verb is about: the newest one whose state takes it, or the one of this number.

    Raises `AgreementError` that says in which state the agreement is and what can be done.
    """
    named = [version for version in versions if number is None or version.version == number]
    if not named:
        raise AgreementError(f"There is no version {number} of {agreement}." if versions else f"There is no agreement {agreement}.")
    able = [version for version in named if not isinstance(answer(version.state, verb), Refused)]
    if able:
        return able[-1]
    about = named[-1]
    state = about.state.replace("_", " ")
    raise AgreementError(f"{agreement} version {about.version} is {state}, so one cannot {verb} it. {_INSTEAD[about.state]}")


def begin(connection: Connection, agreement: AgreementId, version: StoredVersion, change: Change, registry: Registry) -> None:
    """Put a version that was just stored into its first state, `draft`."""
    at = utc_text(registry.clock())
    move_state(connection, agreement, version.version, "draft", epoch=advance_epoch(connection), actor=change.actor.text, at=at)
    note(connection, agreement, version, ("draft", "none", "draft"), change, registry)


def step(
    connection: Connection,
    agreement: AgreementId,
    version: StoredVersion,
    verb: Verb,
    change: Change,
    registry: Registry,
    *,
    at: str = "",
    **more: object,
) -> StoredVersion:
    """Move one version by one verb and put it on the log, in the caller's transaction; gives the version as it stands then.

    `at` is the time where two moves are one change; else it is now.
    """
    following = answer(version.state, verb)
    if isinstance(following, Refused):
        raise AgreementError(f"{agreement} version {version.version} is {version.state}. {following.instead}")
    at = at or utc_text(registry.clock())
    move_state(connection, agreement, version.version, following, epoch=advance_epoch(connection), actor=change.actor.text, at=at)
    note(connection, agreement, version, (verb, version.state, following), change, registry, **more)
    return replace(version, state=following)


def note(
    connection: Connection,
    agreement: AgreementId,
    version: StoredVersion,
    moved: tuple[str, str, str],
    change: Change,
    registry: Registry,
    **more: object,
) -> AuditEntry:
    """Append the entry of what happened to a version; `moved` are verb, state before and state after. Every party's officers
    may see it."""
    verb, before, after = moved
    leaf: dict[str, object] = {
        "agreement": agreement,
        "agreement_version": str(version.version),
        "agreement_digest": version.digest,
        "verb": verb,
        "before": before,
        "after": after,
        "actor": change.actor.text,
        "parties": list(version.parties),
        **change.request,
        **more,
    }
    return registry.log.append_in(connection, AuditEvent(kind="agreement", leaf=leaf, institutions=version.parties))
