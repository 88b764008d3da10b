"""The log is exported in signed segments: whole or not at all, continued where it was cut short, verified without a database."""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

import gateway.accountability.archive as archiving
from gateway.accountability.archive import Archived, archive
from gateway.accountability.segments import write_segment
from gateway.accountability.verify_archive import VerifiedArchive, verify_archive
from gateway.app import Gateway
from gateway.custody.log_keys import rotate_log_key
from gateway.domain.auditing import AuditEvent
from gateway.errors import IntegrityError, RequestError, Unavailable
from gateway.store.audit_rows import read_range
from gateway.tlog.key_chain import parse_vkey
from gateway.tlog.note import Signer
from tests.filled_log import fill, prepare_keys
from tests.integration.test_start_again import again, start
from tests.world import World, gateway_world

ENTRIES, EACH = 40, 16
TRIAL = AuditEvent("trial", {"number": "1"})
OTHER = b'{"id":"x","institutions":[],"kind":"trial"}'


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    with gateway_world(tmp_path / "home", database_url) as opened:
        prepare_keys(opened)
        fill(opened, ENTRIES, 1)
        yield opened


def export(gateway: Gateway, folder: Path, each: int = EACH) -> Archived:
    return archive(folder, each, gateway.archive_desk("operator"))


def held(folder: Path, *keys: str) -> list[VerifiedArchive]:
    return verify_archive(folder, [parse_vkey(key) for key in keys])


def key(gateway: Gateway) -> str:
    return gateway.log_signers.now.verifier.vkey


def test_an_archive_is_verified_with_the_public_key_alone(world: World, tmp_path: Path) -> None:
    public = key(world.gateway)
    done = export(world.gateway, tmp_path / "archive")
    head = world.gateway.verify_log().checkpoint
    world.gateway.database.close()
    [log] = held(tmp_path / "archive", public)
    assert (log.checkpoint.size, log.details) == (done.entries, ENTRIES)
    assert log.checkpoint.size == head.size - 1, "the entry that says that it is done comes after"


def test_an_export_is_on_the_log_before_its_first_file_and_after_its_last(world: World, tmp_path: Path) -> None:
    done = export(world.gateway, tmp_path / "archive")
    begun, ended = world.leaves("archive")
    assert (begun["operation"], begun["actor"]) == ("begun", "operator")
    assert (ended["operation"], ended["entries"], ended["id"]) == ("archived", str(done.entries), done.entry.entry)
    first = (tmp_path / "archive" / "log-1" / "000000000032-000000000009.jsonl.gz").read_bytes()
    assert begun["id"].encode() in gzip.decompress(first)


def test_details_stay_sealed_in_an_archive(world: World, tmp_path: Path) -> None:
    export(world.gateway, tmp_path / "archive")
    for file in (tmp_path / "archive" / "log-1").glob("*.gz"):
        content = gzip.decompress(file.read_bytes())
        assert b"sealed" in content
        assert b"persons" not in content


def test_what_is_archived_is_not_written_again(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    assert export(world.gateway, folder).written == 3
    before = (folder / "log-1" / "000000000000-000000000016.jsonl.gz").stat().st_mtime_ns
    fill(world, EACH, 2)
    assert export(world.gateway, folder).written == 2
    assert (folder / "log-1" / "000000000000-000000000016.jsonl.gz").stat().st_mtime_ns == before
    assert len(list((folder / "log-1").glob("*.gz"))) == 4
    held(folder, key(world.gateway))


class CutShortError(Exception):
    pass


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("point", ["write_segment", "write_whole"])
def test_an_export_that_was_cut_short_goes_on_and_never_spoils_the_one_before(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str, nth: int
) -> None:
    folder = tmp_path / "archive"
    before = export(world.gateway, folder)
    fill(world, 3 * EACH, 2)
    left = [nth]
    whole: Any = getattr(archiving, point)

    def then_dies(*arguments: Any) -> Any:
        made = whole(*arguments)
        left[0] -= 1
        if not left[0]:
            raise CutShortError
        return made

    with monkeypatch.context() as patch:
        patch.setattr(archiving, point, then_dies)
        with suppress(CutShortError):
            export(world.gateway, folder)
    [log] = held(folder, key(world.gateway))
    assert log.checkpoint.size >= before.entries
    after = export(world.gateway, folder)
    assert held(folder, key(world.gateway))[0].checkpoint.size == after.entries
    assert [leaf["operation"] for leaf in world.leaves("archive")][-1] == "archived"


def test_a_first_export_that_was_cut_short_is_no_archive_yet(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*_: Any) -> Any:
        raise CutShortError

    with monkeypatch.context() as patch:
        patch.setattr(archiving, "write_segment", dies)
        with pytest.raises(CutShortError):
            export(world.gateway, tmp_path / "archive")
    with pytest.raises(IntegrityError, match="checkpoint is missing"):
        held(tmp_path / "archive", key(world.gateway))


def test_any_changed_byte_of_an_archive_is_found(world: World, tmp_path: Path) -> None:
    folder, chance = tmp_path / "archive", random.Random(7)
    export(world.gateway, folder)
    public = key(world.gateway)
    world.gateway.database.close()
    files = [file for file in folder.rglob("*") if file.is_file()]
    for file in files * 12:
        content = file.read_bytes()
        at = chance.randrange(len(content))
        file.write_bytes(content[:at] + bytes([content[at] ^ (1 << chance.randrange(8))]) + content[at + 1 :])
        with pytest.raises(IntegrityError):
            held(folder, public)
        file.write_bytes(content)
    held(folder, public)
    for file in files:
        content = file.read_bytes()
        file.unlink()
        with pytest.raises(IntegrityError):
            held(folder, public)
        file.write_bytes(content)
    (folder / "log-1" / "more.txt").write_text("more", encoding="utf-8")
    with pytest.raises(IntegrityError, match=r"more\.txt"):
        held(folder, public)


def test_a_segment_that_somebody_with_another_key_made_is_refused(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    export(world.gateway, folder)
    stranger = Signer("gateway.local/audit/1", Ed25519PrivateKey.generate())
    with world.gateway.database.read() as connection:
        entries = read_range(connection, 1, 0, EACH)
    write_segment(folder / "log-1", 0, [entries], stranger)
    with pytest.raises(IntegrityError, match="not signed by this log's key"):
        held(folder, key(world.gateway))
    with pytest.raises(IntegrityError, match="not the gateway's"):
        held(folder, stranger.verifier.vkey)


def test_an_entry_that_was_changed_is_not_archived(world: World, tmp_path: Path) -> None:
    with world.gateway.database.write() as connection:
        off = (
            "DROP TRIGGER audit_entry_no_update"
            if world.gateway.database.dialect == "sqlite"
            else "SET session_replication_role = replica"
        )
        connection.execute(text(off))
        connection.execute(text("UPDATE audit_entry SET leaf = :leaf WHERE seq = 20"), {"leaf": OTHER})
    with pytest.raises(IntegrityError, match="Entry 20"):
        export(world.gateway, tmp_path / "archive")
    assert [leaf["operation"] for leaf in world.leaves("archive")] == ["begun"]


def test_a_replaced_key_and_a_closed_log_are_archived_too(world: World, tmp_path: Path) -> None:
    gateway, folder = world.gateway, tmp_path / "archive"
    first = key(gateway)
    rotate_log_key(1, gateway.log_signers, gateway.custody_desk("operator"), timedelta(days=1))
    gateway.log.append(TRIAL)
    start(world, although_whole=True, new_key=True)
    with again(world) as following:
        following.log.append(TRIAL)
        export(following, folder)
        old, new = held(folder, first, key(following))
        assert (old.checkpoint.log_id, new.checkpoint.log_id) == (1, 2)
        with pytest.raises(IntegrityError, match="log 2"):
            held(folder, first)


def test_segments_are_of_one_size(world: World, tmp_path: Path) -> None:
    export(world.gateway, tmp_path / "archive")
    with pytest.raises(RequestError, match="--entries 16"):
        export(world.gateway, tmp_path / "archive", 32)
    for each in (0, 8, 24, 1 << 21):
        with pytest.raises(RequestError, match="power of two"):
            export(world.gateway, tmp_path / "other", each)


def test_a_folder_that_cannot_be_written_is_told(world: World, tmp_path: Path) -> None:
    (tmp_path / "archive").write_text("a file", encoding="utf-8")
    with pytest.raises(Unavailable):
        export(world.gateway, tmp_path / "archive")


def test_what_is_no_archive_is_told(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="not an archive"):
        held(tmp_path)
