"""What policies/README.md says about a site's own policies is run as it is written, and `gateway serve` takes what changes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from gateway.pdp.read_bundle import ARCHIVE, read_bundle, read_operator_bundle
from gateway.pdp.signature import read_bundle_key
from gateway.shipped import shipped
from tests.bundles import other_bundle, put
from tests.databases import free_port
from tests.journeys.cli import START_SECONDS, Operator
from tests.opa_process import opa_process, until
from tests.world import World, placement_world

README = (shipped("policies") / "README.md").read_text(encoding="utf-8")
CLIENT = "riverton-sis"


def _fenced(heading: str, language: str) -> list[str]:
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)


def _run(script: str, folder: Path, opa: str) -> None:
    program = script.replace("python -m", f"{sys.executable} -m")
    path = os.pathsep.join([str(Path(opa).parent), os.environ["PATH"]])
    top = str(shipped("policies").parent)
    environment = {**os.environ, "PATH": path, "OPA": opa, "PYTHONPATH": top}
    done = subprocess.run(["sh", "-e", "-c", program], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def example(opa_binary: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The README's own rules, built by its own command."""
    folder = tmp_path_factory.mktemp("site")
    [rego], [command] = _fenced("Change the rules at your site", "rego"), _fenced("Change the rules at your site", "sh")
    (folder / "operator.rego").write_text(rego, encoding="utf-8")
    _run(command, folder, opa_binary)
    return folder / "operator.tgz"


def test_the_readmes_rules_refuse_what_they_say(example: Path, tmp_path: Path, sqlite_template: Path) -> None:
    url = f"sqlite:///{tmp_path / 'gateway.db'}"
    (tmp_path / "gateway.db").write_bytes(sqlite_template.read_bytes())
    with placement_world(tmp_path / "home", url, operator_bundle=example) as world:
        token = world.token(CLIENT)
        plain = world.api.get("/v1/fieldworkExperiences", token, limit="2")
        assert plain.status_code == httpx.codes.OK
        assert world.leaves()[-1]["operator_policy"] == read_operator_bundle(example).digest
        school = str(plain.json()["data"][0]["schoolReference"]["schoolId"])
        refused = world.api.get("/v1/fieldworkExperiences", token, **{"schoolReference.schoolId": school})
        assert refused.status_code == httpx.codes.FORBIDDEN
        [reason] = refused.json()["reasons"]
        assert reason["rule"] == "X-LAKESIDE-02"
        assert reason["title"] == "Nobody filters placements by school"
        assert world.leaves()[-1]["rules"] == ["X-LAKESIDE-02"]


def test_the_readmes_signed_bundle_is_read_by_both_engines(opa_binary: str, tmp_path: Path) -> None:
    [commands] = _fenced("Sign the bundle", "sh")
    _run(commands, tmp_path, opa_binary)
    archive, public = tmp_path / "bundle.tgz", tmp_path / "bundle.pub"
    assert read_bundle(archive, read_bundle_key(public)).digest == read_bundle(shipped("policies") / "bundle").digest
    [options] = re.findall(r"`(--verification-key [^`]*)`", README)
    arguments = [str(tmp_path / word) if word.endswith(".pub") else word for word in options.split()]
    with opa_process(opa_binary, archive, *arguments) as server:
        assert server.running


@pytest.fixture
def served(tmp_path: Path, sqlite_template: Path) -> tuple[Operator, str]:
    """An operator of the example's gateway, and a token for it that is good now."""
    (tmp_path / "gateway.db").write_bytes(sqlite_template.read_bytes())
    url = f"sqlite:///{tmp_path / 'gateway.db'}"
    with placement_world(tmp_path / "home", url) as world:
        token = _token_for_now(world)
    put(shipped("policies") / "bundle" / ARCHIVE, tmp_path / "bundle.tgz")
    settings: Mapping[str, str] = {
        "GATEWAY_BUNDLE": str(tmp_path / "bundle.tgz"),
        "GATEWAY_ISSUER": world.settings.issuer,
        "GATEWAY_ALLOWED_HOSTS": "127.0.0.1",
    }
    return Operator(tmp_path / "home", url, free_port(), more=tuple(settings.items())), token


def _token_for_now(world: World) -> str:
    world.now = world.now.now(world.now.tzinfo)
    return world.token(CLIENT)


def test_a_serving_gateway_takes_a_changed_bundle_and_keeps_the_old_for_a_bad_one(
    served: tuple[Operator, str], tmp_path: Path, opa_binary: str
) -> None:
    operator, token = served
    place, other = tmp_path / "bundle.tgz", other_bundle(tmp_path, opa_binary)
    server = subprocess.Popen([sys.executable, "-m", "gateway", "serve"], env=operator.environment)
    client = httpx.Client(base_url=operator.address, headers={"Authorization": f"Bearer {token}"})

    def ready() -> object:
        """The names of what fails; None before the server answers."""
        try:
            answer = client.get("/readyz")
        except httpx.TransportError:
            return None
        return [] if answer.is_success else answer.json()["failing"]

    def rules() -> list[str]:
        return [reason["rule"] for reason in client.get("/v1/candidates").json().get("reasons", [])]

    try:
        until(lambda: ready() == [], START_SECONDS)
        before = rules()
        assert "X-TEST-01" not in before
        put(other, place)
        until(lambda: "X-TEST-01" in rules(), START_SECONDS)
        place.write_bytes(b"half a bundle")
        until(lambda: ready() == ["policy_bundle"], START_SECONDS)
        assert "X-TEST-01" in rules()
        put(shipped("policies") / "bundle" / ARCHIVE, place)
        server.send_signal(signal.SIGHUP)
        until(lambda: ready() == [], START_SECONDS)
        until(lambda: rules() == before, START_SECONDS)
    finally:
        client.close()
        server.terminate()
        server.wait()
