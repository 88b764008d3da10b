"""Decide: a steward lets a redacted text be seen, or says that it stays withheld; each good for exactly what was shown."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from gateway.domain.auditing import AuditEntry, AuditEvent
from gateway.domain.text_review import Outcome
from gateway.domain.times import utc_text
from gateway.errors import RequestError
from gateway.review.desk import DEED, ReviewDesk
from gateway.review.wait import WaitingText, waiting_texts
from gateway.steward import Steward, assert_steward
from gateway.store.text_decisions import write_decisions


def decide_texts(ids: Collection[str], outcome: Outcome, reviewer: Steward, desk: ReviewDesk) -> AuditEntry:
    """Decide about these texts, all or none. Raises `RequestError` for an id that no text has now: a text that changed, or of which
    something else would be seen, has another."""
    found = {waiting.id: waiting for waiting in waiting_texts(reviewer, desk)}
    missing = sorted(set(ids) - found.keys())
    if missing or not ids:
        named = ", ".join(missing) or "(nothing named)"
        raise RequestError(
            f"No text is under review as {named}: it changed, or something else would be seen of it now. "
            "See what waits: gateway text queue"
        )
    chosen = [found[id_] for id_ in sorted(set(ids))]
    made = [replace(waiting.decision, outcome=outcome) for waiting in chosen]
    with desk.database.write() as connection:
        assert_steward(connection, reviewer, DEED)
        event = _decided(reviewer, outcome, chosen)
        at = utc_text(desk.clock())
        return write_decisions(connection, reviewer.provider, made, reviewer.named, at, event, desk.log.append_in)


def _decided(reviewer: Steward, outcome: Outcome, chosen: list[WaitingText]) -> AuditEvent:
    leaf: dict[str, object] = {
        "provider": reviewer.provider,
        "operation": outcome,
        "texts": str(len(chosen)),
        "reviewed": [waiting.id for waiting in chosen],
        "elements": sorted({f"{waiting.resource}.{waiting.element}" for waiting in chosen}),
        "steward": reviewer.named,
        "actor": reviewer.actor,
    }
    return AuditEvent(kind="text_review", leaf=leaf, institutions=(reviewer.provider,))
