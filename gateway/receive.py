"""PEP: receive what an institution sends of its own records, part by part; a batch that is complete is taken in by a worker.

A part that comes again as it was changes nothing, and so does a batch: whoever sends may repeat anything after a broken
connection. What is received is sealed before it is stored.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn, cast

from connectors.push import MEDIA_TYPES, Mode
from connectors.source import Source
from gateway.audit import AuditLog
from gateway.authenticate import TokenVerifier, authenticate
from gateway.domain.access import Principal
from gateway.domain.auditing import AuditEntry, AuditEvent
from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.domain.refusals import refusal_event
from gateway.domain.times import utc_text
from gateway.errors import AuthenticationError, DisclosureDenied, GatewayError, Reason, RequestError
from gateway.keys.seal import Sealer
from gateway.store.engine import Connection, Database
from gateway.store.key_ring import KeyRing
from gateway.store.pushes import (
    BatchKey,
    StoredBatch,
    StoredPart,
    begin_batch,
    complete_batch,
    read_batch,
    read_content,
    read_parts,
    write_part,
)

PUSH_SCOPE = "sources:push"
OPERATION = "push"
TABLE = "push_part"
LARGEST_PART = 8 * 1024 * 1024
MOST_PARTS = 10_000
NO_SCOPE = Reason("GW-AUT-01", "RFC 6749, 3.3", "This token was not issued for sending records.")
MODES = ("whole", "changes")
PART_TYPES = MEDIA_TYPES
_BATCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
NO_NAME = "A batch's name has letters, digits, dots, hyphens and underscores, at most 64."
NO_SUCH = "Your institution has no source of this name that takes batches of this resource."
"""The same whether another institution has one, or nobody."""


@dataclass(frozen=True)
class PushDesk:
    """What receiving needs from outside: `sources` gives the push sources there are, by provider and id, `wake` tells the worker
    that a batch is complete."""

    database: Database
    ring: KeyRing
    log: AuditLog
    verifier: TokenVerifier
    clock: Callable[[], datetime]
    sources: Callable[[], Mapping[tuple[InstitutionId, str], Source]]
    wake: Callable[[], None]


@dataclass(frozen=True)
class Sent:
    """Where something was sent to, as the sender spelled it."""

    source: str
    resource: str
    batch: str
    request_id: str


@dataclass(frozen=True)
class Received:
    """A batch as it stands, and the numbers of the parts that are there; `entry` where completing it made one."""

    batch: StoredBatch
    parts: tuple[int, ...]
    entry: AuditEntry | None = None


def admit_pusher(sent: Sent, token: str | None, desk: PushDesk) -> tuple[Principal, BatchKey]:
    """Who sends, and which batch that is.

    Raises `AuthenticationError`, counted; `DisclosureDenied` or `RequestError`, on the log.
    """
    try:
        with desk.database.read() as connection:
            principal = authenticate(token, connection, desk.verifier, desk.clock())
    except AuthenticationError:
        desk.log.refuse_anonymous(OPERATION)
        raise
    if PUSH_SCOPE not in principal.scopes:
        _refuse(DisclosureDenied((NO_SCOPE,)), principal, sent, desk)
    source = desk.sources().get((principal.institution, sent.source))
    if source is None or ResourceName(sent.resource) not in source.resources:
        _refuse(RequestError(NO_SUCH), principal, sent, desk)
    if not _BATCH.fullmatch(sent.batch):
        _refuse(RequestError(NO_NAME), principal, sent, desk)
    return principal, BatchKey(source.provider, source.id, ResourceName(sent.resource), sent.batch)


def turn_away(why: GatewayError, sent: Sent, token: str | None, desk: PushDesk) -> NoReturn:
    """Refuse what could not even be received; a known client's refusal has its entry first. Raises `why`."""
    principal, _ = admit_pusher(sent, token, desk)
    _refuse(why, principal, sent, desk)


def receive_part(sent: Sent, number: int, media_type: str, content: bytes, token: str | None, desk: PushDesk) -> Received:
    """Keep one part (numbers begin at 1). One that is there with the same content is left as it is.

    Raises `RequestError` for a part that is there with other content, a batch that is complete, and a media type that is not the
    batch's; `AuthenticationError` and `DisclosureDenied` as `admit_pusher`.
    """
    principal, key = admit_pusher(sent, token, desk)
    try:
        if not 1 <= number <= MOST_PARTS:
            raise RequestError(f"Parts are numbered from 1 to {MOST_PARTS:,}.")
        keys = desk.ring.provider(key.provider, fresh=True)
        part = StoredPart(number, len(content), hmac.digest(keys.source.secret, b"push|" + content, "sha256"))
        sealed = Sealer(keys.data, TABLE).seal(content, place_of_part(key, number))
        with desk.database.write() as connection:
            _keep(connection, key, part, media_type, sealed, utc_text(desk.clock()))
            return _standing(connection, key)
    except RequestError as why:
        _refuse(why, principal, sent, desk)


@dataclass(frozen=True)
class Completion:
    """What a sender says of a batch: how many parts it has, whether it is everything or changes, and that much may be gone."""

    parts: int
    mode: str
    allow_shrink: bool = False


def complete(sent: Sent, said: Completion, token: str | None, desk: PushDesk) -> Received:
    """Say that all parts were sent; the batch is taken in soon. Repeated, it changes nothing.

    Raises `RequestError` when parts are missing or it was completed otherwise.
    """
    principal, key = admit_pusher(sent, token, desk)
    parts, mode = said.parts, said.mode
    try:
        if mode not in MODES:
            raise RequestError(f"mode is {' or '.join(MODES)}.")
        with desk.database.write() as connection:
            batch = _known(connection, key)
            if batch.state != "receiving":
                if (batch.parts, batch.mode) != (parts, mode):
                    raise RequestError(f"This batch was completed with {batch.parts} parts, mode {batch.mode}; name a new one.")
                return _standing(connection, key)
            there = {part.number for part in read_parts(connection, key)}
            missing = sorted(set(range(1, parts + 1)) - there)
            if missing or not parts or max(there) > parts:
                told = f"part {missing[0]} is missing" if missing else f"{len(there)} parts are there, not {parts}"
                raise RequestError(f"The batch is not complete: {told}.")
            complete_batch(connection, key, mode, parts, allow_shrink=said.allow_shrink)
            entry = desk.log.append_in(connection, _event(principal, key, parts, cast("Mode", mode), sent))
            done = Received(_known(connection, key), tuple(sorted(there)), entry)
    except RequestError as why:
        _refuse(why, principal, sent, desk)
    desk.wake()
    return done


def standing(sent: Sent, token: str | None, desk: PushDesk) -> Received:
    """How a batch stands: which parts are there, and what became of it. Raises `RequestError` when none was begun."""
    principal, key = admit_pusher(sent, token, desk)
    try:
        with desk.database.read() as connection:
            return _standing(connection, key)
    except RequestError as why:
        _refuse(why, principal, sent, desk)


def open_part(connection: Connection, key: BatchKey, number: int, ring: KeyRing) -> bytes:
    """The content of one part. Raises `IntegrityError` when it does not open."""
    return Sealer(ring.provider(key.provider).data, TABLE).unseal(read_content(connection, key, number), place_of_part(key, number))


def place_of_part(key: BatchKey, number: int) -> str:
    """What the seal of a part is bound to."""
    return "|".join((key.provider, key.source, key.resource, key.batch, str(number)))


def _keep(connection: Connection, key: BatchKey, part: StoredPart, media_type: str, sealed: bytes, at: str) -> None:
    batch = read_batch(connection, key)
    if batch is None:
        begin_batch(connection, key, media_type, at)
    elif batch.media_type != media_type:
        raise RequestError(f"This batch is {batch.media_type}; send its parts so, or name a new batch.")
    there = {known.number: known.digest for known in read_parts(connection, key)}
    if part.number in there:
        if not hmac.compare_digest(there[part.number], part.digest):
            raise RequestError(f"Part {part.number} of this batch is there already, with other content; name a new batch.")
        return
    if batch is not None and batch.state != "receiving":
        raise RequestError("This batch is complete; name a new one.")
    write_part(connection, key, part, sealed)


def _known(connection: Connection, key: BatchKey) -> StoredBatch:
    batch = read_batch(connection, key)
    if batch is None:
        raise RequestError("No part of this batch was received yet.")
    return batch


def _standing(connection: Connection, key: BatchKey) -> Received:
    return Received(_known(connection, key), tuple(part.number for part in read_parts(connection, key)))


def _event(principal: Principal, key: BatchKey, parts: int, mode: Mode, sent: Sent) -> AuditEvent:
    leaf: dict[str, object] = {
        **principal.on_the_log,
        "outcome": "received",
        "provider": key.provider,
        "source": key.source,
        "resource": key.resource,
        "batch": key.batch,
        "parts": str(parts),
        "mode": mode,
        "request": sent.request_id,
    }
    return AuditEvent(kind=OPERATION, leaf=leaf, institutions=(key.provider,))


def _refuse(why: GatewayError, principal: Principal, sent: Sent, desk: PushDesk) -> NoReturn:
    """Put a refusal on the log and raise it. It names only what is ours to name."""
    desk.log.append(refusal_event(principal, OPERATION, why, sent.request_id))
    raise why
