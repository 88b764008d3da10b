"""Commands that change the log's keys, close it or export it are killed at each named point: what stands verifies, and they are
done by running them again."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.app import open_gateway
from gateway.domain.auditing import AuditEvent
from gateway.errors import ConfigurationError
from tests.campaigns.crash import AUDIT_POINTS
from tests.campaigns.kills import environment
from tests.conftest import new_database
from tests.filled_log import fill, prepare_keys
from tests.world import World, gateway_world

TOP = Path(__file__).resolve().parents[2]
SECOND = "gateway.local/audit/2"
NEW_LOG = ("new-log", "--because", "A drill.", "--although-whole")
CASES = [
    ("archive", "segment_written", 2),
    ("archive", "file_whole", 1),
    ("rotate-key", "key_announced", 1),
    ("rotate-key", "entry_written", 1),
    ("new-log", "old_checkpoint_kept", 1),
    ("new-log", "log_closed", 1),
    ("new-log", "entry_written", 1),
    ("new-log", "log_opened", 1),
]
ON_SERVERS = ("segment_written", "key_announced")


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with new_database(request.param, request, tmp_path) as url, gateway_world(tmp_path / "home", url) as opened:
        prepare_keys(opened)
        fill(opened, 20, 1)
        yield opened


def run(world: World, *arguments: str, **more: str) -> int:
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(
        command, env=environment(world.folder, world.settings.database, **more), cwd=TOP, capture_output=True, check=False
    )
    return done.returncode


def words(command: str, tmp_path: Path) -> tuple[str, ...]:
    return {
        "archive": ("archive", str(tmp_path / "archive"), "--entries", "16"),
        "rotate-key": ("rotate-key",),
        "new-log": NEW_LOG,
    }[command]


@pytest.mark.parametrize(
    ("world", "command", "point", "nth"),
    [("sqlite", *case) for case in CASES] + [("postgresql", *case) for case in CASES if case[1] in ON_SERVERS],
    indirect=["world"],
)
def test_a_killed_command_leaves_a_log_that_verifies_and_is_done_by_running_it_again(
    world: World, tmp_path: Path, command: str, point: str, nth: int
) -> None:
    asked, more = words(command, tmp_path), {"GATEWAY_LOG_ORIGIN": SECOND} if command == "new-log" else {}
    assert run(world, "tests.campaigns.crash", "audit", point, str(nth), *asked, **more) == -signal.SIGKILL, (
        "the point was not reached"
    )
    if point == "log_opened":
        with pytest.raises(ConfigurationError, match="origin"):
            open_gateway(world.settings, world.clock)
    else:
        with open_gateway(world.settings, world.clock) as same:
            same.log.append(AuditEvent("trial", {"number": "1"}))
            same.verify_logs()
    assert run(world, "gateway", "audit", *asked, **more) == 0
    settings = world.settings.model_copy(update={"log_origin": SECOND}) if more else world.settings
    with open_gateway(settings, world.clock) as after:
        after.log.append(AuditEvent("trial", {"number": "2"}))
        assert len(after.verify_logs()) == (2 if more else 1)
    key = after.log_signers.now.verifier.vkey
    if command == "archive":
        assert run(world, "gateway", "audit", "verify", "--archive", str(tmp_path / "archive"), "--key", key) == 0


def test_every_point_is_one_at_which_a_command_is_killed() -> None:
    assert {point for _, point, _ in CASES} == AUDIT_POINTS.keys()
