"""The SQL of what stewards decided about free text: what stands now, and one writer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, insert, select, update

from gateway.domain.auditing import AuditEntry, AuditEvent
from gateway.domain.identifiers import ElementPath, InstitutionId, ResourceName
from gateway.domain.text_review import TextDecision, TextKey
from gateway.store.engine import AppendIn
from gateway.store.epoch import advance_epoch
from gateway.store.schema import text_decision

OUTSIDE = -1
"""The ordinal of a text that stands in no collection."""


def decisions(
    connection: Connection, provider: InstitutionId, resource: ResourceName, span: tuple[int, int] | None = None
) -> Mapping[TextKey, TextDecision]:
    """What stands now for a resource's texts, of the records from the first to the last of a span, or all."""
    columns = text_decision.c
    statement = select(text_decision).where(
        columns.provider_id == provider, columns.resource == resource, columns.to_version.is_(None)
    )
    if span is not None:
        statement = statement.where(columns.record_id.between(*span))
    found: dict[TextKey, TextDecision] = {}
    for row in connection.execute(statement):
        ordinal = () if row.ordinal == OUTSIDE else (row.ordinal,)
        key = (ElementPath(row.element), (row.record_id, row.record_version, *ordinal))
        found[key] = TextDecision(resource, key, bytes(row.source_digest), bytes(row.redacted_digest), row.outcome)
    return found


def write_decisions(
    connection: Connection,
    provider: InstitutionId,
    made: Sequence[TextDecision],
    by: str,
    at: str,
    event: AuditEvent,
    append_in: AppendIn,
) -> AuditEntry:
    """Put these in the place of what stood for their texts, with their entry; the state epoch moves, so that the very next answer
    of any process knows of them."""
    epoch = advance_epoch(connection)
    for decision in made:
        path, place = decision.key
        named = {
            "provider_id": provider,
            "resource": decision.resource,
            "record_id": place[0],
            "record_version": place[1],
            "ordinal": place[2] if len(place) > 2 else OUTSIDE,  # noqa: PLR2004
            "element": path,
        }
        standing = [text_decision.c[name] == value for name, value in named.items()]
        connection.execute(update(text_decision).where(*standing, text_decision.c.to_version.is_(None)).values(to_version=epoch))
        digests = {"source_digest": decision.source, "redacted_digest": decision.redacted}
        row = {**named, **digests, "from_version": epoch, "outcome": decision.outcome, "decided_by": by, "at": at}
        connection.execute(insert(text_decision), [row])
    return append_in(connection, event)
