"""What a partner kept is verified offline: all of it holds, and nothing that was changed does."""

from __future__ import annotations

import base64
import json
import random
import re
import string
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.receipt import tree
from gateway.receipt.command import main
from gateway.receipt.failures import DoesNotHold
from gateway.tlog.merkle import consistency_proof, inclusion_proof
from tests.receipts import BODY, keep, small_log

MUTATIONS = 2_000
TOP = Path(__file__).resolve().parents[3]


def test_all_of_a_kept_answer_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(keep(tmp_path, small_log())) == 0
    told = capsys.readouterr().out
    assert [line.split()[:2] for line in told.splitlines()[:6]] == [
        ["holds", claim] for claim in ("checkpoint", "inclusion", "entry", "receipt", "body", "growth")
    ]
    assert "lakeside-riverton" in told


@pytest.mark.parametrize("size", range(1, 20))
def test_it_holds_wherever_the_entry_stands(tmp_path: Path, size: int) -> None:
    for at in range(size):
        assert main(keep(tmp_path, small_log(size, at), early=at + 1)) == 0


def test_headers_may_be_json_as_curl_writes_it(tmp_path: Path) -> None:
    words = keep(tmp_path, small_log())
    lines = (tmp_path / "headers").read_text().split("\n")
    pairs = [line.strip().split(": ", 1) for line in lines if ": " in line]
    for made in (dict(pairs), {name: [text] for name, text in pairs}):
        (tmp_path / "headers").write_text(json.dumps(made))
        assert main(words) == 0


def test_a_proof_alone_is_checked_and_what_was_not_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep(tmp_path, small_log())
    assert main(["verify", "--proof", str(tmp_path / "proof"), "--key", str(tmp_path / "key")]) == 0
    told = capsys.readouterr().out
    assert told.count("not checked") == 3
    assert "give --headers and --body" in told


def flipped(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content))
    return content[:at] + bytes([content[at] ^ (1 << chance.randrange(8))]) + content[at + 1 :]


def dropped(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content))
    return content[:at] + content[at + 1 :]


def doubled(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content))
    return content[: at + 1] + content[at:]


def replaced(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content))
    return content[:at] + bytes([chance.randrange(256)]) + content[at + 1 :]


Change = Callable[[bytes, random.Random], bytes]


def inside(before: bytes, after: bytes, change: Change, *, packed: bool = False) -> Change:
    """The same change to what stands between two texts; with `packed` to the bytes that stand there in base64."""

    def changed(content: bytes, chance: random.Random) -> bytes:
        start = content.index(before) + len(before)
        end = content.index(after, start)
        part = content[start:end]
        part = base64.b64encode(change(base64.b64decode(part), chance)) if packed else change(part, chance)
        return content[:start] + part + content[end:]

    return changed


CHANGES: tuple[Change, ...] = (flipped, dropped, doubled, replaced)
PARTS: dict[str, tuple[str, Callable[[Change], Change]]] = {
    "body": ("body", lambda change: change),
    "salt": ("headers", lambda change: inside(b"gateway-body-salt: ", b"\r\n", change)),
    "salt's bytes": ("headers", lambda change: inside(b"gateway-body-salt: ", b"\r\n", change, packed=True)),
    "answer's checkpoint": ("headers", lambda change: inside(b"gateway-checkpoint: ", b"\r\n", change, packed=True)),
    "entry's id": ("headers", lambda change: inside(b"gateway-entry: ", b"\r\n", change)),
    "entry's index": ("headers", lambda change: inside(b"gateway-entry-index: ", b"\r\n", change)),
    "proof": ("proof", lambda change: change),
    "leaf": ("proof", lambda change: inside(b"extra ", b"\n", change, packed=True)),
    "path": ("proof", lambda change: inside(b"index 9\n", b"\n\n", change)),
    "checkpoint": ("proof", lambda change: inside(b"\n\n", b"\n\n", change)),
    "consistency": ("consistency", lambda change: change),
    "key": ("key", lambda change: change),
}


@pytest.mark.parametrize("part", PARTS)
def test_every_change_of_what_was_kept_is_refused(part: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = keep(tmp_path, small_log())
    name, of = PARTS[part]
    file, chance = tmp_path / name, random.Random(f"{part} 2026")
    whole = file.read_bytes()
    tried = 0
    while tried < MUTATIONS // len(PARTS):
        changed = of(chance.choice(CHANGES))(whole, chance)
        if changed == whole or harmless(whole, changed):
            continue
        file.write_bytes(changed)
        assert main(words) in {2, 8}, changed
        tried += 1
    capsys.readouterr()


def harmless(whole: bytes, changed: bytes) -> bool:
    """Space around a line of headers or of keys is not part of it."""
    return b"".join(whole.split()) == b"".join(changed.split()) and b"c2sp" not in whole and whole != BODY


@pytest.mark.parametrize("name", ["headers", "proof", "consistency"])
def test_the_same_bytes_in_another_spelling_are_refused(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words, file = keep(tmp_path, small_log()), tmp_path / name
    whole = file.read_text(encoding="utf-8")
    tried = 0
    for found in re.finditer(r"[A-Za-z0-9+/]{20,}={1,2}", whole):
        last = found[0].rindex(found[0].rstrip("=")[-1])
        for letter in string.ascii_letters + string.digits + "+/":
            other = found[0][:last] + letter + found[0][last + 1 :]
            if other != found[0] and base64.b64decode(other) == base64.b64decode(found[0]):
                file.write_text(whole[: found.start()] + other + whole[found.end() :], encoding="utf-8", newline="")
                assert main(words) in {2, 8}, other
                tried += 1
    assert tried >= 1
    capsys.readouterr()


def test_another_logs_key_or_name_is_not_this_logs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = keep(tmp_path, small_log())
    for other in (small_log(key=b"x" * 32), small_log(origin="gateway.example/audit/2")):
        (tmp_path / "key").write_text(other.signer.verifier.vkey)
        assert main(words) == 8
        assert "not signed by the log's key" in capsys.readouterr().out


def test_what_the_logs_key_signed_for_another_log_is_not_this_logs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = small_log()
    words = keep(tmp_path, log)
    note = log.checkpoint(log.size).note
    other = log.signer.sign(note.partition("\n\n")[0].replace("audit/1", "audit/2") + "\n")
    (tmp_path / "proof").write_text(log.proof(log.size).replace(note, other))
    assert main(words) == 8
    assert "not signed by the log's key" in capsys.readouterr().out


def test_a_forged_entry_cannot_write_to_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = keep(tmp_path, small_log())
    leaf = base64.b64encode(json.dumps({"version": "1", "id": "\x1b[2J\n", "time": "", "kind": ""}).encode()).decode()
    (tmp_path / "proof").write_text(re.sub("extra .*", f"extra {leaf}", (tmp_path / "proof").read_text()))
    assert main(words) == 8
    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert "entry       \N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER} of" in told


def test_after_a_new_key_both_are_known(tmp_path: Path) -> None:
    words = keep(tmp_path, small_log())
    keys = [small_log(key=b"x" * 32).signer.verifier.vkey, small_log().signer.verifier.vkey]
    (tmp_path / "key").write_text("\n".join(keys))
    assert main(words) == 0


def test_a_forked_log_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = keep(tmp_path, small_log())
    fork = small_log(at=10)
    (tmp_path / "earlier").write_text(fork.checkpoint(23).note)
    assert main([*words, "--earlier", str(tmp_path / "earlier")]) == 8
    assert "the log was forked" in capsys.readouterr().out
    (tmp_path / "earlier").write_text(fork.checkpoint(16).note)
    (tmp_path / "also").write_text(fork.consistency(16, 23))
    assert main([*words, "--earlier", str(tmp_path / "earlier"), "--consistency", str(tmp_path / "also")]) == 8
    assert "the earlier log is not the beginning of the later one" in capsys.readouterr().out


def test_a_checkpoint_without_a_proof_of_growth_is_not_passed_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = keep(tmp_path, small_log())
    at = words.index("--consistency")
    assert main(words[:at] + words[at + 2 :]) == 0
    assert "/audit/consistency?from=12&to=23" in capsys.readouterr().out


def test_a_receipt_whose_checkpoint_is_too_early_does_not_hold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(keep(tmp_path, small_log(), early=9)) == 8
    assert "too few for entry 9" in capsys.readouterr().out


@pytest.mark.parametrize("missing", ["body", "headers", "proof", "consistency", "key"])
def test_a_missing_file_is_named(missing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = keep(tmp_path, small_log())
    (tmp_path / missing).unlink()
    assert main(words) == 2
    assert f"{missing} cannot be read" in capsys.readouterr().err


def test_it_imports_the_standard_library_and_cryptography_only(tmp_path: Path) -> None:
    program = """
import sys
from gateway.receipt.command import main
code = main(sys.argv[1:])
ours = {name for name in sys.modules if name.startswith("gateway") and not name.startswith("gateway.receipt")}
names = {name.partition(".")[0] for name in sys.modules}
others = names - {*sys.stdlib_module_names, "cryptography", "gateway", "__mp_main__"}
assert ours == {"gateway"}, ours
assert {name for name in others if not name.startswith("_")} <= {"cffi", "sitecustomize"}, others
sys.exit(code)
"""
    words = keep(tmp_path, small_log())
    done = subprocess.run([sys.executable, "-c", program, *words], cwd=TOP, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@given(st.integers(1, 40), st.data())
def test_its_tree_is_the_gateways(size: int, data: st.DataObject) -> None:
    log = small_log(size)
    at, first = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    root = log.checkpoint(size).root
    path = inclusion_proof(at, size, log.node)
    tree.check_inclusion(log.hashes[at], at, size, path, root)
    grown = consistency_proof(first, size, log.node)
    tree.check_consistency(first, size, grown, log.checkpoint(first).root, root)
    for other in (other for other in range(size + 1) if other != at):
        with pytest.raises(DoesNotHold):
            tree.check_inclusion(log.hashes[at], other, size, path, root)
    for wrong in (path[:-1], [*path, root]):
        if wrong != path:
            with pytest.raises(DoesNotHold):
                tree.check_inclusion(log.hashes[at], at, size, wrong, root)
    with pytest.raises(DoesNotHold):
        tree.check_consistency(first, size, [*grown, root], log.checkpoint(first).root, root)
