"""How far each source was read: the position from which its next pull may go on."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.store.schema import source_position


@dataclass(frozen=True)
class Position:
    """Where a source stood when what it had until then was promoted. It holds only for the mapping (a digest of the source
    file's rule) that it was read with; `whole_at` is when everything was last pulled."""

    text: str
    mapping: str
    whole_at: str


def read_position(connection: Connection, provider: InstitutionId, source: str, resource: ResourceName) -> Position | None:
    """The position of a resource of a source, if it has one."""
    row = connection.execute(
        select(source_position.c.position, source_position.c.mapping, source_position.c.whole_at).where(
            source_position.c.provider_id == provider,
            source_position.c.source_id == source,
            source_position.c.resource == resource,
        )
    ).one_or_none()
    return None if row is None else Position(row.position, row.mapping, row.whole_at)


def write_position(
    connection: Connection, provider: InstitutionId, source: str, resource: ResourceName, position: Position | None
) -> None:
    """Put a position in the place of the one before; None forgets it. The caller promotes in the same transaction."""
    connection.execute(
        delete(source_position).where(
            source_position.c.provider_id == provider,
            source_position.c.source_id == source,
            source_position.c.resource == resource,
        )
    )
    if position is not None:
        connection.execute(
            insert(source_position).values(
                provider_id=provider,
                source_id=source,
                resource=resource,
                position=position.text,
                mapping=position.mapping,
                whole_at=position.whole_at,
            )
        )


def forget_positions(connection: Connection, provider: InstitutionId) -> None:
    """Everything of a provider is pulled at the next sync."""
    connection.execute(delete(source_position).where(source_position.c.provider_id == provider))
