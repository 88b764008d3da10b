"""Five formats give the same records, and a file that is not whole gives none."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow
import pyarrow.parquet
import pytest

from connectors.file_rules import FileOrigin, FilesConnection
from connectors.file_source import FileSource
from connectors.source import CollectionRule, ColumnRule, ResourceRule, Source
from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.errors import IngestError

PEOPLE = ResourceName("people")
ROWS = [("1", "Zoë", "2001-02-03", "12.5"), ("2", "", "2002-03-04", "7")]
HEADER = ("Id", "Name", "Born", "Sum")


def source(folder: Path, file: str, origin: FileOrigin | None = None, **parts: object) -> FileSource:
    columns = tuple(ColumnRule(name, (name.lower(),)) for name in HEADER)
    rule = ResourceRule(PEOPLE, file, columns, origin=origin or FileOrigin(), **parts)  # type: ignore[arg-type]
    return FileSource(
        Source("files", InstitutionId("lakeside"), "epp", FilesConnection(folder), {PEOPLE: rule}, kind="files"), lambda _: ""
    )


def texts(folder: Path, file: str, origin: FileOrigin | None = None) -> list[tuple[str, ...]]:
    pages = list(source(folder, file, origin).pull(PEOPLE))
    assert not any(page.rejections or page.unaccounted() for page in pages)
    return [tuple(record.elements.values()) for page in pages for record in page.records]


def rejections(folder: Path, file: str) -> list[tuple[int, str, str]]:
    pages = list(source(folder, file).pull(PEOPLE))
    assert not any(page.unaccounted() for page in pages)
    return [(found.location.line, found.column, found.code) for page in pages for found in page.rejections]


def workbook(path: Path, rows: list[tuple[object, ...]], sheet: str = "People") -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].title = "Notes"
    page = book.create_sheet(sheet)
    for row in [HEADER, *rows]:
        page.append(row)
    book.save(path)


def write_csv(path: Path) -> None:
    path.write_text("\n".join(",".join(row) for row in [HEADER, *ROWS]) + "\n", encoding="utf-8")


def write_tsv(path: Path) -> None:
    path.write_text("\n".join("\t".join(row) for row in [HEADER, *ROWS]) + "\n", encoding="utf-16")


def write_lines(path: Path) -> None:
    path.write_text(
        '{"Id": "1", "Name": "Zoë", "Born": "2001-02-03", "Sum": 12.5}\n{"Id": 2, "Born": "2002-03-04", "Sum": 7}\n',
        encoding="utf-8",
    )


def write_parquet(path: Path) -> None:
    columns: Mapping[str, list[object]] = {
        "Id": ["1", "2"],
        "Name": ["Zoë", None],
        "Born": [date(2001, 2, 3), date(2002, 3, 4)],
        "Sum": [12.5, None],
    }
    table = pyarrow.table({**columns, "Sum": pyarrow.array([Decimal("12.5"), Decimal("7.0")], pyarrow.decimal128(5, 1))})
    pyarrow.parquet.write_table(table, path)


WRITERS: Mapping[str, Callable[[Path], None]] = {
    "p.csv": write_csv,
    "p.tsv": write_tsv,
    "p.jsonl": write_lines,
    "p.parquet": write_parquet,
}


@pytest.mark.parametrize("name", WRITERS)
def test_each_format_gives_the_same_records(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    found = texts(tmp_path, name)
    assert [row[:3] for row in found] == [row[:3] for row in ROWS]
    assert [float(row[3]) for row in found] == [12.5, 7.0]


def test_a_workbook_gives_days_without_a_time_and_whole_numbers_without_a_point(tmp_path: Path) -> None:
    workbook(
        tmp_path / "p.xlsx", [(1, "Zoë", datetime(2001, 2, 3), 12.5), (2.0, None, date(2002, 3, 4), 7.0), (None, None, None, None)]
    )
    assert texts(tmp_path, "p.xlsx", FileOrigin(sheet="People")) == ROWS


def test_a_formula_that_fails_and_bytes_are_refused_row_by_row(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (HEADER, ("1", "#REF!", "2001-02-03", "1"), ("2", "Bo", "2001-02-03", "1")):
        book.worksheets[0].append(row)
    book.save(tmp_path / "p.xlsx")
    assert rejections(tmp_path, "p.xlsx") == [(2, "Name", "formula_error")]
    columns = {"Id": ["1", "2"], "Name": [b"\xff", None], "Born": ["", ""], "Sum": [float("nan"), 1.0]}
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "p.parquet")
    assert rejections(tmp_path, "p.parquet") == [(1, "Name", "not_text")]


def test_columns_of_one_name_are_told_by_their_places_as_the_name_may_be_a_records(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(("1", "Zebedee", None, "Zebedee"))
    book.save(tmp_path / "p.xlsx")
    with pytest.raises(IngestError, match=r"^p.xlsx has the columns 2 and 4 under one name"):
        texts(tmp_path, "p.xlsx")


def test_a_line_that_is_no_json_is_refused_with_its_number(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_bytes(b'{"Id": "1"}\n{"Id": NaN}\n[1]\n\n{"Id": "\xff"}\n{"Id": {"a": 1}}\n')
    assert rejections(tmp_path, "p.jsonl") == [
        (2, "", "not_an_object"),
        (3, "", "not_an_object"),
        (5, "", "not_an_object"),
        (6, "Id", "not_a_scalar"),
    ]


def test_lists_inside_json_become_collections(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text('{"Id": "1", "tags": [{"n": "a"}, {"n": "b"}]}\n{"Id": "2", "tags": 5}\n', encoding="utf-8")
    tags = CollectionRule("tags", (ColumnRule("n", ("name",)),), each="tags")
    [page] = source(tmp_path, "p.jsonl", collections=(tags,)).pull(PEOPLE)
    assert page.records[0].collections == {"tags": ({"name": "a"}, {"name": "b"})}
    assert [found.code for found in page.rejections] == ["not_a_list"]


def cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize("name", ["p.xlsx", "p.parquet"])
def test_a_file_that_was_cut_is_refused_whole(tmp_path: Path, name: str) -> None:
    (write_parquet if name == "p.parquet" else lambda path: workbook(path, list(ROWS)))(tmp_path / name)
    cut(tmp_path / name)
    with pytest.raises(IngestError, match=r"no (Excel workbook|Parquet file) that can be read"):
        texts(tmp_path, name)


def test_a_workbook_that_is_a_bomb_or_expands_entities_is_refused(tmp_path: Path) -> None:
    workbook(tmp_path / "p.xlsx", list(ROWS))
    entities = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    hostile = b'<?xml version="1.0"?>' + entities + b"<worksheet><sheetData>&b;</sheetData></worksheet>"
    with zipfile.ZipFile(tmp_path / "p.xlsx") as old, zipfile.ZipFile(tmp_path / "q.xlsx", "w") as new:
        for member in old.namelist():
            new.writestr(member, hostile if member.endswith("sheet2.xml") else old.read(member))
    with pytest.raises(IngestError):
        texts(tmp_path, "q.xlsx", FileOrigin(sheet="People"))


def test_a_sheet_or_a_format_that_is_not_there_is_told(tmp_path: Path) -> None:
    workbook(tmp_path / "p.xlsx", list(ROWS))
    with pytest.raises(IngestError, match="no sheet Staff; it has: Notes, People"):
        texts(tmp_path, "p.xlsx", FileOrigin(sheet="Staff"))
    (tmp_path / "p.dat").write_bytes(b"")
    with pytest.raises(IngestError, match="does not tell its format"):
        texts(tmp_path, "p.dat")
