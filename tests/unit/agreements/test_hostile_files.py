"""Files that are meant to harm, or are simply the wrong file, are refused in plain words and soon."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from gateway.agreements.check import Law, check_file
from gateway.catalog.load import load_catalog
from gateway.domain.compose_yaml import LARGEST_FILE
from tests.unit.agreements.reading import RIGHT

SOON = 10.0
"""Seconds, generously: the slowest of these takes about one on a machine that does nothing else."""

BOMB = "a: &a [x, x]\n" + "".join(f"{chr(97 + n)}: &{chr(97 + n)} [*{chr(96 + n)}, *{chr(96 + n)}]\n" for n in range(1, 26))
HOSTILE = {
    "alias bomb": (BOMB, "anchors (&name) and aliases (*name) are not used here; write the text out where it is meant"),
    "anchor": (RIGHT.replace("title: A", "title: &t A"), "anchors (&name) and aliases"),
    "merge key": (RIGHT + "<<: {a: 1}\n", '"<<" is not a member of an agreement'),
    "tag": (RIGHT.replace("version: 1", "version: !!python/object:os.system 1"), "tags (!name) are not used here"),
    "deep list": ("[" * 100_000, "nested more than 30 deep"),
    "deep mapping": ("".join(" " * depth + "a:\n" for depth in range(300)), "nested more than 30 deep"),
    "dense": ("[" + "[]," * 40_000 + "]", "holds more than 10000 values"),
    "many members": ("".join(f"a{n}: 1\n" for n in range(4500)), '"a0" is not a member of an agreement'),
    "many elements": (
        RIGHT + "".join(f"          firstNam{n}: shar\n" for n in range(3000)),
        '"firstNam0" is not an element of candidates; did you mean "firstName"?',
    ),
    "tab": (RIGHT.replace("  - id", "\t- id"), "a tab stands here; indent with spaces"),
    "NUL": (RIGHT + "\x00", "the character U+0000 cannot stand in a text file; delete it"),
    "escape": (RIGHT + "# \x1b[31m\n", "the character U+001B cannot stand in a text file"),
    "duplicate member": (RIGHT + "title: Another\n", '"title" stands twice in an agreement; keep one of them'),
    "two documents": (RIGHT + "---\n" + RIGHT, "a second document begins; remove the line ---"),
    "empty": ("", "the file is empty; begin it with version: 1"),
    "only a comment": ("# to do\n", "the file is empty"),
    "only a text": ("agreement\n", "an agreement must be a mapping"),
    "a list": ("- a\n", "an agreement must be a mapping"),
    "number without end": (RIGHT.replace("[7001]", f"[{'9' * 50_000}]"), "is not a whole number from 1 to"),
    "template without end": (
        "id: a-${p}\ntemplate:\n  parameters: [p]\n  members:\n" + "    - {p: a}\n" * 1200,
        "a template has at most 1000 members",
    ),
}


def told(file: Path, law: Law) -> list[str]:
    begun = time.monotonic()
    checked = check_file(file, load_catalog(), law)
    assert time.monotonic() - begun < SOON
    assert checked.problems
    return [str(problem) for problem in checked.problems]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_refused_with_its_place(name: str, tmp_path: Path, law: Law) -> None:
    text, message = HOSTILE[name]
    file = tmp_path / "hostile.yaml"
    file.write_text(text, encoding="utf-8")
    assert any(message in line for line in told(file, law)), told(file, law)[:3]


@pytest.mark.parametrize("size", [LARGEST_FILE + 1, 10 * 1024 * 1024])
def test_file_that_is_too_large_is_not_even_read(size: int, tmp_path: Path, law: Law) -> None:
    file = tmp_path / "large.yaml"
    file.write_bytes(b"a" * size)
    assert told(file, law) == [
        f"{file}:1:1: the file is larger than 128 KB, which no file of this kind needs; "
        "split it, or check that it is the right file"
    ]


def test_largest_file_that_is_read_is_told_about(tmp_path: Path, law: Law) -> None:
    file = tmp_path / "full.yaml"
    file.write_text(RIGHT + "# " + "x" * (LARGEST_FILE - len(RIGHT) - 2), encoding="utf-8")
    assert check_file(file, load_catalog(), law).problems == check_file(file, load_catalog(), law).problems
    file.write_text(RIGHT + "x" * (LARGEST_FILE - len(RIGHT)), encoding="utf-8")
    assert told(file, law)


def test_file_that_is_not_utf_8_is_refused_at_the_byte(tmp_path: Path, law: Law) -> None:
    file = tmp_path / "latin.yaml"
    file.write_bytes(b"version: 1\ntitle: caf\xe9\n")
    assert told(file, law) == [f"{file}:2:11: the file is not UTF-8; save it as UTF-8 (plain text)"]


def test_utf_16_is_refused(tmp_path: Path, law: Law) -> None:
    file = tmp_path / "wide.yaml"
    file.write_bytes(RIGHT.encode("utf-16"))
    assert "not UTF-8" in told(file, law)[0]


def test_folder_and_missing_file_are_problems_of_the_file(tmp_path: Path, law: Law) -> None:
    assert told(tmp_path, law) == [f"{tmp_path}:1:1: {tmp_path} is a folder, not a file; name an agreement file"]
    assert "No such file" in told(tmp_path / "none.yaml", law)[0]
