"""After a disaster an operator opens a new log, which says what it follows; the old one stays, and nothing goes on in it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

import gateway.accountability.start_again as start_again
from gateway.accountability.start_again import Opened, StartAgain, open_new_log
from gateway.app import Gateway, new_id, open_gateway, open_store
from gateway.domain.auditing import AuditEvent
from gateway.domain.identifiers import EntryId
from gateway.errors import ConfigurationError, IntegrityError, RequestError, Unavailable
from gateway.settings import Settings
from tests.databases import copied_sqlite
from tests.world import World, gateway_world

SECOND = "gateway.local/audit/2"
TRIAL = AuditEvent("trial", {"number": "1"})
BECAUSE = "The disk of the database server failed; restored from the backup of Monday."


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    with gateway_world(tmp_path / "home", database_url) as opened:
        for _ in range(5):
            opened.gateway.log.append(TRIAL)
        opened.later(seconds=5)
        opened.gateway.log.append(TRIAL)
        yield opened


def second(world: World) -> Settings:
    return world.settings.model_copy(update={"log_origin": SECOND})


def start(world: World, settings: Settings | None = None, because: str = BECAUSE, **more: Any) -> Opened:
    settings = settings or second(world)
    database, ring = open_store(settings)
    asked = StartAgain(
        database,
        ring,
        settings.log_origin,
        settings.published_checkpoint,
        because,
        "operator",
        world.clock,
        lambda: EntryId(new_id()),
        **more,
    )
    try:
        return open_new_log(asked)
    finally:
        database.close()


@contextmanager
def again(world: World) -> Iterator[Gateway]:
    with open_gateway(second(world), world.clock) as opened:
        yield opened


@pytest.fixture
def restored(sqlite_template: Path, tmp_path: Path) -> Iterator[World]:
    """A database restored from a backup that lacks one entry of those that were published."""
    (tmp_path / "db").mkdir()
    with copied_sqlite(sqlite_template, tmp_path / "db") as url, gateway_world(tmp_path / "home", url) as world:
        world.gateway.log.append(TRIAL)
        file = Path(world.gateway.database.engine.url.database or "")
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("VACUUM INTO ?", (str(tmp_path / "backup.db"),))
        world.later(seconds=5)
        world.gateway.log.append(TRIAL)
        world.gateway.database.close()
        shutil.copyfile(tmp_path / "backup.db", file)
        for beside in ("-wal", "-shm"):
            file.with_name(file.name + beside).unlink(missing_ok=True)
        with pytest.raises(IntegrityError, match="gateway audit new-log"):
            open_gateway(world.settings, world.clock)
        yield world


def test_a_restored_database_goes_on_in_a_new_log_that_names_what_was_published(restored: World) -> None:
    published = restored.settings.published_checkpoint.read_text(encoding="utf-8")
    opened = start(restored)
    with again(restored) as gateway:
        gateway.log.append(TRIAL)
        restored.gateway = gateway
        first, *_ = restored.leaves()
        assert (first["kind"], first["operation"], first["because"], first["actor"]) == ("log", "opened", BECAUSE, "operator")
        stated = first["previous"]["published"]
        assert [stated["origin"], stated["size"], stated["root"]] == published.split("\n")[:3]
        assert int(first["previous"]["size"]) == int(stated["size"]) - 1
        old, new = gateway.verify_logs()
    assert (old.checkpoint.log_id, new.checkpoint.log_id) == (1, 2) == (opened.closed, opened.log_id)
    assert first["key"] == new.key == opened.key
    assert restored.settings.published_checkpoint.with_name("checkpoint.1").read_text(encoding="utf-8") == published


def test_a_log_that_nothing_is_wrong_with_is_closed_only_when_that_is_said(world: World) -> None:
    with pytest.raises(RequestError, match="--although-whole"):
        start(world)
    start(world, although_whole=True)
    with again(world) as gateway:
        gateway.log.append(TRIAL)
        assert [one.checkpoint.log_id for one in gateway.verify_logs()] == [1, 2]


@pytest.mark.parametrize("new_key", [False, True])
def test_the_new_log_is_signed_by_the_key_that_was_asked_for(world: World, *, new_key: bool) -> None:
    [before] = world.gateway.verify_logs()
    opened = start(world, although_whole=True, new_key=new_key)
    raw = [key.rpartition("+")[2] for key in (before.key, opened.key)]
    assert (raw[0] != raw[1]) == new_key
    with again(world) as gateway:
        gateway.log.append(TRIAL)
        gateway.verify_logs()


def test_an_overlap_of_keys_ends_with_its_log(world: World) -> None:
    from tests.integration.test_log_keys import rotate

    rotate(world.gateway)
    start(world, although_whole=True)
    with again(world) as gateway:
        assert gateway.log.append(TRIAL).checkpoint.note.count("\u2014 ") == 1
        gateway.verify_logs()


def test_a_process_that_runs_appends_nothing_to_a_log_that_was_closed(world: World) -> None:
    start(world, although_whole=True)
    with pytest.raises(Unavailable):
        world.gateway.log.append(TRIAL)
    with pytest.raises(Unavailable, match="another one was opened"), world.gateway.database.write() as connection:
        world.gateway.log.append_in(connection, TRIAL)


def test_the_new_logs_origin_must_be_set_and_new(world: World) -> None:
    with pytest.raises(RequestError, match="GATEWAY_LOG_ORIGIN"):
        start(world, world.settings, although_whole=True)
    start(world, although_whole=True)
    with pytest.raises(ConfigurationError, match=SECOND):
        open_gateway(world.settings, world.clock)
    with pytest.raises(RequestError, match="GATEWAY_LOG_ORIGIN"):
        start(world, although_whole=True)


@pytest.mark.parametrize("because", ["", "  ", "two\nlines", "x" * 501])
def test_a_reason_that_cannot_be_kept_is_refused(world: World, because: str) -> None:
    with pytest.raises(RequestError, match="--because"):
        start(world, because=because, although_whole=True)


def test_an_old_log_that_is_changed_after_it_was_closed_is_found_out(world: World) -> None:
    """Even by somebody who has its key: the new log says where it stood."""
    from sqlalchemy import text

    start(world, although_whole=True)
    with world.gateway.database.write() as connection:
        connection.execute(text("UPDATE audit_head SET successor = NULL WHERE log_id = 1"))
    world.gateway.log.append(TRIAL)
    with world.gateway.database.write() as connection:
        connection.execute(text("UPDATE audit_head SET successor = 2 WHERE log_id = 1"))
    with again(world) as gateway, pytest.raises(IntegrityError, match="Log 1 is not as the first entry of log 2 says"):
        gateway.verify_logs()


@pytest.mark.parametrize("point", ["_keep_published", "_open", "write_published"])
def test_opening_that_was_cut_short_is_finished_by_doing_it_again(
    restored: World, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    class CutShortError(Exception):
        pass

    done = getattr(start_again, point)

    def then_dies(*arguments: Any) -> None:
        done(*arguments)
        raise CutShortError

    with monkeypatch.context() as patch:
        patch.setattr(start_again, point, then_dies)
        with pytest.raises(CutShortError):
            start(restored)
    if point == "write_published":
        with pytest.raises(RequestError):
            start(restored)
    else:
        assert start(restored).log_id == 2
    with again(restored) as gateway:
        gateway.log.append(TRIAL)
        assert [one.checkpoint.log_id for one in gateway.verify_logs()] == [1, 2]


def test_a_new_log_that_is_restored_to_before_it_was_opened_is_refused(restored: World, tmp_path: Path) -> None:
    start(restored)
    shutil.copyfile(tmp_path / "backup.db", tmp_path / "db" / "gateway.db")
    with pytest.raises(IntegrityError, match="does not have"):
        open_gateway(restored.settings, restored.clock)
