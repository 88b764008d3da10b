"""Rotate the key that a provider's identifiers are sealed under while partners go on reading, and destroy what it replaced.

Nothing is ever without a key: the new one seals from the first moment, the one before opens until all is sealed again, and a
rotation that was cut short goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from gateway.custody.desk import CustodyDesk
from gateway.domain.auditing import AuditEntry
from gateway.domain.identifiers import AgreementId, InstitutionId, RecordId, ResourceName
from gateway.domain.rosters import RosterKey
from gateway.domain.times import utc_text
from gateway.errors import ConfigurationError, IntegrityError, RequestError
from gateway.keys.own_ids import place_in_roster
from gateway.keys.seal import DataKeys, Sealer
from gateway.store.engine import Connection
from gateway.store.epoch import advance_epoch
from gateway.store.exclusive import exclusive
from gateway.store.key_ring import StoredKey
from gateway.store.schema import push_part, roster_line
from gateway.store.sealed_rows import SealedRow, Table, place_of, seal_again, sealed_rows

PURPOSE = "data"


@dataclass(frozen=True)
class Rotated:
    """A rotation that is done: the new key, those that it replaced, the number of rows that were sealed again, and the entry."""

    key_id: str
    replaced: tuple[str, ...]
    rows: int
    entry: AuditEntry


@dataclass(frozen=True)
class _Sealed:
    """One table in which something lies sealed, the column, and what a row is bound to."""

    table: Table
    column: str
    place: Callable[[SealedRow], str]


def rotate_data_key(provider: InstitutionId, desk: CustodyDesk, tell: Callable[[int], None]) -> Rotated:
    """Give the provider a new data key, or finish giving it one; `tell` hears how many rows are sealed again.

    Raises `ConfigurationError` for a provider without keys, `IngestError` while a sync of it runs.
    """
    with exclusive(desk.database, f"sync/{provider}"):
        current = _begun(provider, desk)
        keys = desk.ring.provider(provider, fresh=True).data
        rows = 0
        for sealed in _everything_sealed(provider, desk):
            rows = _seal_all(sealed, keys, provider, desk, rows, tell)
        with desk.database.write() as connection:
            at = utc_text(desk.clock())
            others = [key for key in _data_keys(connection, provider, desk) if key.key_id != current]
            for key in others:
                if key.retired_at is None:
                    desk.ring.retire(connection, key.key_id, at)
            event = desk.event("finished", provider, purpose=PURPOSE, key=current, rows=str(rows))
            entry = desk.log.append_in(connection, event)
    return Rotated(current, tuple(key.key_id for key in others), rows, entry)


def destroy_data_key(key_id: str, desk: CustodyDesk) -> AuditEntry:
    """Destroy a data key that a rotation has replaced: copies of the database from before it cannot be opened any more.

    Raises `RequestError` for a key that is none of these, or that something is sealed under.
    """
    with desk.database.read() as connection:
        found = next((key for key in desk.ring.stored(connection, "provider", purpose=PURPOSE) if key.key_id == key_id), None)
    if found is None:
        raise RequestError(f"There is no data key {key_id}. See which there are: gateway key list")
    provider = InstitutionId(found.owner)
    if found.retired_at is None:
        raise RequestError(f"Key {key_id} is in use. Give {provider} another one first: gateway key rotate {provider}")
    with exclusive(desk.database, f"sync/{provider}"):
        keys = desk.ring.provider(provider, fresh=True).data
        others = DataKeys(keys.current, tuple(key for key in keys.older if key.key_id != key_id))
        for sealed in _everything_sealed(provider, desk):
            _assert_opens(sealed, others, provider, desk)
        with desk.database.write() as connection:
            desk.ring.destroy(connection, key_id)
            advance_epoch(connection)
            return desk.log.append_in(connection, desk.event("destroyed", provider, purpose=PURPOSE, key=key_id))


def _begun(provider: InstitutionId, desk: CustodyDesk) -> str:
    """The id of the key that seals from now on; a new one unless the newest has not replaced the one before it yet."""
    with desk.database.write() as connection:
        known = _data_keys(connection, provider, desk)
        if not known:
            raise ConfigurationError(f"{provider} has no keys. Put an agreement of it in force first.")
        unfinished = any(key.retired_at is None for key in known[1:])
        if unfinished:
            return known[0].key_id
        desk.ring.begin_data_key(connection, provider, utc_text(desk.clock()))
        newest = _data_keys(connection, provider, desk)[0].key_id
        advance_epoch(connection)  # a roster that was sealed under the key before does not come in after this
        desk.log.append_in(connection, desk.event("begun", provider, purpose=PURPOSE, key=newest))
        return newest


def _data_keys(connection: Connection, provider: InstitutionId, desk: CustodyDesk) -> list[StoredKey]:
    return desk.ring.stored(connection, "provider", provider, PURPOSE)


def _everything_sealed(provider: InstitutionId, desk: CustodyDesk) -> Iterator[_Sealed]:
    for tables in desk.tables.values():
        for table in (tables.rows, *tables.members.values()):
            if "sealed" in table.c:
                yield _Sealed(table, "sealed", partial(place_of, provider))
    yield _Sealed(roster_line, "own_id", partial(_place_in_roster, provider))
    yield _Sealed(push_part, "content", partial(_place_in_batch, provider))


def _place_in_roster(provider: InstitutionId, row: SealedRow) -> str:
    agreement, schedule, key_space, record, _ = map(str, row.key)
    roster = RosterKey(AgreementId(agreement), schedule, provider, ResourceName(key_space))
    return place_in_roster(roster, RecordId(int(record)))


def _place_in_batch(provider: InstitutionId, row: SealedRow) -> str:
    return "|".join((provider, *map(str, row.key)))


def _seal_all(
    sealed: _Sealed, keys: DataKeys, provider: InstitutionId, desk: CustodyDesk, rows: int, tell: Callable[[int], None]
) -> int:
    sealer = Sealer(keys, sealed.table.name)
    for part in sealed_rows(desk.database, sealed.table, sealed.column, provider):
        placed = ((row, sealed.place(row)) for row in part)
        stale = [(row, place) for row, place in placed if sealer.sealed_by_older(row.sealed, place)]
        if not stale:
            continue
        again = [(row, sealer.seal(sealer.unseal(row.sealed, place), place)) for row, place in stale]
        with desk.database.write() as connection:
            seal_again(connection, sealed.table, sealed.column, provider, again)
        rows += len(again)
        tell(rows)
    return rows


def _assert_opens(sealed: _Sealed, keys: DataKeys, provider: InstitutionId, desk: CustodyDesk) -> None:
    sealer = Sealer(keys, sealed.table.name)
    for part in sealed_rows(desk.database, sealed.table, sealed.column, provider):
        for row in part:
            try:
                sealer.unseal(row.sealed, sealed.place(row))
            except IntegrityError as why:
                raise RequestError(
                    f"Something in {sealed.table.name} does not open without this key. Seal it under the new one first: "
                    f"gateway key rotate {provider}"
                ) from why
