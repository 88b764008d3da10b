"""Read entries of the log: one by its id, or the newest."""

from __future__ import annotations

import json
from dataclasses import dataclass

from gateway.errors import RequestError
from gateway.store.audit_log import find_entry, read_details, read_entries, read_head
from gateway.store.engine import Database


@dataclass(frozen=True)
class Found:
    """One entry: its index, its leaf, and key id and ciphertext of its sealed detail if it has one."""

    index: int
    leaf: dict[str, object]
    sealed: tuple[str, bytes] | None


def find(database: Database, log_id: int, entry: str) -> Found:
    """Raises `RequestError` when the log has no such entry."""
    with database.read() as connection:
        stored = find_entry(connection, log_id, entry)
        if stored is None:
            raise RequestError("The log has no entry with this id. List the newest: gateway audit show")
        return Found(stored.index, json.loads(stored.leaf), read_details(connection, log_id, [entry]).get(entry))


def newest(database: Database, log_id: int, count: int) -> list[tuple[int, dict[str, object]]]:
    """Index and leaf of the newest entries, oldest first."""
    with database.read() as connection:
        start = max(0, read_head(connection, log_id).size - count)
        return [(entry.index, json.loads(entry.leaf)) for entry in read_entries(connection, log_id, start)]
