"""What becomes of files after they were read: they stay unless the source file says otherwise, and nothing unread is lost."""

from __future__ import annotations

import tempfile
from hashlib import sha256
from pathlib import Path

import pytest

from connectors.base import PositionExpired, Settling
from connectors.file_source import CLEARED, FileSource
from connectors.kinds import open_source
from connectors.places import PlacedFile, free_names
from gateway.catalog.load import load_catalog
from gateway.cli.source.files import read_source
from gateway.domain.identifiers import ResourceName
from gateway.errors import FileErrors, IngestError
from tests.conftest import lacking

A, B = ResourceName("candidates"), ResourceName("staffs")
CATALOG = load_catalog()
DELETE, MOVE = "after: delete", "after: {move: done}"


def source(folder: Path, after: str = "", files: tuple[str, str] = ("c_*.csv", "s_*.csv"), more: str = "") -> FileSource:
    file = folder / "f.source.yaml"
    place = folder / "in"
    place.mkdir(exist_ok=True)
    file.write_text(
        f"""version: 1
id: files
provider: lakeside
maintainer: {{kind: epp}}
kind: files
place: {{folder: {place}}}
{after}
{more}
resources:
  candidates: {{file: "{files[0]}", columns: {{Id: candidateIdentifier}}}}
  staffs: {{file: "{files[1]}", columns: {{Id: staffUniqueId}}}}
opt_outs:
  candidates: {{file: "{files[0]}", columns: {{Id: candidateIdentifier}}}}
""",
        encoding="utf-8",
    )
    found = open_source(read_source(file, CATALOG, {}), lambda _: "")
    assert isinstance(found, FileSource)
    assert isinstance(found, Settling)
    return found


def put(folder: Path, *names: str, text: str = "Id\n1\n") -> None:
    for name in names:
        path = folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def there(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder / "in").as_posix() for path in (folder / "in").rglob("*") if path.is_file())


def synced(found: FileSource) -> FileSource:
    for name in found.resources():
        found.position(name)
        assert all(page.records for page in found.pull(name))
    found.settle()
    return found


def test_without_a_word_files_stay(tmp_path: Path) -> None:
    put(tmp_path, "c_1.csv", "s_1.csv")
    synced(source(tmp_path))
    assert there(tmp_path) == ["c_1.csv", "s_1.csv"]


def test_what_was_read_and_what_it_replaces_is_deleted_and_nothing_else(tmp_path: Path) -> None:
    put(tmp_path, "c_1.csv", "c_2.csv", "s_2.csv", "notes.txt")
    found = source(tmp_path, DELETE)
    list(found.pull(A))
    put(tmp_path, "c_3.csv", "s_1.csv")
    found.settle()
    assert there(tmp_path) == ["c_3.csv", "notes.txt", "s_1.csv"], "what came during the sync was not read"


def test_what_was_read_is_moved_and_never_over_another_file(tmp_path: Path) -> None:
    put(tmp_path, "done/c_1.csv", "done/c_1.2.csv", text="Id\n9\n")
    put(tmp_path, "c_1.csv", "s_1.csv")
    synced(source(tmp_path, MOVE))
    assert there(tmp_path) == ["done/c_1.2.csv", "done/c_1.3.csv", "done/c_1.csv", "done/s_1.csv"]
    done = tmp_path / "in" / "done"
    texts = {path.name: path.read_text(encoding="utf-8") for path in done.iterdir()}
    assert texts == {"c_1.2.csv": "Id\n9\n", "c_1.3.csv": "Id\n1\n", "c_1.csv": "Id\n9\n", "s_1.csv": "Id\n1\n"}


def test_a_file_that_was_moved_is_not_read_again(tmp_path: Path) -> None:
    files = ("*c_*.csv", "*s_*.csv")
    put(tmp_path, "c_1.csv", "s_1.csv")
    synced(source(tmp_path, MOVE, files))
    found = source(tmp_path, MOVE, files)
    assert found.position(A) == CLEARED
    assert list(found.offers()) == []


def test_until_more_comes_nothing_has_changed_and_nothing_is_stated(tmp_path: Path) -> None:
    put(tmp_path, "c_1.csv", "s_1.csv")
    since = source(tmp_path, DELETE).position(A)
    synced(source(tmp_path, DELETE))
    cleared = source(tmp_path, DELETE)
    assert list(cleared.changes(A, since, cleared.position(A))) == []
    assert cleared.rights() == ()
    assert cleared.unmapped() == {}
    cleared.settle()
    put(tmp_path, "c_2.csv", "s_2.csv")
    new = source(tmp_path, DELETE)
    assert new.rights() == (("opt_outs", A),)
    with pytest.raises(PositionExpired):
        new.changes(A, CLEARED, new.position(A))


def test_half_of_what_is_expected_is_not_taken_for_nothing(tmp_path: Path) -> None:
    put(tmp_path, "c_2.csv")
    found = source(tmp_path, DELETE)
    with pytest.raises(IngestError, match=r"There is no file s_\*.csv"):
        found.position(A)
    found.settle()
    assert there(tmp_path) == ["c_2.csv"]


def test_a_first_sync_without_a_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match=r"There is no file c_\*.csv"):
        list(source(tmp_path, DELETE).pull(A))


def test_of_a_set_its_signs_and_older_sets_go_too(tmp_path: Path) -> None:
    files, sets = ("{set}/c.csv", "{set}/s.csv"), 'set: {done: "{set}/DONE"}'
    put(tmp_path, *(f"0{day}/{name}" for day in (1, 2, 3) for name in ("c.csv", "s.csv")), "01/DONE", "02/DONE")
    synced(source(tmp_path, DELETE, files, sets))
    assert there(tmp_path) == ["03/c.csv", "03/s.csv"], "the newest set is not finished"
    put(tmp_path, "03/DONE")
    synced(source(tmp_path, MOVE, files, sets))
    assert there(tmp_path) == ["done/03/DONE", "done/03/c.csv", "done/03/s.csv"]
    assert source(tmp_path, MOVE, files, sets).position(A) == CLEARED


def test_digests_go_with_their_files(tmp_path: Path) -> None:
    put(tmp_path, "c_1.csv", "s_1.csv", "d_1.csv.sha256")
    put(tmp_path, "c_1.csv.sha256", "s_1.csv.sha256", text=sha256(b"Id\n1\n").hexdigest())
    synced(source(tmp_path, DELETE, more="set: {checksum: sha256}"))
    assert there(tmp_path) == ["d_1.csv.sha256"]


def test_a_file_that_was_written_anew_stays(tmp_path: Path) -> None:
    put(tmp_path, "c_1.csv", "s_1.csv")
    for after in (DELETE, MOVE):
        found = source(tmp_path, after)
        found.position(A)
        put(tmp_path, "c_1.csv", "s_1.csv", text="Id\n2\n3\n")
        found.settle()
        assert there(tmp_path) == ["c_1.csv", "s_1.csv"]


def test_a_file_that_somebody_else_took_away_is_no_fault(tmp_path: Path) -> None:
    put(tmp_path, "c_1.csv", "s_1.csv")
    found = source(tmp_path, DELETE)
    found.position(A)
    (tmp_path / "in" / "c_1.csv").unlink()
    found.settle()
    assert there(tmp_path) == []


def test_what_cannot_be_moved_stays_and_is_told_without_its_content(tmp_path: Path) -> None:
    put(tmp_path, "c_1.csv", "s_1.csv", "done", text="Id\nsecret\n")
    found = source(tmp_path, MOVE)
    found.position(A)
    with pytest.raises(IngestError, match=r"c_1.csv was read, and cannot be moved") as told:
        found.settle()
    assert "secret" not in str(told.value)
    assert there(tmp_path) == ["c_1.csv", "done", "s_1.csv"]


def test_a_move_that_fails_halfway_leaves_no_empty_file(tmp_path: Path) -> None:
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        lacking("needs a second file system at /dev/shm")
    put(tmp_path, "c_1.csv", "s_1.csv")
    with tempfile.TemporaryDirectory(dir=memory) as elsewhere:
        (tmp_path / "in" / "done").symlink_to(elsewhere)
        found = source(tmp_path, MOVE)
        found.position(A)
        with pytest.raises(IngestError, match="cannot be moved"):
            found.settle()
        assert list(Path(elsewhere).iterdir()) == []
    assert there(tmp_path) == ["c_1.csv", "s_1.csv"]


def test_the_names_that_are_tried_come_to_an_end() -> None:
    names = free_names(PlacedFile("x/c.tar.gz", 1, ""), "done")
    assert [next(names) for _ in range(3)] == ["done/x/c.tar.gz", "done/x/c.tar.2.gz", "done/x/c.tar.3.gz"]
    with pytest.raises(IngestError, match=r"files named like x/c\.tar\.gz"):
        list(names)


@pytest.mark.parametrize(
    ("after", "told"),
    [
        ("after: dellete", 'did you mean "delete"'),
        ("after: {mvoe: done}", 'lacks "move"'),
        ("after: {move: ../done}", "is not a file inside the location"),
        ("after: {move: /done}", "is not a file inside the location"),
        ("after: {move: .}", "name a folder inside the place"),
        ("after: [delete]", "must be a text"),
    ],
)
def test_what_cannot_be_meant_is_told(tmp_path: Path, after: str, told: str) -> None:
    with pytest.raises(FileErrors, match=told):
        source(tmp_path, after)
