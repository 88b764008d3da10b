"""Change one byte somewhere in the tables of the log, again and again: verification finds each, and the log is whole in between.

A number is changed in one of its 8 bytes as they would stand big-endian, a text in one character, a blob in one byte; a truth is
turned round. What the database itself refuses (a second row of one key, a number out of range) is no edit, and another is made.
"""

from __future__ import annotations

import json
import random
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Integer, LargeBinary, Table, select, text, update
from sqlalchemy.exc import DBAPIError

from gateway.accountability.start_again import StartAgain, open_new_log
from gateway.app import Gateway, new_id, open_gateway, open_store
from gateway.custody.log_keys import rotate_log_key
from gateway.domain.auditing import AuditEvent
from gateway.domain.identifiers import EntryId
from gateway.errors import IntegrityError
from gateway.store.audit_log import write_checkpoint
from gateway.store.schema import (
    audit_checkpoint,
    audit_detail,
    audit_entry,
    audit_head,
    audit_key,
    audit_log,
    audit_node,
    audit_party,
)
from tests.filled_log import fill, prepare_keys
from tests.world import World

TABLES = (audit_log, audit_head, audit_entry, audit_node, audit_detail, audit_party, audit_checkpoint, audit_key)
ENTRIES = 150
KEPT = 5


@dataclass
class Edits:
    """How many edits were made, in which columns, and which of them verification let pass."""

    made: int = 0
    columns: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)


@contextmanager
def prepared_logs(world: World) -> Iterator[Gateway]:
    """Two logs with every kind of row: disclosures with people, a few checkpoints that were kept, a key that followed another."""
    prepare_keys(world)
    for number in range(KEPT):
        fill(world, ENTRIES // KEPT, number)
        world.later(minutes=1)
        if number == KEPT // 2:
            gateway = world.gateway
            rotate_log_key(gateway.log_id, gateway.log_signers, gateway.custody_desk("edits"), timedelta(seconds=90))
        entry = world.gateway.log.append(AuditEvent("trial", {"number": str(number)}))
        with world.gateway.database.write() as connection:
            write_checkpoint(connection, entry.checkpoint, str(json.loads(entry.leaf)["time"]))
    _unprotect(world)
    settings = world.settings.model_copy(update={"log_origin": "gateway.local/audit/2"})
    database, ring = open_store(settings)
    open_new_log(
        StartAgain(
            database,
            ring,
            settings.log_origin,
            settings.published_checkpoint,
            "a campaign",
            "edits",
            world.clock,
            lambda: EntryId(new_id()),
            although_whole=True,
        )
    )
    database.close()
    with open_gateway(settings, world.clock) as following:
        following.log.append(AuditEvent("trial", {"number": "last"}))
        following.verify_logs()
        yield following


def edit_repeatedly(gateway: Gateway, seed: int, edits: int) -> Edits:
    """Make so many edits, each alone."""
    chance, toll = random.Random(seed), Edits()
    columns = [(table, column) for table in TABLES for column in table.columns]
    while toll.made < edits:
        table, column = chance.choice(columns)
        with _edited(gateway, table, column, chance) as what:
            if what is None:
                continue
            toll.made += 1
            toll.columns[f"{table.name}.{column.name}"] += 1
            try:
                gateway.verify_logs()
            except IntegrityError:
                continue
            toll.missed.append(what)
    gateway.verify_logs()
    return toll


@contextmanager
def _edited(gateway: Gateway, table: Table, column: Column[Any], chance: random.Random) -> Iterator[str | None]:
    """One byte of one value changed, and put back; gives what was changed, None where the database did not let it be."""
    database = gateway.database
    with database.read() as connection:
        row = _any_row(connection, table, chance)
    before = getattr(row, column.name)
    after = _changed(before, column, chance)
    if after is None:
        yield None
        return
    key = {name.name: getattr(row, name.name) for name in table.primary_key.columns}
    moved = {**key, column.name: after} if column.name in key else key
    try:
        with database.write() as connection:
            _set(connection, table, key, column, after)
    except DBAPIError:
        yield None
        return
    try:
        yield f"{table.name}.{column.name} of {key}: {before!r} -> {after!r}"
    finally:
        with database.write() as connection:
            _set(connection, table, moved, column, before)


def _any_row(connection: Connection, table: Table, chance: random.Random) -> Any:
    keys = connection.execute(select(*table.primary_key.columns)).fetchall()
    chosen = chance.choice(keys)
    matched = (column == value for column, value in zip(table.primary_key.columns, chosen, strict=True))
    return connection.execute(select(table).where(*matched)).one()


def _set(connection: Connection, table: Table, key: dict[str, Any], column: Column[Any], value: object) -> None:
    changed = connection.execute(
        update(table).where(*(table.c[name] == kept for name, kept in key.items())).values({column.name: value})
    )
    assert changed.rowcount == 1


def _changed(value: Any, column: Column[Any], chance: random.Random) -> Any:
    """The value with one byte changed; None where it has none, or would not be a value of the column any more."""
    if value is None:
        return None
    if isinstance(column.type, Boolean):
        return not value
    if isinstance(column.type, LargeBinary):
        return _other_byte(bytes(value), chance, range(256))
    if isinstance(value, int):
        width = 4 if type(column.type) is Integer else 8
        [number] = struct.unpack(
            ">i" if width == 4 else ">q", _other_byte(value.to_bytes(width, "big", signed=True), chance, range(256))
        )
        return number
    if isinstance(value, str):
        return _other_byte(value.encode(), chance, range(0x20, 0x7F)).decode(errors="replace")
    return [chance.choice("abc")]


def _other_byte(value: bytes, chance: random.Random, allowed: Sequence[int]) -> bytes:
    places = [at for at, byte in enumerate(value) if byte < 0x80] if len(allowed) < 256 else range(len(value))
    at = chance.choice(places)
    new = chance.choice([byte for byte in allowed if byte != value[at]])
    return value[:at] + bytes([new]) + value[at + 1 :]


def _unprotect(world: World) -> None:
    """As somebody with the database's password would: no trigger stands in the way."""
    database = world.gateway.database
    if database.dialect == "sqlite":
        with database.write() as connection:
            names = (
                connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit_%'"))
                .scalars()
                .all()
            )
            for name in names:
                connection.execute(text(f"DROP TRIGGER {name}"))
        return
    with database.write() as connection:
        for table in TABLES:
            connection.execute(text(f"ALTER TABLE {table.name} DISABLE TRIGGER USER"))
