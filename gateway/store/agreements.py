"""Agreements in the database: versions that never change, the history of their states, and the facts for a decision."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, bindparam, exists, func, insert, join, not_, or_, select, update

from gateway.domain.access import AccessRequest
from gateway.domain.agreement import DEIDENTIFIED, NEEDED_STATES, Agreement, AgreementFacts, AgreementState
from gateway.domain.grant_facts import entry_on, grant_facts
from gateway.domain.grant_use import limits_of, utc_minute
from gateway.domain.identifiers import AgreementId, ElementPath, InstitutionId, ResourceName
from gateway.domain.treatments import RedactText, Withhold, spoken
from gateway.store.determinations import releases
from gateway.store.operations import insert_operation
from gateway.store.schema import agreement, agreement_grant, agreement_state, state_epoch
from gateway.store.usage import used

MATTERING: tuple[AgreementState, ...] = ("proposed", "signed", "in_force", "suspended", "expired", "terminated")
"""States that a decision is told of: a party may hear why its own agreement does not serve."""
ENDED: tuple[AgreementState, ...] = ("expired", "terminated")


@dataclass(frozen=True)
class StoredVersion:
    """One version as it stands: its digest, its parties and its current state."""

    version: int
    digest: str
    parties: tuple[InstitutionId, ...]
    state: AgreementState


_STANDING = and_(
    agreement_state.c.agreement_id == agreement_grant.c.agreement_id,
    agreement_state.c.version == agreement_grant.c.version,
    agreement_state.c.to_version.is_(None),
)
"""The state that a grant's agreement is in."""
_later = agreement_state.alias("later")
_NOT_LONG_OVER = or_(
    agreement_state.c.state.not_in(ENDED),
    not_(
        exists().where(
            _later.c.agreement_id == agreement_state.c.agreement_id,
            _later.c.version > agreement_state.c.version,
            _later.c.to_version.is_(None),
            _later.c.state.in_(MATTERING),
        )
    ),
)
"""An ended version says something only while nothing came after it: else each decision would grow with an agreement's age."""
_MATTERING = (
    select(state_epoch.c.epoch, agreement_grant.c.facts, agreement_state.c.state)
    .outerjoin_from(
        state_epoch,
        join(agreement_grant, agreement_state, _STANDING),
        and_(
            agreement_grant.c.recipient_id == bindparam("institution"),
            agreement_grant.c.resource == bindparam("resource"),
            agreement_state.c.state.in_(MATTERING),
            _NOT_LONG_OVER,
        ),
    )
    .order_by(agreement_grant.c.agreement_id, agreement_grant.c.version, agreement_grant.c.schedule)
)
"""The epoch, and beside it each grant; built once, as building a statement costs more than running it."""


def agreements_that_matter(
    connection: Connection, institution: InstitutionId, request: AccessRequest, now: datetime
) -> AgreementFacts:
    """The grants to an institution of one resource and the state epoch, in this snapshot, with the day it is in each
    agreement's time zone."""
    rows = connection.execute(_MATTERING, {"institution": institution, "resource": request.resource}).fetchall()
    granted = [(facts, state) for _, facts, state in rows if state is not None]
    zones = {str(facts["timezone"]) for facts, _ in granted}
    today = {zone: now.astimezone(ZoneInfo(zone)).date() for zone in sorted(zones)}
    moving = _moving(connection, request.resource, [facts for facts, _ in granted], today, now)
    entries = tuple(
        entry_on(facts, state, today[facts["timezone"]]) | more for (facts, state), more in zip(granted, moving, strict=True)
    )
    return AgreementFacts(entries, {zone: day.isoformat() for zone, day in today.items()}, rows[0].epoch if rows else 0)


def _moving(
    connection: Connection, resource: str, grants: Sequence[Mapping[str, Any]], today: Mapping[str, date], now: datetime
) -> list[dict[str, object]]:
    """What else a decision is told of each grant: what was used of its limits, and the release that an official determined."""
    minute = utc_minute(now)
    counted = used(
        connection,
        {facts["id"] for facts in grants if limits_of(facts)},
        resource,
        {minute, *(day.isoformat() for day in today.values())},
    )
    zones = {facts["id"]: str(facts["timezone"]) for facts in grants if facts["legal_basis"]["basis"] in DEIDENTIFIED}
    determined = releases(connection, zones, resource)
    members: list[dict[str, object]] = []
    for facts in grants:
        release = determined.get((facts["id"], facts["version"], facts["schedule"]))
        more: dict[str, object] = {"release": None if release is None else dict(release)}
        if limits_of(facts):
            day = today[facts["timezone"]].isoformat()
            requests, _ = counted.get((facts["id"], facts["schedule"], minute), (0, 0))
            _, shown = counted.get((facts["id"], facts["schedule"], day), (0, 0))
            more["usage"] = {"requests_this_minute": requests, "rows_today": shown}
        members.append(more)
    return members


def grants_in_force(
    connection: Connection, provider: InstitutionId, recipient: InstitutionId, resource: ResourceName
) -> Sequence[Mapping[str, Any]]:
    """The stored facts of every grant in force from one institution to another of one resource."""
    rows = connection.execute(
        select(agreement_grant.c.facts)
        .join(
            agreement_state,
            (agreement_state.c.agreement_id == agreement_grant.c.agreement_id)
            & (agreement_state.c.version == agreement_grant.c.version)
            & agreement_state.c.to_version.is_(None),
        )
        .where(
            agreement_grant.c.recipient_id == recipient,
            agreement_grant.c.resource == resource,
            agreement_grant.c.provider_id == provider,
            agreement_state.c.state == "in_force",
        )
        .order_by(agreement_grant.c.agreement_id, agreement_grant.c.schedule)
    )
    return list(rows.scalars())


def facts_of_version(connection: Connection, agreement_id: AgreementId, version: int) -> Sequence[Mapping[str, Any]]:
    """The stored facts of every grant of one version, in both directions, by schedule."""
    rows = connection.execute(
        select(agreement_grant.c.facts)
        .where(agreement_grant.c.agreement_id == agreement_id, agreement_grant.c.version == version)
        .order_by(agreement_grant.c.schedule, agreement_grant.c.resource)
    )
    return list(rows.scalars())


def breach_notice_hours(connection: Connection, agreement_id: AgreementId, version: int) -> int | None:
    """Within how many hours a breach is told of, as a version has it; None where it says nothing."""
    found = select(agreement.c.document).where(agreement.c.agreement_id == agreement_id, agreement.c.version == version)
    document: Mapping[str, Any] = connection.execute(found).scalar_one()
    hours = document.get("breach_notice_hours")
    return None if hours is None else int(hours)


def needed_elements(
    connection: Connection, provider: InstitutionId, naming: Mapping[ResourceName, Collection[ElementPath]]
) -> Mapping[ResourceName, frozenset[ElementPath]]:
    """What some agreement of a provider names, by resource: everything else is not stored (decision 6). Where free text is
    redacted, `naming` is needed too: what says how everybody is called whom a text can name."""
    rows = connection.execute(
        select(agreement_grant.c.resource, agreement_grant.c.facts)
        .join(
            agreement_state,
            (agreement_state.c.agreement_id == agreement_grant.c.agreement_id)
            & (agreement_state.c.version == agreement_grant.c.version)
            & agreement_state.c.to_version.is_(None),
        )
        .where(agreement_grant.c.provider_id == provider, agreement_state.c.state.in_(NEEDED_STATES))
    )
    needed: dict[ResourceName, set[ElementPath]] = {}
    for resource, facts in rows:
        withheld = spoken(Withhold())
        paths = needed.setdefault(ResourceName(resource), set())
        paths |= {ElementPath(path) for path, treatment in facts["elements"].items() if treatment["treatment"] != withheld}
        paths |= {ElementPath(predicate["element"]) for predicate in facts["rows"] if "element" in predicate}
        for related in (predicate for predicate in facts["rows"] if "related" in predicate):
            inner = needed.setdefault(ResourceName(related["related"]), set())
            inner |= {ElementPath(condition["element"]) for condition in related["where"] if "element" in condition}
        if any(treatment["treatment"] == spoken(RedactText()) for treatment in facts["elements"].values()):
            for named, told in naming.items():
                needed.setdefault(named, set()).update(told)
    return {resource: frozenset(paths) for resource, paths in needed.items()}


def redacted_elements(connection: Connection, provider: InstitutionId) -> Mapping[ResourceName, frozenset[ElementPath]]:
    """The free text of a provider that some agreement in force shows redacted, by resource."""
    rows = connection.execute(
        select(agreement_grant.c.resource, agreement_grant.c.facts)
        .join(
            agreement_state,
            (agreement_state.c.agreement_id == agreement_grant.c.agreement_id)
            & (agreement_state.c.version == agreement_grant.c.version)
            & agreement_state.c.to_version.is_(None),
        )
        .where(agreement_grant.c.provider_id == provider, agreement_state.c.state == "in_force")
    )
    found: dict[ResourceName, set[ElementPath]] = {}
    for resource, facts in rows:
        paths = {path for path, treatment in facts["elements"].items() if treatment["treatment"] == spoken(RedactText())}
        found.setdefault(ResourceName(resource), set()).update(ElementPath(path) for path in paths)
    return {resource: frozenset(paths) for resource, paths in found.items() if paths}


def stored_versions(connection: Connection, agreement_id: AgreementId) -> Sequence[StoredVersion]:
    """Every version of an agreement with its state, oldest first."""
    rows = connection.execute(
        select(agreement.c.version, agreement.c.digest, agreement.c.document, agreement_state.c.state)
        .join(
            agreement_state,
            (agreement_state.c.agreement_id == agreement.c.agreement_id)
            & (agreement_state.c.version == agreement.c.version)
            & agreement_state.c.to_version.is_(None),
        )
        .where(agreement.c.agreement_id == agreement_id)
        .order_by(agreement.c.version)
    )
    return [StoredVersion(version, digest, tuple(sorted(document["parties"])), state) for version, digest, document, state in rows]


def agreements_and_states(connection: Connection) -> Sequence[tuple[AgreementId, StoredVersion]]:
    """Every version of every agreement, for an operator's list."""
    ids = connection.execute(select(agreement.c.agreement_id).distinct().order_by(agreement.c.agreement_id)).scalars().all()
    return [(AgreementId(found), version) for found in ids for version in stored_versions(connection, AgreementId(found))]


def insert_version(connection: Connection, signed: Agreement, at: str) -> int:
    """Store a new version with the facts of each grant; gives its number. It has no state before `move_state`."""
    last = connection.execute(select(func.max(agreement.c.version)).where(agreement.c.agreement_id == signed.id)).scalar()
    version = int(last or 0) + 1
    connection.execute(
        insert(agreement).values(
            agreement_id=signed.id,
            version=version,
            digest=signed.digest,
            document=signed.document,
            source_text=signed.source_text,
            created_at=at,
        )
    )
    insert_operation(connection, signed, version)
    if not signed.grants:
        return version
    connection.execute(
        insert(agreement_grant),
        [
            {
                "recipient_id": grant.recipient,
                "resource": grant.resource,
                "provider_id": grant.provider,
                "agreement_id": signed.id,
                "version": version,
                "schedule": grant.schedule,
                "facts": grant_facts(signed, version, grant),
            }
            for grant in signed.grants
        ],
    )
    return version


def move_state(
    connection: Connection, agreement_id: AgreementId, version: int, state: AgreementState, *, epoch: int, actor: str, at: str
) -> None:
    """End the current state of a version and begin another; `epoch` is the state epoch of the change."""
    connection.execute(
        update(agreement_state)
        .where(
            agreement_state.c.agreement_id == agreement_id,
            agreement_state.c.version == version,
            agreement_state.c.to_version.is_(None),
        )
        .values(to_version=epoch)
    )
    connection.execute(
        insert(agreement_state).values(
            agreement_id=agreement_id, version=version, from_version=epoch, state=state, at=at, actor=actor
        )
    )
