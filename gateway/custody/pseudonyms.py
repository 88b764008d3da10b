"""Rotate the pseudonyms of an agreement, and tell its provider whose a pseudonym is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from gateway.catalog.model import Resource
from gateway.custody.desk import CustodyDesk
from gateway.domain.auditing import AuditEntry, AuditEvent
from gateway.domain.identifiers import AgreementId, ElementPath, InstitutionId, ResourceName
from gateway.domain.times import utc_text
from gateway.errors import RequestError
from gateway.keys.pseudonym import Pseudonyms
from gateway.keys.seal import Sealer
from gateway.steward import Steward, assert_steward
from gateway.store.engine import Connection
from gateway.store.epoch import advance_epoch
from gateway.store.key_ring import KeyRing
from gateway.store.sealed import promoted
from gateway.store.sealed_rows import newest_row

PURPOSE = "pseudonym"
DEED = "asks whose a pseudonym is"
RECORD = "record_id"


@dataclass(frozen=True)
class Renamed:
    """New pseudonyms of an agreement: until when, in UTC, those before them count too, and the entry."""

    until: datetime
    entry: AuditEntry


@dataclass(frozen=True)
class Reidentified:
    """Whose a pseudonym is: by its resource's own words, empty where the provider's records tell nothing of it (any more)."""

    resource: ResourceName
    named: Mapping[ElementPath, str] = field(repr=False)
    entry: AuditEntry


def rotate_pseudonyms(agreement: AgreementId, provider: InstitutionId, overlap: timedelta, desk: CustodyDesk) -> Renamed:
    """Give the agreement new pseudonyms from the very next answer on; those before them are known in filters for `overlap`.

    Raises `RequestError` for an agreement that never had any at this provider.
    """
    until = desk.clock() + overlap
    with desk.database.write() as connection:
        _assert_known(connection, agreement, provider, desk)
        advance_epoch(connection)
        key = desk.ring.begin_pseudonym_key(connection, agreement, provider, utc_text(desk.clock()), utc_text(until))
        event = desk.event("begun", provider, purpose=PURPOSE, agreement=agreement, key=key, overlap_until=utc_text(until))
        return Renamed(until, desk.log.append_in(connection, event))


def reidentify(pseudonym: str, agreement: AgreementId, steward: Steward, reason: str, desk: CustodyDesk) -> Reidentified:
    """Whose a pseudonym is that a partner holds under an agreement, whenever it was made; the look has its entry first.

    Raises `RequestError` for who is no steward of the provider, and for a text that is no pseudonym of this agreement.
    """
    if not reason.strip():
        raise RequestError('Say why with --reason, as in: --reason "the district reports an error, ticket 118".')
    provider = steward.provider
    with desk.database.read() as connection:
        assert_steward(connection, steward, DEED)
        meant = behind(connection, pseudonym, agreement, provider, desk)
        named = {} if meant is None else named_by(connection, *meant, provider, desk)
    resource = None if meant is None else meant[0]
    with desk.database.write() as connection:
        assert_steward(connection, steward, DEED)
        entry = desk.log.append_in(connection, _event(pseudonym, agreement, steward, reason, resource, desk))
    if resource is None:
        raise RequestError(
            f"This is no pseudonym of {agreement} at {provider}: look whether it is whole, and which agreement it is of."
        )
    return Reidentified(resource, named, entry)


def behind(
    connection: Connection, pseudonym: str, agreement: AgreementId, provider: InstitutionId, desk: CustodyDesk
) -> tuple[ResourceName, int] | None:
    """The key space and the surrogate of the record that a pseudonym stands for, also of an agreement that is destroyed; None for a
    text that is no pseudonym of it. Raises `RequestError` for an agreement that never had any at this provider."""
    _assert_known(connection, agreement, provider, desk)
    first, *others = desk.ring.pseudonym_keys(agreement, provider)
    every = Pseudonyms(first.key.secret, [made.key.secret for made in others])
    return next(_meant(every, pseudonym, desk), None)


def _assert_known(connection: Connection, agreement: AgreementId, provider: InstitutionId, desk: CustodyDesk) -> None:
    if not KeyRing.stored(connection, "agreement", f"{agreement}|{provider}", PURPOSE):
        raise RequestError(
            f"There are no pseudonyms of {agreement} at {provider}: it was never in force there. See which are: "
            "gateway agreement list"
        )


def _meant(pseudonyms: Pseudonyms, text: str, desk: CustodyDesk) -> Iterator[tuple[ResourceName, int]]:
    """The key space and the number; a feed's events have names of their own."""
    spaces = {resource.key_space for resource in desk.catalog.resources.values()}
    spaces |= {reference.target for resource in desk.catalog.resources.values() for reference in resource.references.values()}
    for space in sorted(spaces):
        for name in (space, f"{space}/changes"):
            number = pseudonyms.surrogate(text, name)
            if number is not None:
                yield space, number


def named_by(
    connection: Connection, key_space: ResourceName, number: int, provider: InstitutionId, desk: CustodyDesk
) -> Mapping[ElementPath, str]:
    """What the record is called by in its own resource, or else in one that refers to it."""
    every = desk.catalog.resources.values()
    own = [(resource, RECORD, resource.identity) for resource in every if resource.key_space == key_space]
    others = [
        (resource, reference.column, reference.members)
        for resource in every
        for reference in resource.references.values()
        if reference.target == key_space
    ]
    versions = promoted(connection, provider, [resource.name for resource in every])
    for resource, column, members in (*own, *others):
        if resource.name not in versions:
            continue
        table = desk.tables[resource.name].rows
        row = newest_row(connection, table, column, number, provider, versions[resource.name].version)
        if row is not None:
            values = _values(row, resource, provider, desk)
            return {path: str(values[path]) for path in members if values.get(path) is not None}
    return {}


def _values(row: Mapping[str, Any], resource: Resource, provider: InstitutionId, desk: CustodyDesk) -> Mapping[str, object]:
    table = desk.tables[resource.name].rows
    place = f"{provider}|{row['record_id']}|{row['from_version']}"
    plain: dict[str, object] = {path: row[element.column] for path, element in resource.elements.items() if element.column in row}
    blob = row.get("sealed")
    if blob is None:
        return plain
    opened = desk.ring.opened(provider, lambda keys: Sealer(keys.data, table.name).unseal(bytes(blob), place))
    return {**plain, **orjson.loads(opened)}


def _event(
    pseudonym: str, agreement: AgreementId, steward: Steward, reason: str, resource: ResourceName | None, desk: CustodyDesk
) -> AuditEvent:
    leaf: dict[str, object] = {
        "operation": "asked",
        "provider": steward.provider,
        "agreement": agreement,
        "resource": resource or "",
        "outcome": "told" if resource else "no pseudonym",
        "steward": steward.named,
        "actor": steward.actor,
    }
    detail = orjson.dumps({"version": 1, "pseudonym": pseudonym, "reason": reason})
    return AuditEvent(
        kind="reidentification", leaf=leaf, institutions=(steward.provider,), detail=detail, detail_owner=steward.provider
    )
