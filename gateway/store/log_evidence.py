"""The SQL of what others check the log by: hashes of a tile, leaves of a bundle, nodes of a proof, an entry of an institution."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, and_, or_, select

from gateway.domain.identifiers import InstitutionId
from gateway.store.audit_log import StoredEntry
from gateway.store.schema import audit_entry, audit_node, audit_party
from gateway.tlog.tiles import Tile


def read_hashes(connection: Connection, log_id: int, tile: Tile) -> list[bytes]:
    """The hashes of a tile in their order, as far as the log has them."""
    last = tile.first + tile.width - 1
    if tile.level == 0:
        statement = (
            select(audit_entry.c.leaf_hash)
            .where(audit_entry.c.log_id == log_id, audit_entry.c.seq.between(tile.first, last))
            .order_by(audit_entry.c.seq)
        )
    else:
        statement = (
            select(audit_node.c.hash)
            .where(audit_node.c.log_id == log_id, audit_node.c.level == tile.height, audit_node.c.idx.between(tile.first, last))
            .order_by(audit_node.c.idx)
        )
    return [bytes(hashed) for hashed in connection.execute(statement).scalars()]


def read_leaves(connection: Connection, log_id: int, tile: Tile) -> list[bytes]:
    """The leaves that a tile of level 0 holds the hashes of, in their order, as far as the log has them."""
    statement = (
        select(audit_entry.c.leaf)
        .where(audit_entry.c.log_id == log_id, audit_entry.c.seq.between(tile.first, tile.first + tile.width - 1))
        .order_by(audit_entry.c.seq)
    )
    return [bytes(leaf) for leaf in connection.execute(statement).scalars()]


def find_party_entry(connection: Connection, log_id: int, entry: str, institution: InstitutionId) -> StoredEntry | None:
    """The entry with an id, if the institution is a party of it; asked in one statement, so that another's entry and none are
    looked for alike."""
    row = connection.execute(
        select(audit_entry.c.seq, audit_entry.c.entry_id, audit_entry.c.leaf, audit_entry.c.leaf_hash)
        .join(audit_party, and_(audit_party.c.log_id == audit_entry.c.log_id, audit_party.c.seq == audit_entry.c.seq))
        .where(
            audit_entry.c.log_id == log_id,
            audit_entry.c.entry_id == entry,
            audit_party.c.institution_id == institution,
        )
    ).one_or_none()
    return None if row is None else StoredEntry(row.seq, row.entry_id, bytes(row.leaf), bytes(row.leaf_hash))


def nodes_at(connection: Connection, log_id: int, wanted: Collection[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """The hashes of these perfect subtrees by (level, index), as far as the log has them; level 0 is the leaves' own."""
    leaves = [index for level, index in wanted if level == 0]
    inner = [(level, index) for level, index in wanted if level > 0]
    found: dict[tuple[int, int], bytes] = {}
    if leaves:
        rows = connection.execute(
            select(audit_entry.c.seq, audit_entry.c.leaf_hash).where(audit_entry.c.log_id == log_id, audit_entry.c.seq.in_(leaves))
        )
        found |= {(0, index): bytes(hashed) for index, hashed in rows}
    if inner:
        nodes = audit_node.c
        places = or_(*(and_(nodes.log_id == log_id, nodes.level == level, nodes.idx == index) for level, index in inner))
        above = select(nodes.level, nodes.idx, nodes.hash).where(places)
        found |= {(level, index): bytes(hashed) for level, index, hashed in connection.execute(above)}
    return found
