"""PEP of the log's own surface: who may read what of it, and the entry of every read, durable before the answer leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from gateway.accountability.prove import consistency, inclusion
from gateway.audit import AuditLog
from gateway.authenticate import TokenVerifier, authenticate
from gateway.domain.access import Principal
from gateway.domain.auditing import AuditEntry, AuditEvent
from gateway.domain.refusals import refusal_event
from gateway.errors import AuthenticationError, DisclosureDenied, GatewayError, NotInLog, Reason, RequestError
from gateway.store.audit_log import read_head
from gateway.store.engine import Connection, Database
from gateway.store.log_evidence import find_party_entry, read_hashes, read_leaves
from gateway.tlog.proof_text import consistency_text, proof_text
from gateway.tlog.tiles import Tile, bundle

TILES_SCOPE = "audit:tiles"
OPERATION = "log_read"
NO_SCOPE = Reason("GW-AUT-01", "RFC 6749, 3.3", "This token was not issued for reading the whole audit log.")
NO_TILE = "The log has no tile with this level, index and width. Ask for those of a checkpoint's size (c2sp.org/tlog-tiles)."
NO_ENTRY = "Your institution has no entry with this id. Take the one of an answer's header `Gateway-Entry`."
NO_SIZES = "`from` and `to` are sizes of the log: 0 < from <= to, and no more than it has entries. Take them from checkpoints."


@dataclass(frozen=True)
class EvidenceDesk:
    """What reading the log needs from outside; `clock` gives the UTC time."""

    database: Database
    log: AuditLog
    verifier: TokenVerifier
    clock: Callable[[], datetime]


@dataclass(frozen=True)
class Asked:
    """One read: its token and request id, and whether it has parameters that the route does not take."""

    token: str | None
    request_id: str
    odd: bool = False


@dataclass(frozen=True)
class Evidence:
    """What was read, and the entry of the read."""

    content: bytes
    entry: AuditEntry


def read_checkpoint(asked: Asked, desk: EvidenceDesk) -> Evidence:
    """The newest checkpoint, which covers the entry of this read too. Raises as `_admit` does."""
    principal = _admit(asked, desk, TILES_SCOPE)
    entry = _enter(principal, asked, desk, {"what": "checkpoint"})
    return Evidence(entry.checkpoint.note.encode(), entry)


def read_tile(asked: Asked, tile: Tile | None, desk: EvidenceDesk, *, entries: bool) -> Evidence:
    """The hashes of a tile, or with `entries` the leaves that one of level 0 holds the hashes of. Raises `NotInLog` as well."""
    principal = _admit(asked, desk, TILES_SCOPE)
    with desk.database.read() as connection:
        content = _content(connection, desk.log.log_id, tile, entries=entries)
    if tile is None or content is None:
        _refuse(NotInLog(NO_TILE), principal, asked, desk)
    what = {"what": "entries" if entries else "tile", "level": str(tile.level), "tile": str(tile.index), "width": str(tile.width)}
    return Evidence(content, _enter(principal, asked, desk, what))


def prove_entry(asked: Asked, entry: str, desk: EvidenceDesk) -> Evidence:
    """The proof of an entry that the client's institution is a party of, with its leaf. Raises `NotInLog` as well, in the same way
    whether there is no such entry or it is of others."""
    principal = _admit(asked, desk)
    with desk.database.read() as connection:
        place = find_party_entry(connection, entry, principal.institution)
        log_id, found = (desk.log.log_id, None) if place is None else place
        head = read_head(connection, log_id)
        path = [] if found is None else inclusion(connection, log_id, found.index, head.size)
    if found is None:
        _refuse(NotInLog(NO_ENTRY), principal, asked, desk)
    text = proof_text(found.leaf, found.index, path, head.note)
    return Evidence(text.encode(), _enter(principal, asked, desk, {"what": "proof", "entry": found.entry, "size": str(head.size)}))


def prove_consistency(asked: Asked, sizes: tuple[int, int] | None, desk: EvidenceDesk) -> Evidence:
    """The proof that the log of the first size is a prefix of the log of the second; `sizes` is None where the request names none.
    Raises `RequestError` as well."""
    principal, log_id = _admit(asked, desk), desk.log.log_id
    with desk.database.read() as connection:
        size = read_head(connection, log_id).size
        sound = sizes is not None and 0 < sizes[0] <= sizes[1] <= size
        path = consistency(connection, log_id, *sizes) if sound and sizes is not None else []
    if not sound or sizes is None:
        _refuse(RequestError(NO_SIZES), principal, asked, desk)
    first, second = sizes
    what = {"what": "consistency", "from": str(first), "to": str(second)}
    return Evidence(consistency_text(first, second, path).encode(), _enter(principal, asked, desk, what))


def _content(connection: Connection, log_id: int, tile: Tile | None, *, entries: bool) -> bytes | None:
    if tile is None or not tile.within(read_head(connection, log_id).size):
        return None
    return bundle(read_leaves(connection, log_id, tile)) if entries else b"".join(read_hashes(connection, log_id, tile))


def _admit(asked: Asked, desk: EvidenceDesk, scope: str | None = None) -> Principal:
    """Who asks. Raises `AuthenticationError`, counted; `DisclosureDenied` without the scope and `RequestError` for parameters, on
    the log."""
    try:
        with desk.database.read() as connection:
            principal = authenticate(asked.token, connection, desk.verifier, desk.clock())
    except AuthenticationError:
        desk.log.refuse_anonymous(OPERATION)
        raise
    if scope is not None and scope not in principal.scopes:
        _refuse(DisclosureDenied((NO_SCOPE,)), principal, asked, desk)
    if asked.odd:
        _refuse(RequestError("This address takes no parameters, or not these."), principal, asked, desk)
    return principal


def _enter(principal: Principal, asked: Asked, desk: EvidenceDesk, what: Mapping[str, str]) -> AuditEntry:
    leaf: dict[str, object] = {**principal.on_the_log, "outcome": "told", **what, "request": asked.request_id}
    return desk.log.append(AuditEvent(kind=OPERATION, leaf=leaf, institutions=(principal.institution,)))


def _refuse(why: GatewayError, principal: Principal, asked: Asked, desk: EvidenceDesk) -> NoReturn:
    """Put a refusal on the log and raise it. It does not name what was asked for: an address that a client made up could hold
    anything."""
    desk.log.append(refusal_event(principal, OPERATION, why, asked.request_id))
    raise why
