"""Whatever is changed in the log's tables behind the gateway's back, on either database, verification says where."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import orjson
import pytest
from pyroaring import BitMap
from sqlalchemy import text

import gateway.accountability.verify as verifying
from gateway.app import open_gateway
from gateway.domain.auditing import AuditEvent
from gateway.domain.identifiers import InstitutionId
from gateway.errors import IntegrityError
from gateway.store.audit_log import read_entries
from gateway.store.engine import Database
from gateway.tlog.merkle import extend, leaf_hash, root
from tests.databases import copied_sqlite
from tests.filled_log import fill, prepare_keys
from tests.world import World, open_world

ENTRIES = 9
LAKESIDE = InstitutionId("lakeside")
AT_4 = "(SELECT entry_id FROM audit_entry WHERE seq = 4)"
OTHER = {"other": b'{"id": "x"}', "hash": leaf_hash(b'{"id": "x"}')}
UNPROTECTED = {
    "sqlite": [
        f"DROP TRIGGER {name}"
        for name in (
            "audit_entry_no_update",
            "audit_entry_no_delete",
            "audit_node_no_update",
            "audit_node_no_delete",
            "audit_key_no_delete",
        )
    ],
    "postgresql": ["SET session_replication_role = replica"],
}


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """On each database."""
    with logged(database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
def small_world(sqlite_template: Path, tmp_path: Path) -> Iterator[World]:
    """On SQLite: what is compared are hashes, the same wherever they are stored."""
    with copied_sqlite(sqlite_template, tmp_path) as url, logged(url, tmp_path) as opened:
        yield opened


@contextmanager
def logged(database_url: str, folder: Path) -> Iterator[World]:
    """A gateway whose log has some entries, each with a sealed detail."""
    with open_world(folder / "home", database_url) as opened:
        with opened.gateway.database.write() as connection:
            opened.gateway.ring.create_provider_keys(connection, LAKESIDE, "2026-01-01T00:00:00Z")
        for number in range(ENTRIES):
            opened.gateway.log.append(
                AuditEvent("trial", {"number": str(number)}, (LAKESIDE,), detail=b"secret", detail_owner=LAKESIDE)
            )
        yield opened


def tamper(database: Database, *statements: str) -> None:
    """Change rows as somebody with the database's password would."""
    with database.write() as connection:
        for statement in (*UNPROTECTED[database.dialect], *statements):
            bound = {name: value for name, value in OTHER.items() if f":{name}" in statement}
            connection.execute(text(statement), bound)


def test_an_untouched_log_is_whole(world: World) -> None:
    verified = world.gateway.verify_log()
    assert verified.checkpoint.size == len(world.leaves()) > ENTRIES
    assert verified.details == ENTRIES


def test_a_node_that_is_wrong_among_many_leaves_no_cursor_open(world: World) -> None:
    tamper(world.gateway.database, "UPDATE audit_node SET hash = :hash WHERE level = 1 AND idx = 0")
    with pytest.raises(IntegrityError, match="Node 1/0"):
        world.gateway.verify_log()


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE audit_entry SET leaf = :other WHERE seq = 4", "Entry 4"),
        ("UPDATE audit_entry SET leaf = :other, leaf_hash = :hash WHERE seq = 4", "Entry 4"),
        ("UPDATE audit_entry SET entry_id = 'another' WHERE seq = 4", "Entry 4"),
        ("DELETE FROM audit_entry WHERE seq = 4", "Entry 4 is missing"),
        ("DELETE FROM audit_entry WHERE seq = (SELECT max(seq) FROM audit_entry)", "its head says"),
        ("UPDATE audit_node SET hash = :hash WHERE level = 1 AND idx = 0", "Node 1/0"),
        ("DELETE FROM audit_node WHERE level = 2 AND idx = 0", "Node 2/0 is missing"),
        ("UPDATE audit_head SET size = size - 1", "checkpoint is not the head's"),
        ("UPDATE audit_head SET root = :hash", "checkpoint is not the head's"),
        ("UPDATE audit_head SET frontier = :hash", "frontier"),
        ("UPDATE audit_head SET checkpoint = replace(checkpoint, 'gateway', 'getaway')", "not signed by this log's key"),
        ("UPDATE audit_party SET institution_id = 'riverton' WHERE institution_id = 'lakeside'", "other institutions"),
        ("DELETE FROM audit_party WHERE institution_id = 'lakeside'", "other institutions"),
        ("INSERT INTO audit_party VALUES (1, 'riverton', 4)", "other institutions"),
        ("UPDATE audit_detail SET ciphertext = (SELECT min(ciphertext) FROM audit_detail)", "sealed"),
        (f"UPDATE audit_detail SET key_id = 'another' WHERE entry_id = {AT_4}", "entry 4"),
        (f"DELETE FROM audit_detail WHERE entry_id = {AT_4}", "entry 4"),
        (f"UPDATE audit_detail SET entry_id = 'another' WHERE entry_id = {AT_4}", "audit_detail has rows beyond"),
        ("UPDATE audit_entry SET log_id = 7 WHERE seq = 4", "a log 7 that there is not"),
        ("INSERT INTO audit_node VALUES (1, 9, 9, :hash)", "audit_node has rows beyond"),
        ("INSERT INTO audit_checkpoint VALUES (1, 4, 'another', '[]', 'now')", "not a signed note"),
        ("INSERT INTO audit_checkpoint SELECT 1, 4, checkpoint, '[]', 'now' FROM audit_head", "kept of 4 entries"),
        ("UPDATE audit_log SET accepts = 3", "closed or open"),
        ("UPDATE audit_log SET opened_at = '2026-01-01'", "another time"),
        ("UPDATE audit_head SET successor = 1", "closed or open"),
        ("DELETE FROM audit_head", "has no head"),
        ("DELETE FROM audit_key", "No key"),
    ],
)
def test_a_changed_log_is_told_with_its_place(small_world: World, statement: str, says: str) -> None:
    tamper(small_world.gateway.database, statement)
    with pytest.raises(IntegrityError) as told:
        small_world.gateway.verify_log()
    assert says in told.value.detail
    assert "secret" not in told.value.detail


def test_details_whose_key_an_entry_destroyed_are_out_of_reach_and_the_log_is_whole(small_world: World) -> None:
    """A key that is gone without an entry is told."""
    gateway = small_world.gateway
    with gateway.database.write() as connection:
        [register] = gateway.ring.stored(connection, "provider", LAKESIDE, "register")
        gateway.ring.destroy(connection, register.key_id)
    with pytest.raises(IntegrityError, match="names a key that there is not and that no entry destroyed"):
        gateway.verify_log()
    event = gateway.custody_desk("operator").event("destroyed", LAKESIDE, purpose="register", key=register.key_id)
    gateway.log.append(event)
    verified = gateway.verify_log()
    assert (verified.details, verified.details_out_of_reach) == (0, ENTRIES)
    tamper(gateway.database, f"DELETE FROM audit_detail WHERE entry_id = {AT_4}")
    assert gateway.verify_log().details_out_of_reach == ENTRIES


def test_an_entry_that_commits_to_other_people_than_its_detail_names_is_told(small_world: World) -> None:
    prepare_keys(small_world)
    fill(small_world, 3, 1)
    assert small_world.gateway.verify_log().commitments == 3
    honest = small_world.leaves("disclosure")[-1]
    for name in ("id", "time", "kind", "institutions", "version", "detail"):
        honest.pop(name)
    people = base64.b64encode(BitMap([1, 2]).serialize()).decode()
    detail = orjson.dumps({"version": 1, "body_salt": "", "persons": {"candidate": people}})
    small_world.gateway.log.append(AuditEvent("disclosure", honest, (LAKESIDE,), detail=detail, detail_owner=LAKESIDE))
    with pytest.raises(IntegrityError, match="commits to other people"):
        small_world.gateway.verify_log()


@pytest.mark.parametrize("statement", ["UPDATE decision_input SET content = :other", "DELETE FROM decision_input"])
def test_what_a_decision_was_made_from_must_be_stored_as_it_was(small_world: World, statement: str) -> None:
    prepare_keys(small_world)
    fill(small_world, 3, 1)
    tamper(small_world.gateway.database, statement)
    with pytest.raises(IntegrityError, match="was made from is not stored"):
        small_world.gateway.verify_log()


def test_a_log_that_is_larger_than_a_part_is_read_in_parts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare_keys(world)
    fill(world, 60, 1)
    monkeypatch.setattr(verifying, "CHUNK", 7)
    told: list[tuple[int, int]] = []
    [verified] = world.gateway.verify_logs(lambda done, total: told.append((done, total)))
    size = verified.checkpoint.size
    assert told == [(min(done, size), size) for done in range(7, size + 7, 7)]
    tamper(world.gateway.database, "UPDATE audit_node SET hash = :hash WHERE level = 3 AND idx = 2")
    with pytest.raises(IntegrityError, match=r"Node 3/2 .* \(16 to 23\)"):
        world.gateway.verify_log()


def test_a_log_rewritten_with_its_tree_but_without_the_key_is_found_out(world: World) -> None:
    """Somebody who recomputes leaf, hash, nodes, frontier and root still cannot sign."""
    database, log_id = world.gateway.database, world.gateway.log_id
    with database.read() as connection:
        stored = list(read_entries(connection, log_id))
    leaves = [entry.leaf.replace(b'"number":"3"', b'"number":"8"') for entry in stored]
    frontier, nodes = extend(0, (), [leaf_hash(leaf) for leaf in leaves])
    with database.write() as connection:
        for statement in UNPROTECTED[database.dialect]:
            connection.execute(text(statement))
        for entry, leaf in zip(stored, leaves, strict=True):
            changed = {"leaf": leaf, "hash": leaf_hash(leaf), "seq": entry.index}
            connection.execute(text("UPDATE audit_entry SET leaf = :leaf, leaf_hash = :hash WHERE seq = :seq"), changed)
        for node in nodes:
            moved = {"hash": node.hash, "level": node.level, "idx": node.index}
            connection.execute(text("UPDATE audit_node SET hash = :hash WHERE level = :level AND idx = :idx"), moved)
        connection.execute(
            text("UPDATE audit_head SET frontier = :frontier, root = :root"),
            {"frontier": b"".join(frontier), "root": root(frontier)},
        )
    with pytest.raises(IntegrityError, match="signed checkpoint is not the head's"):
        world.gateway.verify_log()


def test_a_database_restored_from_a_backup_is_not_opened(small_world: World, tmp_path: Path) -> None:
    world = small_world
    file = Path(world.gateway.database.engine.url.database or "")
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("VACUUM INTO ?", (str(tmp_path / "backup.db"),))
    world.later(seconds=5)
    world.gateway.log.append(AuditEvent("trial", {"number": "last"}))
    world.gateway.database.close()
    file.write_bytes((tmp_path / "backup.db").read_bytes())
    for beside in ("-wal", "-shm"):
        file.with_name(file.name + beside).unlink(missing_ok=True)
    with pytest.raises(IntegrityError, match="restored from a backup"):
        open_gateway(world.settings, world.clock)
