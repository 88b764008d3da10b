"""Judge: a steward says that two records are one person's, or two people's; each with its entry."""

from __future__ import annotations

from typing import Literal

from gateway.domain.auditing import AuditEntry, AuditEvent
from gateway.domain.rights_events import change_event
from gateway.domain.times import utc_text
from gateway.errors import RequestError
from gateway.resolution.desk import DEED, ResolutionDesk
from gateway.resolution.likely import LikelyPair, find_pair
from gateway.steward import Steward, assert_steward
from gateway.store.consents import follow_people, note_former_numbers, write_rights
from gateway.store.engine import Connection
from gateway.store.epoch import lock_epoch
from gateway.store.exclusive import exclusive
from gateway.store.people import merge_people, write_judgement
from gateway.store.positions import forget_positions

Judgement = Literal["same", "different"]


def judge_pair(id_: str, judgement: Judgement, reviewer: Steward, desk: ResolutionDesk) -> AuditEntry:
    """Judge a pair that waits. The same person: from now on both records are of the person who was known first, consents and
    opt-outs go along, and the next sync writes every record under that person.

    Raises `RequestError` for who is no steward and for a pair that does not wait, `SyncRunning` while the provider is synced.
    """
    with exclusive(desk.database, f"sync/{reviewer.provider}"), desk.database.write() as connection:
        lock_epoch(connection)
        assert_steward(connection, reviewer, DEED)
        pair = find_pair(connection, id_, reviewer, desk)
        if pair is None:
            raise RequestError(
                f"No pair waits as {id_}: it was judged, or its records changed. See what waits: gateway person queue"
            )
        at = utc_text(desk.clock())
        write_judgement(connection, reviewer.provider, pair.digest, judgement, reviewer.named, at)
        if judgement == "same":
            _merge(connection, pair, reviewer, desk, at)
        return desk.log.append_in(connection, _event(pair, judgement, reviewer))


def _merge(connection: Connection, pair: LikelyPair, reviewer: Steward, desk: ResolutionDesk, at: str) -> None:
    kept, gone = sorted((pair.left.person, pair.right.person))
    merge_people(connection, reviewer.provider, gone, kept)
    change = follow_people(connection, reviewer.provider, {gone: kept})
    note_former_numbers(connection, reviewer.provider, {gone: kept})
    forget_positions(connection, reviewer.provider)
    if change:
        event = change_event("follow_person", change, {"steward": reviewer.named})
        write_rights(connection, change, at, event, desk.log.append_in)


def _event(pair: LikelyPair, judgement: Judgement, reviewer: Steward) -> AuditEvent:
    leaf: dict[str, object] = {
        "provider": reviewer.provider,
        "operation": judgement,
        "pair": pair.id,
        "resources": sorted({pair.left.resource, pair.right.resource}),
        "rules": sorted(pair.why),
        "steward": reviewer.named,
        "actor": reviewer.actor,
    }
    return AuditEvent(kind="person_review", leaf=leaf, institutions=(reviewer.provider,))
