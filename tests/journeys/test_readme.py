"""The README's first screen and its commands, as somebody with a fresh checkout meets them: `make demo`, then each shell block."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.databases import free_port

TOP = Path(__file__).resolve().parents[2]
README = (TOP / "README.md").read_text(encoding="utf-8")
WALK_SECONDS = 120
ADDRESS = "127.0.0.1:8080"


@dataclass(frozen=True)
class Demo:
    """A demo that serves: the folder that it was started in, its port and what it printed."""

    checkout: Path
    port: int
    printed: str

    def run(self, script: str) -> str:
        """What a shell in the checkout prints, the demo's own `TOKEN=` line run first."""
        [token] = re.findall(r"^ *(TOKEN=.*)$", self.printed, re.MULTILINE)
        script = script.replace(ADDRESS, f"127.0.0.1:{self.port}")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"{token}\n{script}"],
            cwd=self.checkout,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def environment() -> dict[str, str]:
    """Nothing of the gateway's is set, and this checkout's code is what runs, wherever the environment's was installed from."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GATEWAY_", "MAKE"))}
    return kept | {"PYTHONPATH": str(TOP), "PYTHONUNBUFFERED": "1"}


def checkout(folder: Path) -> Path:
    """A folder that has what a checkout has, and this environment as the `.venv` that make would make."""
    for name in ("Makefile", "README.md", "gateway", "connectors", "policies", "migrations"):
        (folder / name).symlink_to(TOP / name)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


def make(*words: str) -> list[str]:
    """`make` as the README says it; the environment is taken to be newer than what it is made from."""
    return ["make", "--no-print-directory", "--assume-old=.venv/run", *words]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """`make demo`, serving, ended as Ctrl-C does."""
    folder, port = checkout(tmp_path_factory.mktemp("checkout")), free_port()
    log = folder / "printed"
    with log.open("w") as output:
        process = subprocess.Popen(
            make("demo", f"PORT={port}"),
            cwd=folder,
            env=environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        until = time.monotonic() + WALK_SECONDS
        while "audit verify" not in (printed := log.read_text(encoding="utf-8")):
            assert process.poll() is None, printed
            assert time.monotonic() < until, printed
            time.sleep(0.1)
        yield Demo(folder, port, log.read_text(encoding="utf-8"))
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=30)


def shell(heading: str) -> str:
    """The shell block under a heading; the last that is run takes the client of the demo's token away."""
    [block] = re.findall(rf"^### {re.escape(heading)}\n+```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return str(block)


def answers(text: str) -> list[dict[str, Any]]:
    """Every JSON object that stands in a text on lines of its own, or one after the other."""
    found, decoder, at = [], json.JSONDecoder(), text.find("{")
    while at >= 0:
        value, end = decoder.raw_decode(text, at)
        found.append(value)
        at = text.find("{", end)
    return found


def test_the_answers_of_the_first_screen_are_those_of_the_demo(demo: Demo) -> None:
    first_screen = README.partition("## What to do next")[0]
    shown = [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```$", first_screen, re.MULTILINE | re.DOTALL)]
    asked = re.findall(r"^    (GET \S+) +(\d+)$", first_screen, re.MULTILINE)
    assert len(shown) == len(asked) == 2
    walked = demo.printed.partition("6. A permitted request")[2].partition("The entries of these two")[0]
    permitted, refused = answers(walked)
    assert [(path, status[:3]) for path, status in re.findall(r"^(GET \S+)\n(\d+)", walked, re.MULTILINE)] == asked

    begin, end = shown[0]["notice"].split(" [...] ")
    assert permitted["notice"].startswith(begin)
    assert permitted["notice"].endswith(end)
    [record] = shown[0]["data"]
    assert all(shape(record) == shape(other) for other in permitted["data"])
    extract = (demo.checkout / "gateway-demo" / "extracts" / "lakeside" / "candidates.csv").read_text(encoding="utf-8-sig")
    [row] = [line for line in extract.splitlines() if record["electronicMails"][0]["electronicMailAddress"] in line]
    for part in (record["firstName"], record["lastSurname"], record["telephones"][0]["telephoneNumber"].removeprefix("***")):
        assert part in row
    assert {**shown[1], "request": ""} == {**refused, "request": ""}


def shape(value: object) -> object:
    """Names and lengths of what is always there; how long a list is and which values are null differ from record to record."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return list if isinstance(value, list) else None


def test_ask_for_records(demo: Demo) -> None:
    page, chosen, filtered = answers(demo.run(shell("Ask for records")))
    assert len(page["data"]) == 2
    assert chosen["data"]
    assert all(record.keys() == {"fieldworkIdentifier", "beginDate"} for record in chosen["data"])
    assert filtered["count"] > len(filtered["data"]) == 2
    assert all(record["schoolReference"]["schoolId"] not in {600110, 600111} for record in filtered["data"])
    assert filtered["data"][0]["beginDate"] >= filtered["data"][1]["beginDate"] >= "2026-08-01"


def test_what_the_demo_says_to_try_next_works(demo: Demo) -> None:
    said = demo.printed.partition("Try next")[2]
    printed = demo.run("\n".join(line for line in said.splitlines() if line.startswith("  ") and "TOKEN=" not in line))
    [permitted, refused] = answers(printed)
    assert len(permitted["data"]) == 3
    assert refused["code"] == "GW-REQ-02"
    assert "The log is whole" in printed
    assert "missing_identity" in printed


def test_bring_records_in(demo: Demo) -> None:
    printed = demo.run(shell("Bring records in"))
    assert "lakeside.source.yaml: right." in printed
    synced, listed, history = printed.partition("candidates.csv:")
    assert listed
    assert " promoted" not in synced, "the same extract changes nothing"
    assert " promoted" in history


def test_record_what_people_say_about_their_own_records(demo: Demo) -> None:
    printed = demo.run(shell("Record what people say about their own records"))
    assert [line[:11] for line in printed.splitlines() if "audit entry" in line] == ["1 opt-out r", "1 opt-out e", "1 consent r"]
    assert [line.split() for line in printed.splitlines() if "riverton" in line] == [
        ["release-2026", "riverton", "placement", "1", "0"]
    ]


def test_rotate_keys_and_pseudonyms_while_the_demo_serves(demo: Demo) -> None:
    asks = f"curl -s -H \"Authorization: Bearer $TOKEN\" 'http://{ADDRESS}/v1/candidates?limit=3'"
    script = shell("Rotate keys and pseudonyms")
    before, after = answers(demo.run(f"{asks}\n{script}\n{asks}"))
    old, new = ([record.pop("candidateIdentifier") for record in answer["data"]] for answer in (before, after))
    assert before["data"] == after["data"]
    assert set(old).isdisjoint(new)


def test_write_an_agreement(demo: Demo) -> None:
    printed = demo.run(shell("Write an agreement"))
    assert "lakeside-riverton.yaml: right." in printed
    assert re.search(r"^Withheld: .*\bbirthDate\b", printed, re.MULTILINE)


def test_the_mistake_that_is_shown_is_told_like_that(demo: Demo) -> None:
    [(line, column, message)] = re.findall(r"^    mine\.yaml:(\d+):(\d+): (.*)$", README, re.MULTILINE)
    example = (demo.checkout / "policies" / "agreements" / "lakeside-riverton.yaml").read_text(encoding="utf-8").splitlines()
    example[int(line) - 1] = example[int(line) - 1].replace("firstName", "fristName")
    (demo.checkout / "mine.yaml").write_text("\n".join(example), encoding="utf-8")
    printed = demo.run(".venv/bin/gateway agreement check mine.yaml 2>&1 || test $? = 2")
    assert f"mine.yaml:{line}:{column}: {message}" in printed


def test_record_what_people_say(demo: Demo) -> None:
    printed = demo.run(shell("Record what people say about their own records"))
    assert "release-2026" in printed


def test_see_what_was_disclosed_and_stop_it(demo: Demo) -> None:
    script = shell("See what was disclosed, and stop it")
    asks = f"curl -s -H \"Authorization: Bearer $TOKEN\" 'http://{ADDRESS}/v1/candidates?limit=1'"
    printed = demo.run(f"{asks}\n{script}\n{asks}")
    before, after = answers(printed)
    assert len(before["data"]) == 1
    assert after["code"] == "GW-AUT-01"
    assert "The log is whole" in printed
    assert "riverton-curl is suspended" in printed


def test_a_second_demo_touches_nothing_of_the_first(demo: Demo) -> None:
    marked = (demo.checkout / "gateway-demo" / "gateway.db").stat().st_ino
    for port, said in ((demo.port, f"Port {demo.port} of 127.0.0.1 cannot be used"), (free_port(), "Another demo serves")):
        done = subprocess.run(
            make("demo", "ONCE=1", f"PORT={port}"),
            cwd=demo.checkout,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode != 0
        assert said in done.stderr
    assert (demo.checkout / "gateway-demo" / "gateway.db").stat().st_ino == marked


def test_make_demo_once_ends_with_0_and_leaves_nothing_running(tmp_path: Path) -> None:
    port = free_port()
    words = make("demo", "ONCE=1", f"PORT={port}")
    done = subprocess.run(words, cwd=checkout(tmp_path), env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the log is whole" in done.stdout
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
        pass


def test_no_shell_block_of_the_readme_is_left_out() -> None:
    found = re.findall(r"^### ([^\n]+)\n+```sh\n", README, re.MULTILINE)
    assert README.count("```sh\n") == len(found) + 1, "a block has no heading right above it"
    tests = Path(__file__).read_text(encoding="utf-8")
    assert [heading for heading in found if f'shell("{heading}")' not in tests] == []
