"""The SQL of what others check the log by: hashes of a tile, leaves of a bundle, nodes of a proof, an entry of an institution."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, and_, bindparam, select

from gateway.domain.identifiers import InstitutionId
from gateway.store.audit_log import StoredEntry
from gateway.store.engine import together
from gateway.store.schema import audit_entry, audit_log, audit_node, audit_party
from gateway.tlog.tiles import Tile

# Built once: a proof asks them twenty times.
_LEAF_HASH = select(audit_entry.c.leaf_hash).where(
    audit_entry.c.log_id == bindparam("of_log"), audit_entry.c.seq == bindparam("place")
)
_NODE = select(audit_node.c.hash).where(
    audit_node.c.log_id == bindparam("of_log"), audit_node.c.level == bindparam("level"), audit_node.c.idx == bindparam("place")
)


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


def find_party_entry(connection: Connection, entry: str, institution: InstitutionId) -> tuple[int, StoredEntry] | None:
    """The entry with an id, and its log, if the institution is a party of it: also in a log that another has followed. Asked in one
    statement, so that another's entry and none are looked for alike."""
    same_place = and_(audit_party.c.log_id == audit_entry.c.log_id, audit_party.c.seq == audit_entry.c.seq)
    row = connection.execute(
        select(audit_entry.c.log_id, audit_entry.c.seq, audit_entry.c.entry_id, audit_entry.c.leaf, audit_entry.c.leaf_hash)
        .join(audit_party, same_place)
        .where(
            audit_entry.c.log_id.in_(select(audit_log.c.log_id)),
            audit_entry.c.entry_id == entry,
            audit_party.c.institution_id == institution,
        )
    ).one_or_none()
    return None if row is None else (row.log_id, StoredEntry(row.seq, row.entry_id, bytes(row.leaf), bytes(row.leaf_hash)))


def nodes_at(connection: Connection, log_id: int, wanted: Sequence[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """The hashes of these perfect subtrees by (level, index), as far as the log has them; level 0 is the leaves' own."""
    asked = [(_LEAF_HASH if level == 0 else _NODE, {"of_log": log_id, "level": level, "place": index}) for level, index in wanted]
    found = together(connection, *asked)
    return {place: bytes(rows[0][0]) for place, rows in zip(wanted, found, strict=True) if rows}
