"""Prove: the audit path of one entry, and that one size of the log is a prefix of another, from what a snapshot holds."""

from __future__ import annotations

from collections.abc import Callable

from gateway.store.engine import Connection
from gateway.store.log_evidence import nodes_at
from gateway.tlog.merkle import HASH_BYTES, Fetch, consistency_proof, inclusion_proof


def inclusion(connection: Connection, log_id: int, index: int, size: int) -> list[bytes]:
    """The path of the entry at `index` in the tree of `size`."""
    return _read(connection, log_id, lambda fetch: inclusion_proof(index, size, fetch))


def consistency(connection: Connection, log_id: int, first: int, second: int) -> list[bytes]:
    """The path from the tree of `first` entries to that of `second`."""
    return _read(connection, log_id, lambda fetch: consistency_proof(first, second, fetch))


def _read(connection: Connection, log_id: int, prove: Callable[[Fetch], list[bytes]]) -> list[bytes]:
    """Which nodes a proof needs depends on the sizes alone: it is made once to hear them, and again from what one look gave."""
    wanted: list[tuple[int, int]] = []

    def note(level: int, index: int) -> bytes:
        wanted.append((level, index))
        return bytes(HASH_BYTES)

    prove(note)
    found = nodes_at(connection, log_id, wanted)
    return prove(lambda level, index: found[level, index])
