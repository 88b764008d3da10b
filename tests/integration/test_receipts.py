"""A partner keeps an answer as the document says and verifies it offline, by the separate command; also after the log has grown."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.receipt.command import main
from tests.conftest import lacking, new_database
from tests.databases import BACKENDS
from tests.serving import served
from tests.world import EXAMPLE, World, placement_world

DOCUMENT = Path(__file__).resolve().parents[2] / "gateway" / "accountability" / "README.md"
TOP = DOCUMENT.parents[2]
CLIENT = "riverton-sis"
OFFERED = "        change_feed: true\n        formats: [json, ndjson]\n"


@pytest.fixture(scope="module", params=BACKENDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("receipts")
    with new_database(request.param, request, folder) as url, placement_world(folder / "home", url) as opened:
        opened.client("riverton-watch", "riverton", scopes=("sources:read",))
        file = folder / "offered.yaml"
        text = EXAMPLE.read_text(encoding="utf-8").replace("      candidates:\n", f"      candidates:\n{OFFERED}")
        file.write_text(text, encoding="utf-8")
        opened.agree(file)
        yield opened


def commands() -> list[str]:
    """The shell commands of the document's section, block by block."""
    section = DOCUMENT.read_text(encoding="utf-8").partition("\n## Receipts and proofs\n")[2].partition("\n## ")[0]
    return re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


def shell(script: str, folder: Path, **variables: str) -> tuple[int, str]:
    """Exit code, and what was printed; the separate command is this checkout's."""
    own = f'set -e\ngateway-receipt() {{ "{sys.executable}" -m gateway.receipt "$@"; }}\n'
    environment = {**os.environ, "PYTHONPATH": str(TOP), **variables}
    done = subprocess.run(["bash", "-c", own + script], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_an_answer_is_kept_and_verified_as_the_document_says(world: World, tmp_path: Path) -> None:
    if subprocess.run(["curl", "--version"], capture_output=True, check=False).returncode != 0:
        lacking("needs curl")
    keep, verify, ask_for_growth = commands()
    (tmp_path / "log.vkey").write_text("\n".join(world.gateway.log_vkeys))
    with served(world) as address:
        reach = {"GATEWAY": address, "TOKEN": world.token(CLIENT)}
        code, said = shell(keep, tmp_path, **reach)
        assert code == 0, said
        code, said = shell(verify, tmp_path)
        assert (code, said.count("holds  ")) == (0, 6), said
        world.api.get("/v1/candidates", world.token(CLIENT), limit="1")
        code, said = shell("\n".join(keep.splitlines()[1:]), tmp_path, **reach)
        assert code == 0, said
        code, said = shell(verify, tmp_path)
        assert (code, said.count("holds  ")) == (0, 5), said
        sizes = re.search(r"from=(\d+)&to=(\d+)", said)
        assert sizes is not None, said
        code, told = shell(ask_for_growth, tmp_path, **reach, FROM=sizes[1], TO=sizes[2])
        assert code == 0, told
    code, said = shell(verify.replace("--key", "--consistency page.growth --key"), tmp_path)
    assert (code, said.count("holds  ")) == (0, 6), said
    assert "agreement          lakeside-riverton" in said
    body = (tmp_path / "page.json").read_bytes()
    (tmp_path / "page.json").write_bytes(body[:-1] + b" ")
    code, said = shell(verify, tmp_path)
    assert (code, "DOES NOT HOLD  body" in said) == (8, True), said


def kept(world: World, folder: Path, path: str, client: str = CLIENT, **parameters: str) -> list[str]:
    """Keep an answer; the words that verify it by the proof of now."""
    answer = world.api.get(path, world.token(client), **parameters)
    (folder / "headers").write_text("".join(f"{name}: {text}\r\n" for name, text in answer.headers.items()))
    (folder / "body").write_bytes(answer.content)
    (folder / "key").write_text("\n".join(world.gateway.log_vkeys))
    entry = answer.headers["gateway-entry"]
    proof = world.api.get(f"/audit/proof/{entry}", world.token(client))
    (folder / "proof").write_text(proof.text)
    return ["verify", *(word for name in ("headers", "body", "proof", "key") for word in (f"--{name}", str(folder / name)))]


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("/v1/candidates", {"limit": "3"}),
        ("/v1/candidates/changes", {}),
        ("/v1/candidates/export", {}),
    ],
)
def test_pages_feeds_and_exports_are_verified(world: World, tmp_path: Path, path: str, parameters: dict[str, str]) -> None:
    assert main(kept(world, tmp_path, path, **parameters)) == 0


def test_what_has_no_records_is_verified_by_its_headers(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = kept(world, tmp_path, "/v1/sources", "riverton-watch")
    assert main([*words[:3], *words[5:]]) == 0
    assert "DOES NOT" not in capsys.readouterr().out
    assert main(words) == 8, "a body that nothing commits to does not pass as checked"


def test_proofs_and_checkpoints_of_all_times_verify_after_the_log_has_grown(world: World, tmp_path: Path) -> None:
    words = kept(world, tmp_path, "/v1/candidates", limit="2")
    entry = re.search(r"gateway-entry: (\S+)", (tmp_path / "headers").read_text())
    assert entry is not None
    proofs = []
    for number in range(12):
        for _ in range(number):
            world.api.get("/v1/candidates", world.token(CLIENT), limit="1")
        (tmp_path / "proof").write_text(world.api.get(f"/audit/proof/{entry[1]}", world.token(CLIENT)).text)
        assert main(words) == 0
        proofs.append(tmp_path / f"proof-{number}")
        proofs[-1].write_bytes((tmp_path / "proof").read_bytes())
    newest = size(proofs[-1])
    for earlier in proofs[:-1]:
        growth = tmp_path / "growth"
        answer = world.api.get("/audit/consistency", world.token(CLIENT), **{"from": str(size(earlier)), "to": str(newest)})
        growth.write_text(answer.text)
        more = ["--earlier", str(earlier), "--consistency", str(growth)]
        assert main([*words, *more]) == 0
        growth.write_text(answer.text.replace("old ", "old 1"))
        assert main([*words, *more]) == 8


def size(proof: Path) -> int:
    """Of the log that a proof's checkpoint is of."""
    return int(proof.read_text().partition("\n\n")[2].split("\n")[1])


def test_the_whole_gateways_command_is_the_same(world: World, tmp_path: Path) -> None:
    words = kept(world, tmp_path, "/v1/candidates", limit="2")
    for program in (["gateway", "receipt"], ["gateway.receipt"]):
        done = subprocess.run([sys.executable, "-m", *program, *words], cwd=TOP, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "holds          body" in done.stdout
    (tmp_path / "body").write_bytes(b"{}")
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "receipt", *words], cwd=TOP, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "DOES NOT HOLD  body" in done.stdout) == (8, True)
