"""Rules of the CSV and TSV connector."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.source import CollectionRule, ColumnRule, Encoding, Numbers, ResourceRule
from gateway.domain.identifiers import ResourceName
from gateway.errors import IngestError
from tests.unit.connectors.builders import PEOPLE, pull, records, rejections, rows, rule, source_of

TWO = {"Id": "id", "Name": "name"}


@pytest.mark.parametrize(
    ("codec", "declared"),
    [
        ("utf-8", "auto"),
        ("utf-8-sig", "auto"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "auto"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16"),
        ("utf-16-be", "utf-16"),
        ("cp1252", "cp1252"),
    ],
)
def test_accents_survive_in_every_supported_encoding(tmp_path: Path, codec: str, declared: Encoding) -> None:
    pages = pull(tmp_path, "Id,Name\r\n1,Zoë Núñez\r\n".encode(codec), rule(TWO, encoding=declared))
    assert [record.elements["name"] for record in records(pages)] == ["Zoë Núñez"]  # type: ignore[index]


def test_big_endian_mark_is_understood(tmp_path: Path) -> None:
    pages = pull(tmp_path, b"\xfe\xff" + "Id,Name\n1,Ann\n".encode("utf-16-be"), rule(TWO))
    assert len(records(pages)) == 1


def test_mark_against_the_declared_encoding_stops_the_source(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match="utf-16 mark but is declared cp1252"):
        pull(tmp_path, "Id,Name\n".encode("utf-16"), rule(TWO, encoding="cp1252"))


def test_utf_32_stops_the_source(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match="UTF-32"):
        pull(tmp_path, "Id,Name\n".encode("utf-32"), rule(TWO))


def test_unmarked_utf_16_read_as_utf_8_stops_the_source(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match="does not fit its encoding"):
        pull(tmp_path, "Id,Name\n1,Ann\n".encode("utf-16-le"), rule(TWO))


def test_half_a_utf_16_character_at_the_end_stops_the_source(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match="not valid utf-16"):
        pull(tmp_path, "Id,Name\n1,Ann\n".encode("utf-16")[:-1], rule(TWO))


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_every_delimiter_is_read(tmp_path: Path, delimiter: str) -> None:
    pages = pull(tmp_path, f"Id{delimiter}Name\n1{delimiter}Ann\n".encode(), rule(TWO, delimiter=delimiter))
    assert dict(records(pages)[0].elements) == {"id": "1", "name": "Ann"}


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_numbers_count_physical_lines_across_quoted_newlines(tmp_path: Path, ending: str) -> None:
    text = 'Id,Name\n1,"two\nlines"\n\n2,Ben\n3,"a\n\nb"\n4,Cy'.replace("\n", ending)
    pages = pull(tmp_path, text.encode(), rule(TWO))
    assert [record.location.line for record in records(pages)] == [2, 5, 6, 9]
    assert records(pages)[0].elements["name"] == f"two{ending}lines"  # type: ignore[index]


def test_ragged_row_is_rejected_with_its_line_and_the_rest_loads(tmp_path: Path) -> None:
    pages = pull(tmp_path, b"Id,Name\n1,Ann\n2\n3,Cy,extra\n4,Di\n", rule(TWO))
    assert [(r.location.line, r.code) for r in rejections(pages)] == [(3, "ragged_row"), (4, "ragged_row")]
    assert [r.location.line for r in records(pages)] == [2, 5]


def test_nul_byte_is_rejected_with_its_column_and_keeps_the_key(tmp_path: Path) -> None:
    pages = pull(tmp_path, b"Id,Name\n1,A\x00n\n2,Ben\n", rule(TWO))
    assert [(r.location.line, r.column, r.code) for r in rejections(pages)] == [(2, "Name", "nul_byte")]
    assert [dict(p.elements) for p in pages[0].partial] == [{"id": "1", "name": ""}]


@pytest.mark.parametrize(("declared", "bad"), [("utf-8", b"\xe9"), ("cp1252", b"\x81")])
def test_undecodable_bytes_are_rejected_with_line_and_column(tmp_path: Path, declared: Encoding, bad: bytes) -> None:
    pages = pull(tmp_path, b"Id,Name\n1,Ann\n2,B" + bad + b"n\n3,Cy\n", rule(TWO, encoding=declared))
    assert [(r.location.line, r.column, r.code) for r in rejections(pages)] == [(3, "Name", "undecodable")]
    assert [r.location.line for r in records(pages)] == [2, 4]


def test_lone_surrogate_in_utf_16_is_rejected(tmp_path: Path) -> None:
    content = b"\xff\xfe" + "Id,Name\n1,A\ud800n\n2,Ben\n".encode("utf-16-le", "surrogatepass")
    assert [r.code for r in rejections(pull(tmp_path, content, rule(TWO)))] == ["undecodable"]


def test_single_quote_inside_a_quoted_cell_rejects_that_line_only(tmp_path: Path) -> None:
    pages = pull(tmp_path, b'Id,Name\n1,"An"n\n2,Ben\n', rule(TWO))
    assert [(r.location.line, r.code) for r in rejections(pages)] == [(2, "malformed_row")]
    assert [r.location.line for r in records(pages)] == [3]


@pytest.mark.parametrize("content", [b'Id,Name\n1,"Ann\n2,Ben\n', b'Id,Name\n1,"Ann\n2,"Ben"\n', b'Id,Name\n1,"Ann'])
def test_quoted_cell_that_swallows_rows_stops_the_source(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(IngestError, match="starts on line 2 does not end properly"):
        pull(tmp_path, content, rule(TWO))


def test_quotes_are_letters_when_quoting_is_none(tmp_path: Path) -> None:
    pages = pull(tmp_path, b'Id\tName\n1\t"Ann\n', rule(TWO, delimiter="\t", quoted=False))
    assert records(pages)[0].elements["name"] == '"Ann'  # type: ignore[index]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no header"),
        (b"\n1,Ann\n", "no header"),
        (b"Id,Name,Name\n", "columns 2 and 3 under one name"),
        (b"Id,Surname\n1,Ann\n", "no column Name, which people needs"),
    ],
)
def test_header_that_cannot_serve_stops_the_source(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(IngestError, match=message):
        pull(tmp_path, content, rule(TWO))


def test_what_stands_in_the_place_of_a_header_is_not_told(tmp_path: Path) -> None:
    for content in (b"1,Zebedee\n", b"1,Zebedee,Zebedee\n"):
        with pytest.raises(IngestError) as refused:
            pull(tmp_path, content, rule(TWO))
        assert "Zebedee" not in str(refused.value)


def test_missing_file_stops_the_source(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match=r"people\.csv is not in"):
        list(source_of(tmp_path, rule(TWO)).pull(PEOPLE))


def test_file_that_changes_under_the_reader_stops_the_source(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("Id,Name\n" + "1,Ann\n" * 1500)
    pages = source_of(tmp_path, rule(TWO)).pull(PEOPLE)
    next(pages)
    file.write_text("Id,Name\n1,Ann\n")
    with pytest.raises(IngestError, match="changed while it was being read"):
        list(pages)


def test_texts_that_mean_nothing_are_empty(tmp_path: Path) -> None:
    pages = pull(tmp_path, b"Id,Name\n1, NULL \n", rule(TWO, empty=frozenset({"NULL"})))
    assert records(pages)[0].elements["name"] == ""  # type: ignore[index]


def test_wide_columns_become_members_and_empty_ones_are_dropped(tmp_path: Path) -> None:
    races = CollectionRule("races", (ColumnRule("Race{n}", ("raceDescriptor",)),), {}, Numbers(1, 3))
    pages = pull(tmp_path, b"Id,Race1,Race2,Race3\n1,A,,C\n2,,,\n", rule({"Id": "id"}, collections=(races,)))
    assert [record.collections["races"] for record in records(pages)] == [
        ({"raceDescriptor": "A"}, {"raceDescriptor": "C"}),
        (),
    ]


def test_repeat_makes_a_record_for_each_filled_number(tmp_path: Path) -> None:
    aid = rule({"Id": "id", "Type{n}": "type", "Sum{n}": "sum"}, repeat=Numbers(1, 2), constants={"year": "2026"})
    pages = pull(tmp_path, b"Id,Type1,Type2,Sum1,Sum2\n1,A,B,5,\n2,,,,\n3,,C,,7\n", aid)
    assert [dict(record.elements) for record in records(pages)] == [
        {"id": "1", "type": "A", "sum": "5", "year": "2026"},
        {"id": "1", "type": "B", "sum": "", "year": "2026"},
        {"id": "3", "type": "C", "sum": "7", "year": "2026"},
    ]
    assert [page.blank for page in pages] == [1]
    assert records(pages)[1].columns["sum"] == "Sum2"


def folding_rule() -> ResourceRule:
    grades = CollectionRule("grades", (ColumnRule("Grade", ("grade",)),))
    return rule(TWO, collections=(grades,), fold=("id",))


def test_fold_gathers_members_of_rows_with_one_key(tmp_path: Path) -> None:
    pages = pull(tmp_path, b"Id,Name,Grade\n1,Ann,K\n2,Ben,\n1,Ann,1\n1,Ann,1\n", folding_rule())
    assert [record.collections["grades"] for record in records(pages)] == [({"grade": "K"}, {"grade": "1"}), ()]
    assert (rows(pages), sum(page.folded for page in pages)) == (4, 2)


def test_fold_refuses_a_row_that_contradicts_and_names_the_column_only(tmp_path: Path) -> None:
    pages = pull(tmp_path, b"Id,Name,Grade\n1,Ann,K\n1,Secret,1\n", folding_rule())
    [refused] = rejections(pages)
    assert (refused.location.line, refused.column, refused.code) == (3, "Name", "contradicts_earlier_row")
    assert "line 2" in refused.reason
    assert "Secret" not in refused.reason
    assert records(pages)[0].collections["grades"] == ({"grade": "K"},)


def test_fold_keeps_rows_without_a_key_apart(tmp_path: Path) -> None:
    pages = pull(tmp_path, b"Id,Name,Grade\n,Ann,K\n,Ben,1\n", folding_rule())
    assert len(records(pages)) == 2


def test_declared_dates_arrive_as_iso_and_others_are_rejected(tmp_path: Path) -> None:
    born = ColumnRule("Born", ("birthDate",), dates=("iso", "%m/%d/%Y"))
    read = ResourceRule(PEOPLE, "people.csv", (born,))
    content = b"Born\n2017-08-31\n2017-08-31 00:00:00.0000000\n8/31/2017\n31.8.2017\n2017-02-30\n"
    pages = pull(tmp_path, content, read)
    assert [record.elements["birthDate"] for record in records(pages)] == ["2017-08-31"] * 3  # type: ignore[index]
    assert [(r.location.line, r.column, r.code) for r in rejections(pages)] == [
        (5, "Born", "not_a_date"),
        (6, "Born", "not_a_date"),
    ]


def test_lookup_and_prefix_shape_a_descriptor(tmp_path: Path) -> None:
    sex = ColumnRule("Sex", ("sex", "birthSex"), lookup={"F": "Female"}, prefix="uri://ed-fi.org/SexDescriptor#")
    pages = pull(tmp_path, b"Sex\nF\nX\n", ResourceRule(PEOPLE, "people.csv", (sex,)))
    assert dict(records(pages)[0].elements) == dict.fromkeys(("sex", "birthSex"), "uri://ed-fi.org/SexDescriptor#Female")
    assert [r.code for r in rejections(pages)] == ["not_in_lookup"]


def test_pages_hold_at_most_a_thousand_rows_and_records(tmp_path: Path) -> None:
    aid = rule({"Id": "id", "Type{n}": "type"}, repeat=Numbers(1, 3))
    content = "Id,Type1,Type2,Type3\n" + "".join(f"{n},A,B,C\n" for n in range(2500))
    pages = pull(tmp_path, content.encode(), aid)
    assert (len(records(pages)), rows(pages)) == (7500, 2500)
    assert all(len(page.records) <= 1000 and page.rows <= 1000 for page in pages)


def test_folded_pages_account_for_many_rows(tmp_path: Path) -> None:
    content = "Id,Name,Grade\n" + "".join(f"{n % 700},Ann,{n}\n" for n in range(3500)) + "1,Ben,x\n"
    pages = pull(tmp_path, content.encode(), folding_rule())
    assert (rows(pages), len(records(pages)), len(rejections(pages))) == (3501, 700, 1)
    assert all(page.rows <= 1000 for page in pages)


def test_columns_that_nobody_mentions_are_reported_once_for_a_file(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("Id,Name,Shoe,Hat\n")
    assert source_of(tmp_path, rule(TWO, ignore=frozenset({"Hat"}))).unmapped() == {"people.csv": ("Shoe",)}


def test_rows_in_counts_lines_without_the_header(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_bytes("Id,Name\r\n1,Ann\r\n2,Ben".encode("utf-16"))
    assert source_of(tmp_path, rule(TWO)).rows_in(PEOPLE) == 2


def test_resource_that_the_source_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match="has no resource surveys"):
        list(source_of(tmp_path, rule(TWO)).pull(ResourceName("surveys")))


_CELL = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
_LATIN = st.text(st.characters(codec="cp1252", exclude_characters="\x00"), max_size=12)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_written_table_comes_back_with_every_row_accounted_for(data: st.DataObject) -> None:
    codec, declared = data.draw(
        st.sampled_from([("utf-8", "auto"), ("utf-8-sig", "auto"), ("utf-16", "auto"), ("cp1252", "cp1252")])
    )
    delimiter = data.draw(st.sampled_from(",\t;|"))
    ending = data.draw(st.sampled_from(["\n", "\r\n"]))
    cell = _LATIN if codec == "cp1252" else _CELL
    width = data.draw(st.integers(1, 4))
    written = data.draw(st.lists(st.lists(cell, min_size=width, max_size=width), max_size=12))
    header = [f"Column{n}" for n in range(width)]
    text = io.StringIO()
    # Python's writer leaves a lone carriage return unquoted, which no reader can tell from the end of a row.
    lone = any("\r" in cell for row in written for cell in row)
    csv.writer(text, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL if lone else csv.QUOTE_MINIMAL).writerows(
        [header, *written]
    )
    read = rule({name: name.lower() for name in header}, delimiter=delimiter, encoding=declared)
    with tempfile.TemporaryDirectory() as folder:
        pages = pull(Path(folder), text.getvalue().encode(codec), read)
    assert rejections(pages) == []
    assert [list(record.elements.values()) for record in records(pages)] == [[c.strip() for c in row] for row in written]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_accounted_for_or_stop_the_source(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            pages = pull(Path(folder), b"Id,Name\n" + content, rule(TWO))
        except IngestError:
            return
    assert rows(pages) == len(records(pages)) + len(rejections(pages))
