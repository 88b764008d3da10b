"""Programs that others wrote read the log over HTTP: Go's checksum database checks every tile, entry and proof of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.conftest import lacking, new_database
from tests.databases import BACKENDS, copied_sqlite
from tests.serving import served
from tests.world import World, placement_world

SOURCE = Path(__file__).resolve().parents[1] / "tlog_reader"
AUDITOR, PARTNER = "lakeside-auditor", "riverton-sis"
ENTRIES = 300


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Go program, built from pinned sums."""
    if shutil.which("go") is None:
        lacking("needs Go to build the independent reader")
    program = tmp_path_factory.mktemp("tlog_reader") / "tlog_reader"
    build = ["go", "-C", str(SOURCE), "build", "-mod=readonly", "-o", str(program), "."]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    if done.returncode != 0 and os.environ.get("GATEWAY_TEST_ALL") != "1":
        pytest.skip(f"Go's modules are out of reach: {done.stderr[-300:]}")
    assert done.returncode == 0, done.stderr
    return program


@pytest.fixture(scope="module", params=BACKENDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("independent")
    with new_database(request.param, request, folder) as url, placement_world(folder / "home", url) as opened:
        opened.client(AUDITOR, "riverton", scopes=("audit:tiles",))
        yield opened


def page(world: World) -> str:
    answer = world.api.get("/v1/candidates", world.token(PARTNER), limit="1")
    return str(answer.headers["gateway-entry"])


def read(reader: Path, world: World, *more: str, vkey: str = "") -> tuple[int, str]:
    """Exit code, and what it printed."""
    with served(world) as address:
        options = ["-url", f"{address}/audit", "-token", world.token(AUDITOR), "-vkey", vkey or world.gateway.log_vkeys[0], *more]
        done = subprocess.run([str(reader), *options], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def whole(reader: Path, world: World, *more: str) -> dict[str, Any]:
    code, said = read(reader, world, *more)
    assert code == 0, said
    return dict(json.loads(said))


def kept_checkpoint(world: World, folder: Path) -> Path:
    file = folder / "checkpoint"
    file.write_text(world.api.get("/audit/checkpoint", world.token(AUDITOR)).text)
    return file


def test_go_derives_the_root_again_and_finds_every_entry_and_every_earlier_size(reader: Path, world: World, tmp_path: Path) -> None:
    earlier = kept_checkpoint(world, tmp_path)
    proved = [page(world) for _ in range(5)]
    while len(world.leaves()) < ENTRIES:
        page(world)
    found = whole(reader, world, "-entries", ",".join(proved), "-earlier", str(earlier))
    size = found["size"]
    assert size >= ENTRIES
    assert found["origin"] == world.settings.log_origin
    assert (found["entries"], found["inclusions"], found["consistency"]) == (size, size, size)
    assert (found["proofs"], found["from_earlier"]) == (5, True)
    leaves = world.leaves("log_read")
    assert len([leaf for leaf in leaves if leaf["what"] == "proof"]) == 5
    assert found["fetched"] <= len([leaf for leaf in leaves if leaf["client"] == AUDITOR])


def test_go_refuses_another_key(reader: Path, world: World) -> None:
    key = world.gateway.log_vkeys[0]
    other = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    assert key != other
    code, said = read(reader, world, vkey=other)
    assert code == 1
    assert "note has no verifiable signatures" in said


def test_go_finds_an_entry_and_a_hash_that_were_changed_in_the_database(
    reader: Path, tmp_path: Path, sqlite_template: Path
) -> None:
    with copied_sqlite(sqlite_template, tmp_path) as url, placement_world(tmp_path / "home", url) as world:
        world.client(AUDITOR, "riverton", scopes=("audit:tiles",))
        page(world)
        assert whole(reader, world)["entries"] > 20
        change(world, "DROP TRIGGER audit_entry_no_update", "UPDATE audit_entry SET leaf = x'7b7d' WHERE seq = 20")
        code, said = read(reader, world)
        assert (code, "entry 20" in said) == (1, True), said
        change(world, "UPDATE audit_entry SET leaf_hash = zeroblob(32) WHERE seq = 20")
        code, said = read(reader, world)
        assert (code, "downloaded inconsistent tile" in said) == (1, True), said


def change(world: World, *statements: str) -> None:
    """Behind the gateway's back."""
    with world.gateway.database.write() as connection:
        for statement in statements:
            connection.execute(text(statement))
