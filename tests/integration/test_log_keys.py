"""A log is given another signing key while processes append to it: both keys are honoured, and old checkpoints verify."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.app import Gateway, open_gateway
from gateway.custody.log_keys import RotatedLogKey, rotate_log_key
from gateway.domain.auditing import AuditEvent, Checkpoint
from gateway.errors import IntegrityError
from gateway.prepare import prepare
from gateway.store.audit_log import read_keys
from gateway.tlog.checkpoint import open_checkpoint
from gateway.tlog.key_chain import parse_vkey, read_chain, signed_by
from tests.world import World, gateway_world

OVERLAP = timedelta(days=30)
TRIAL = AuditEvent("trial", {"number": "1"})


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    with gateway_world(tmp_path / "home", database_url) as opened:
        opened.gateway.log.append(TRIAL)
        yield opened


def rotate(gateway: Gateway, overlap: timedelta = OVERLAP) -> RotatedLogKey:
    return rotate_log_key(gateway.log_id, gateway.log_signers, gateway.custody_desk("operator"), overlap)


def keys_of(checkpoint: Checkpoint) -> int:
    return len(signed_by(checkpoint.note, "gateway.local/audit/1"))


def test_both_keys_sign_until_the_overlap_is_over_then_the_new_one_alone(world: World) -> None:
    before = world.gateway.log.append(TRIAL).checkpoint
    done = rotate(world.gateway)
    old, new = parse_vkey(done.before), parse_vkey(done.key)
    meanwhile = world.gateway.log.append(TRIAL).checkpoint
    assert open_checkpoint(1, meanwhile.note, old) == open_checkpoint(1, meanwhile.note, new) == meanwhile
    world.later(days=30, seconds=1)
    after = world.gateway.log.append(TRIAL).checkpoint
    assert open_checkpoint(1, after.note, new) == after
    with pytest.raises(IntegrityError):
        open_checkpoint(1, after.note, old)
    assert open_checkpoint(1, before.note, old) == before
    assert world.gateway.verify_log().key == done.key


def test_the_change_stands_on_the_log_and_in_a_note_of_both_keys(world: World) -> None:
    done = rotate(world.gateway)
    [leaf] = world.leaves("log")
    assert (leaf["operation"], leaf["before"], leaf["key"], leaf["actor"]) == ("rotated", done.before, done.key, "operator")
    with world.gateway.database.read() as connection:
        notes = read_keys(connection, 1)
    assert notes[1] == done.note
    for known in (done.before, done.key):
        trusted = {parse_vkey(known).key.public_bytes_raw()}
        assert [key.verifier.vkey for key in read_chain(1, "gateway.local/audit/1", notes, trusted).keys] == [done.before, done.key]


def test_another_process_signs_with_the_new_key_from_its_next_entry_on(world: World) -> None:
    with open_gateway(world.settings, world.clock) as other:
        rotate(world.gateway)
        assert keys_of(other.log.append(TRIAL).checkpoint) == 2
        rotate(other, timedelta(0))
        assert keys_of(world.gateway.log.append(TRIAL).checkpoint) == 1
        world.gateway.verify_log()


def test_keys_follow_one_another_during_an_overlap(world: World) -> None:
    keys = {rotate(world.gateway).key, rotate(world.gateway).key}
    assert keys_of(world.gateway.log.append(TRIAL).checkpoint) == 3
    world.later(days=31)
    assert keys_of(world.gateway.log.append(TRIAL).checkpoint) == 1
    assert world.gateway.verify_log().key in keys


def test_a_rotation_that_fails_leaves_the_key_before(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_entry(*_: object) -> None:
        raise IntegrityError("no")

    with monkeypatch.context() as patch:
        patch.setattr(world.gateway.log, "append_in", no_entry)
        with pytest.raises(IntegrityError):
            rotate(world.gateway)
    key = world.gateway.verify_log().key
    assert keys_of(world.gateway.log.append(TRIAL).checkpoint) == 1
    assert world.gateway.verify_log().key == key


def test_a_checkpoint_that_only_the_replaced_key_signed_is_refused_afterwards(world: World) -> None:
    """Whoever stole the old key could sign, but not for a size that the new key must have signed."""
    stolen = world.gateway.log_signers.now
    rotate(world.gateway, timedelta(0))
    world.later(days=1)
    forged = stolen.sign(world.gateway.log.append(TRIAL).checkpoint.note.partition("\n\n")[0] + "\n")
    world.gateway.settings.published_checkpoint.write_text(forged, encoding="utf-8")
    with pytest.raises(IntegrityError, match="key of that time"):
        world.gateway.verify_log()


def test_a_log_from_before_keys_were_announced_announces_its_own(world: World, tmp_path: Path) -> None:
    from sqlalchemy import text

    sqlite = world.gateway.database.dialect == "sqlite"
    with world.gateway.database.write() as connection:
        allowed = "DROP TRIGGER audit_key_no_delete" if sqlite else "ALTER TABLE audit_key DISABLE TRIGGER USER"
        connection.execute(text(allowed))
        connection.execute(text("DELETE FROM audit_key"))
    with pytest.raises(IntegrityError, match="gateway db upgrade"):
        world.gateway.verify_log()
    prepare(world.settings, world.clock)
    world.gateway.verify_log()
