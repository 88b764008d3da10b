"""Forget superseded row versions once they are older than the operator keeps them (decision 1)."""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, or_, select, update

from gateway.domain.identifiers import InstitutionId
from gateway.store.determinations import frozen
from gateway.store.record_tables import RecordTables
from gateway.store.schema import promotion, resource_head, text_decision


def prune(connection: Connection, tables: RecordTables, provider: InstitutionId, before: str) -> int:
    """Delete the row versions that ended with a promotion before a UTC time; returns how many.

    What stewards decided about their texts goes with them. What a determination is frozen at stays: the release is served from it.
    """
    rows = tables.rows
    # The time and not the version: whether a version is still kept must not tell how many came after it.
    connection.execute(
        update(resource_head)
        .where(resource_head.c.provider_id == provider, resource_head.c.resource == tables.resource.name)
        .where(or_(resource_head.c.kept_since.is_(None), resource_head.c.kept_since < before))
        .values(kept_since=before)
    )
    last = connection.execute(
        select(func.max(promotion.c.version)).where(
            promotion.c.provider_id == provider, promotion.c.resource == tables.resource.name, promotion.c.at < before
        )
    ).scalar()
    if last is None:
        return 0
    ended = (rows.c.provider_id == provider) & (rows.c.to_version <= last) & ~frozen(rows, provider, tables.resource.name)
    for members in tables.members.values():
        of_ended = select(rows.c.record_id).where(
            ended, rows.c.record_id == members.c.record_id, rows.c.from_version == members.c.from_version
        )
        connection.execute(delete(members).where(members.c.provider_id == provider, of_ended.exists()))
    decided = text_decision.c
    of_ended = select(rows.c.record_id).where(
        ended, rows.c.record_id == decided.record_id, rows.c.from_version == decided.record_version
    )
    connection.execute(
        delete(text_decision).where(decided.provider_id == provider, decided.resource == tables.resource.name, of_ended.exists())
    )
    return connection.execute(delete(rows).where(ended)).rowcount
