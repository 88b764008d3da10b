"""Prepare: what a first start needs, made once: folder, key file, schema, the gateway's keys and the audit log."""

from __future__ import annotations

from gateway.app import Clock, record_tables, utc_now
from gateway.catalog.load import load_catalog
from gateway.custody.index_identifiers import index_identifiers
from gateway.domain.times import utc_text
from gateway.open_wrapper import open_wrapper
from gateway.settings import Settings
from gateway.shipped import shipped
from gateway.store.audit_log import accepting_log, open_log, read_keys, write_key
from gateway.store.audit_rows import read_logs
from gateway.store.engine import Connection, Database, open_database
from gateway.store.key_ring import KeyRing, has_keys
from gateway.store.migrate import upgrade
from gateway.tlog.checkpoint import sign_checkpoint
from gateway.tlog.key_chain import announce
from gateway.tlog.merkle import EMPTY_ROOT
from gateway.tlog.note import Signer

FIRST_LOG = 1


def prepare(settings: Settings, clock: Clock = utc_now) -> None:
    """Make it, or what of it is not there yet; safe to repeat."""
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = open_database(settings.database, pool_size=settings.pool_size)
    try:
        upgrade(database, shipped("migrations"), load_catalog())
        ring = KeyRing(database, open_wrapper(settings, create=_is_new(database)))
        at = utc_text(clock())
        with database.write() as connection:
            ring.create_gateway_keys(connection, at)
        catalog = load_catalog()
        index_identifiers(catalog, record_tables(catalog), database, ring, at)
        signer = Signer(settings.log_origin, ring.signing_key("log"))
        with database.write() as connection:
            if accepting_log(connection) is None:
                checkpoint = sign_checkpoint(FIRST_LOG, 0, EMPTY_ROOT, signer)
                open_log(connection, checkpoint, origin=settings.log_origin, key_id=signer.verifier.key_hash.hex(), at=at)
            _announce_first_key(connection, settings, signer)
    finally:
        database.close()


def _announce_first_key(connection: Connection, settings: Settings, signer: Signer) -> None:
    """Of a log from before keys were announced, or of one that was just opened."""
    [first, *_] = read_logs(connection)
    if first.origin == settings.log_origin and not read_keys(connection, first.log_id):
        write_key(connection, first.log_id, 1, announce([signer], first.log_id, 1, 0, first.opened_at))


def _is_new(database: Database) -> bool:
    """No key was ever wrapped: only then may a key file be made instead of missed."""
    with database.read() as connection:
        return not has_keys(connection)
