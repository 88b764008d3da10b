"""Of the files that lie there, the newest that are complete are read, and what a manifest states must hold."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from connectors.base import PositionExpired
from connectors.file_rules import FileOrigin, FilesConnection
from connectors.file_sets import SetRule, choose, read_manifest
from connectors.file_source import FileSource
from connectors.places import PlacedFile
from connectors.source import ColumnRule, ResourceRule, Source
from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.errors import IngestError

A, B = ResourceName("candidates"), ResourceName("staffs")


def placed(*names: str) -> list[PlacedFile]:
    return [PlacedFile(name, 1, "x") for name in names]


def chosen(patterns: list[str], rule: SetRule, *names: str) -> tuple[list[str], str]:
    found, of_set = choose(patterns, rule, placed(*names))
    return [found[pattern].name for pattern in patterns], of_set


def test_of_a_glob_the_last_by_name_is_read() -> None:
    assert chosen(["c_*.csv"], SetRule(), "c_20261101.csv", "c_20261102.csv", "d.csv") == (["c_20261102.csv"], "")


def test_the_newest_set_that_is_complete_is_read_whole() -> None:
    patterns = ["n_{set}/c.csv", "n_{set}/s.csv"]
    names = ["n_01/c.csv", "n_01/s.csv", "n_02/c.csv", "n_02/s.csv", "n_03/c.csv"]
    assert chosen(patterns, SetRule(), *names) == (["n_02/c.csv", "n_02/s.csv"], "02")
    assert chosen(patterns, SetRule(done="n_{set}.done"), *names, "n_01.done")[1] == "01"


@pytest.mark.parametrize(
    ("names", "told"),
    [((), "no file like"), (("n_03_c.csv",), "of the newest, 03, n_03_s.csv is missing")],
)
def test_when_no_set_is_complete_what_is_missing_is_told(names: tuple[str, ...], told: str) -> None:
    with pytest.raises(IngestError, match=told):
        choose(["n_{set}_c.csv", "n_{set}_s.csv"], SetRule(), placed(*names))


def test_a_manifest_is_read_in_both_spellings(tmp_path: Path) -> None:
    one, two = hashlib.sha256(b"1").hexdigest(), hashlib.sha256(b"2").hexdigest()
    (tmp_path / "m").write_text(f"{one}  c.csv\n{two.upper()} *s one.csv\n", encoding="utf-8")
    assert read_manifest(tmp_path / "m", "m") == {"c.csv": one, "s one.csv": two}
    (tmp_path / "m").write_text(f"file,sha256,bytes\nc.csv,{one},5\n", encoding="utf-8")
    assert read_manifest(tmp_path / "m", "m") == {"c.csv": one}
    (tmp_path / "m").write_text(f"{one}  c.csv\nnonsense\n", encoding="utf-8")
    with pytest.raises(IngestError, match="m:2: this line is no digest"):
        read_manifest(tmp_path / "m", "m")


def source(folder: Path, sets: SetRule) -> FileSource:
    files = {A: "c_{set}.csv", B: "s_{set}.csv"}
    columns = (ColumnRule("Id", ("id",)),)
    rules = {name: ResourceRule(name, file, columns, origin=FileOrigin()) for name, file in files.items()}
    found = Source("files", InstitutionId("lakeside"), "epp", FilesConnection(folder, sets), rules, kind="files")
    return FileSource(found, lambda _: "")


def write(folder: Path, day: str, *, damage: bool = False) -> None:
    lines = []
    for name in ("c", "s"):
        content = f"Id\n{name}{day}\n".encode()
        lines.append(f"{hashlib.sha256(content).hexdigest()}  {name}_{day}.csv")
        (folder / f"{name}_{day}.csv").write_bytes(content + (b"x" if damage else b""))
    (folder / f"{day}.sha256").write_text("\n".join(lines) + "\n", encoding="utf-8")


def ids(found: FileSource, name: ResourceName) -> list[str]:
    return [str(record.elements["id"]) for page in found.pull(name) for record in page.records]  # type: ignore[index]


def test_all_resources_of_a_sync_are_of_one_set_whatever_arrives_meanwhile(tmp_path: Path) -> None:
    write(tmp_path, "01")
    found = source(tmp_path, SetRule(manifest="{set}.sha256"))
    assert ids(found, A) == ["c01"]
    write(tmp_path, "02")
    found.position(B)
    assert ids(found, B) == ["s01"]
    assert ids(source(tmp_path, SetRule(manifest="{set}.sha256")), B) == ["s02"]


def test_a_file_with_another_digest_than_its_manifest_states_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "01", damage=True)
    with pytest.raises(IngestError, match=r"c_01.csv does not have the digest that 01.sha256 states"):
        ids(source(tmp_path, SetRule(manifest="{set}.sha256")), A)


def test_a_digest_may_lie_beside_each_file(tmp_path: Path) -> None:
    write(tmp_path, "01")
    with pytest.raises(IngestError, match=r"c_01.csv.sha256 is missing"):
        ids(source(tmp_path, SetRule(checksum=".sha256")), A)
    for name in ("c", "s"):
        digest = hashlib.sha256((tmp_path / f"{name}_01.csv").read_bytes()).hexdigest()
        (tmp_path / f"{name}_01.csv.sha256").write_text(f"{digest}  {name}_01.csv\n", encoding="ascii")
    assert ids(source(tmp_path, SetRule(checksum=".sha256")), A) == ["c01"]


def test_a_file_that_is_the_one_that_was_read_is_not_read_again(tmp_path: Path) -> None:
    write(tmp_path, "01")
    found = source(tmp_path, SetRule())
    since = found.position(A)
    assert list(found.changes(A, since, source(tmp_path, SetRule()).position(A))) == []
    write(tmp_path, "02")
    until = source(tmp_path, SetRule()).position(A)
    with pytest.raises(PositionExpired):
        found.changes(A, since, until)


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "01")
    pages = source(tmp_path, SetRule()).pull(A)
    next(pages)
    (tmp_path / "c_01.csv").write_bytes(b"Id\nother\n")
    with pytest.raises(IngestError, match="changed while it was being read"):
        list(pages)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match="is not a folder"):
        ids(source(tmp_path / "nowhere", SetRule()), A)
