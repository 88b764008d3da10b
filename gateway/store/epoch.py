"""The state epoch: one number that moves with every change a live decision must notice (decision 9)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from gateway.store.schema import state_epoch

EPOCH = select(state_epoch.c.epoch)
"""Asks for the epoch, for who asks for more in the same go; its rows are for `epoch_of`."""


def read_epoch(connection: Connection) -> int:
    """The epoch of this snapshot; 0 before the first change."""
    return connection.execute(EPOCH).scalar() or 0


def epoch_of(rows: Sequence[Any]) -> int:
    """The epoch that the rows of `EPOCH` tell."""
    return int(rows[0][0]) if rows else 0


def advance_epoch(connection: Connection) -> int:
    """Move the epoch inside a write transaction and return the new one; it locks the row until the commit."""
    moved = connection.execute(update(state_epoch).values(epoch=state_epoch.c.epoch + 1).returning(state_epoch.c.epoch)).scalar()
    if moved is None:
        connection.execute(insert(state_epoch).values(id=1, epoch=1))
        return 1
    return int(moved)


def lock_epoch(connection: Connection) -> int:
    """The epoch, which nobody else moves before this write transaction ends: what is read after it stays true to the commit."""
    return connection.execute(select(state_epoch.c.epoch).with_for_update()).scalar() or 0
