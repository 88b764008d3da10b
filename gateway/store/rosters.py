"""The SQL of rosters: one writer, that puts a whole roster in the place of the one before."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, insert, update

from gateway.domain.auditing import AuditEntry, AuditEvent
from gateway.domain.rosters import RosterKey, RosterLine
from gateway.store.engine import AppendIn
from gateway.store.epoch import advance_epoch
from gateway.store.schema import roster_line


def replace_roster(
    connection: Connection, roster: RosterKey, lines: Sequence[RosterLine], at: str, event: AuditEvent, append_in: AppendIn
) -> AuditEntry:
    """Put these lines in the place of those that stood, with their entry; the state epoch moves, so that the very next answer
    of any process knows of them."""
    epoch = advance_epoch(connection)
    key = {
        "agreement_id": roster.agreement,
        "schedule": roster.schedule,
        "provider_id": roster.provider,
        "key_space": roster.key_space,
    }
    current = [roster_line.c[name] == value for name, value in key.items()]
    connection.execute(update(roster_line).where(*current, roster_line.c.to_version.is_(None)).values(to_version=epoch))
    if lines:
        rows = [{**key, "record_id": line.record, "from_version": epoch, "own_id": line.own_id, "at": at} for line in lines]
        connection.execute(insert(roster_line), rows)
    return append_in(connection, event)
