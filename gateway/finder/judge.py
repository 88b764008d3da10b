"""Judge: the provider's steward says whether a record that is asked about is of one of its people; each with its entry."""

from __future__ import annotations

from typing import Literal

from gateway.domain.auditing import AuditEntry, AuditEvent
from gateway.domain.times import utc_text
from gateway.errors import RequestError, Unavailable
from gateway.finder.alike import AlikePair, Desks, Question, found_pairs
from gateway.steward import Steward
from gateway.store.epoch import lock_epoch, read_epoch
from gateway.store.exclusive import exclusive
from gateway.store.people import write_judgement
from gateway.store.person_links import remove_link, write_link


def judge_alike(
    id_: str, judgement: Literal["same", "different"], question: Question, reviewer: Steward, desks: Desks
) -> AuditEntry:
    """Judge a pair. `same` counts from the next time that the roster is filled; `different` takes a `same` back, too.

    Raises `RequestError` for who is no steward of the provider and for a pair that is not there, `SyncRunning` while the provider
    is synced, `Unavailable` where an agreement changed meanwhile.
    """
    gate = desks.gate
    with exclusive(gate.database, f"sync/{reviewer.provider}"):
        # Opening everybody's names takes its time: appends do not wait for it.
        with gate.database.read() as connection:
            epoch = read_epoch(connection)
            pairs, _ = found_pairs(question, reviewer, connection, desks)
        pair = next((one for one in pairs if one.id == id_), None)
        if pair is None:
            raise RequestError(f"No pair waits as {id_}: it was judged, or a record changed. See what waits: gateway roster queue")
        at = utc_text(gate.clock())
        with gate.database.write() as connection:
            if lock_epoch(connection) != epoch:
                raise Unavailable("An agreement changed while the pairs were read; say it again.")
            if judgement == "same":
                write_link(connection, pair.link, reviewer.named, at)
            else:
                if pair.linked:
                    remove_link(connection, pair.link)
                write_judgement(connection, reviewer.provider, pair.digest, judgement, reviewer.named, at)
            return gate.log.append_in(connection, _event(pair, judgement, reviewer))


def _event(pair: AlikePair, judgement: str, reviewer: Steward) -> AuditEvent:
    leaf: dict[str, object] = {
        "provider": reviewer.provider,
        "operation": f"{judgement}_across",
        "pair": pair.id,
        "resources": [pair.somebody.resource],
        "asked_by": pair.link.other,
        "steward": reviewer.named,
        "actor": reviewer.actor,
    }
    return AuditEvent(kind="person_review", leaf=leaf, institutions=(reviewer.provider,))
