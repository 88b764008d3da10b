"""What deploy/ starts is what the program has: its settings, its commands, the OPA server that the tests run."""

from __future__ import annotations

import re
import shlex
import shutil
import socket
import subprocess
import time
from pathlib import Path

import orjson
import pytest
from opa_client.opa import OpaClient
from ruamel.yaml import YAML

from gateway.pdp.opa_server import OpaServerPdp
from gateway.pdp.read_bundle import read_bundle
from gateway.settings import Settings, read_settings
from gateway.shipped import shipped
from tests.commands import commands

TOP = Path(__file__).resolve().parents[2]
DEPLOY = TOP / "deploy"
SETTING = re.compile(r"^(#?)(GATEWAY_[A-Z0-9_]+)=(.*)$", re.MULTILINE)
IMAGE = re.compile(r"^(?:FROM|\s+image:) (\S+)", re.MULTILINE)
NAMES = {f"GATEWAY_{name.upper()}" for name in Settings.model_fields}
OTHER_FILES = ("compose.yaml", "Dockerfile", "gateway.service", "caddy/Caddyfile", "prometheus/gateway.rules.yaml", "README.md")


def text(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def tree(path: Path) -> dict[str, dict[str, dict[str, object]]]:
    found: dict[str, dict[str, dict[str, object]]] = YAML(typ="safe", pure=True).load(path)
    return found


def service(name: str) -> dict[str, object]:
    return tree(DEPLOY / "compose.yaml")["services"][name]


def unit(name: str, directive: str) -> str:
    """The value of the one line `directive=` of a systemd unit."""
    (value,) = re.findall(rf"^{directive}=(.*)$", text(name), re.MULTILINE)
    return str(value)


def opa_arguments(command: list[str]) -> list[str]:
    """The arguments with the places where address and bundle differ from one installation to the next blanked."""
    blanked = list(command)
    for option in ("--addr", "--bundle"):
        blanked[blanked.index(option) + 1] = option
    return blanked


def test_environment_example_has_every_setting_once_and_no_other() -> None:
    named = [name for _, name, _ in SETTING.findall(text("gateway.env.example"))]
    assert sorted(named) == sorted(NAMES)


def test_each_line_that_is_commented_out_shows_the_default() -> None:
    for commented, name, value in SETTING.findall(text("gateway.env.example")):
        default = Settings.model_fields[name.removeprefix("GATEWAY_").lower()].default
        if commented and default is not None:
            assert value == str(default), name


def test_environment_example_is_read_without_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    for _, name, value in SETTING.findall(text("gateway.env.example")):
        monkeypatch.setenv(name, value)
    settings = read_settings()
    assert settings.issuer == "https://gateway.example.org"
    assert settings.keys == settings.home / "keys" / "kek.key"


@pytest.mark.parametrize("name", OTHER_FILES)
def test_no_file_sets_what_the_program_does_not_read(name: str) -> None:
    # Two are the proxy's own.
    assert set(re.findall(r"\bGATEWAY_[A-Z0-9_]+\b", text(name))) <= NAMES | {"GATEWAY_NAME", "GATEWAY_UPSTREAM"}


@pytest.mark.parametrize(
    "path",
    [
        DEPLOY / "compose.yaml",
        DEPLOY / "prometheus" / "gateway.rules.yaml",
        DEPLOY / "prometheus" / "gateway.rules.test.yaml",
        TOP / ".pre-commit-config.yaml",
    ],
    ids=lambda path: path.name,
)
def test_yaml_is_read_without_a_duplicate_key(path: Path) -> None:
    assert tree(path)


def test_every_start_command_is_a_command_of_the_gateway() -> None:
    started = [service("migrate")["command"], service("gateway")["command"]]
    started += [orjson.loads(found) for found in re.findall(r"^CMD (\[.*\])$", text("Dockerfile"), re.MULTILINE)]
    started += [shlex.split(unit("gateway.service", name)) for name in ("ExecStartPre", "ExecStart")]
    words = [tuple(str(word) for word in command[1:]) for command in started if isinstance(command, list)]
    assert sorted(words) == [("db", "upgrade")] * 2 + [("serve",)] * 3
    assert set(words) <= commands()


def test_the_commands_of_the_readme_exist() -> None:
    named = re.findall(r"^gateway-run ([a-z]+)(?: ([a-z]+))?", text("README.md"), re.MULTILINE)
    assert named
    for first, second in named:
        assert {(first,), (first, second)} & commands(), (first, second)


def test_the_image_does_not_run_as_root() -> None:
    (user,) = re.findall(r"^USER (\S+)$", text("Dockerfile"), re.MULTILINE)
    assert user.partition(":")[0] not in {"", "0", "root"}


def test_every_image_has_a_tag_that_is_a_version() -> None:
    images = IMAGE.findall(text("Dockerfile")) + IMAGE.findall(text("compose.yaml"))
    assert len(images) > 4
    for image in images:
        assert re.fullmatch(r"[a-z/-]+:[0-9][a-z0-9.-]*", image), image


def test_only_the_proxy_has_a_published_port() -> None:
    services = tree(DEPLOY / "compose.yaml")["services"]
    assert [name for name, found in services.items() if "ports" in found] == ["proxy"]
    assert {name for name, found in services.items() if "policy" in str(found["networks"])} == {"gateway", "opa"}


@pytest.mark.parametrize("name", ["compose.yaml", "gateway.env.example", "gateway.service", "Dockerfile"])
def test_no_secret_stands_in_a_file(name: str) -> None:
    for value in re.findall(r"(?i)password\w*[:=][ \t]*(\S+)", text(name)):
        assert value.startswith("/run/secrets/"), value
    assert not re.search(r"://[^/\s:@]+:[^/\s@]+@", text(name))


def test_compose_and_systemd_start_the_same_opa_server() -> None:
    composed = service("opa")["command"]
    assert isinstance(composed, list)
    (line,) = re.findall(r"^ExecStart=\S+ (.*)$", text("opa/gateway-opa.service"), re.MULTILINE)
    assert opa_arguments(shlex.split(line)) == opa_arguments([str(word) for word in composed])


def test_the_opa_server_answers_as_deployed(opa_binary: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = service("opa")["command"]
    assert isinstance(command, list)
    bundle = shipped("policies") / "bundle"
    places = {"0.0.0.0:8181": f"127.0.0.1:{port}", "/bundle/bundle.tgz": str(bundle / "bundle.tgz")}
    process = subprocess.Popen([opa_binary, *(places.get(str(word), str(word)) for word in command)], stderr=subprocess.DEVNULL)
    try:
        client = OpaClient(port=port)
        client.wait_for_ready(timeout=20, interval=0.05)
        client.close_connection()
        engine = OpaServerPdp("127.0.0.1", port, clock=time.monotonic)
        answer, revisions = engine.exchange({})
        engine.close()
    finally:
        process.terminate()
        process.wait(timeout=10)
    assert revisions == {read_bundle(bundle).digest}
    assert isinstance(answer, dict)
    assert answer["decision"] == "deny"
    assert [reason["rule"] for reason in answer["reasons"]] == ["GW-REQ-01"]


@pytest.mark.parametrize("name", ["gateway.service", "opa/gateway-opa.service"])
def test_systemd_reads_its_units(name: str, tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("needs systemd-analyze")
    copy = tmp_path / Path(name).name
    copy.write_text(re.sub(r"(?m)^(ExecStart(?:Pre)?)=\S+", r"\1=/bin/true", text(name)), encoding="utf-8")
    done = subprocess.run([program, "verify", "--man=no", str(copy)], capture_output=True, text=True, check=False)
    # Other units of this machine are not ours to judge.
    assert [line for line in done.stderr.splitlines() if copy.name in line] == []


def test_each_alarm_comes_when_it_should_and_only_then() -> None:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("needs promtool")
    rules = DEPLOY / "prometheus"
    for command in (("check", "rules", "--lint=all", "gateway.rules.yaml"), ("test", "rules", "gateway.rules.test.yaml")):
        done = subprocess.run([program, *command], cwd=rules, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_each_alarm_is_tried() -> None:
    alarms = re.findall(r"^ +- alert: (\w+)$", text("prometheus/gateway.rules.yaml"), re.MULTILINE)
    tried = set(re.findall(r'alertname="(\w+)"', text("prometheus/gateway.rules.test.yaml")))
    assert alarms
    assert set(alarms) == tried
