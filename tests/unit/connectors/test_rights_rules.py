"""Files of consents and opt-outs: what a source file may say of them, and that every mistake is told with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.delimited import DelimitedSource
from connectors.rights_rules import read_plain_rights
from connectors.source import Known, Source
from connectors.source_file import read_source_file
from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.errors import FileErrors, IngestError

CANDIDATES, LAKESIDE = ResourceName("candidates"), InstitutionId("lakeside")
KNOWN = {
    CANDIDATES: Known(frozenset({"candidateIdentifier"}), person_key=frozenset({"candidateIdentifier"})),
    ResourceName("people"): Known(
        frozenset({"personId", "sourceSystemDescriptor"}), person_key=frozenset({"personId", "sourceSystemDescriptor"})
    ),
    ResourceName("schools"): Known(frozenset({"schoolId"})),
}
HEAD = """version: 1
id: registrar
provider: lakeside
maintainer: {kind: epp}
kind: delimited
location: files
defaults: {empty: [none], dates: ["%d.%m.%Y"]}
resources:
  candidates: {file: c.csv, columns: {Id: candidateIdentifier}, ignore: [Shoe]}
"""


def read(folder: Path, text: str) -> Source:
    file = folder / "source.yaml"
    file.write_text(HEAD + text, encoding="utf-8")
    return read_source_file(file, KNOWN, {})


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(FileErrors) as caught:
        read(folder, text)
    lines = HEAD.count("\n")
    return [f"{problem.line - lines}:{problem.column}: {problem.message}" for problem in caught.value.problems]


def test_rows_name_a_person_and_say_what_they_said(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        """consents:
  candidates:
    file: f.csv
    delimiter: ";"
    columns: {Id: candidateIdentifier, For: purpose, On: {element: signed_on, date: true}, To: recipient}
    constants: {form: release, method: paper}
opt_outs:
  people: {file: o.csv, columns: {P: personId}, constants: {sourceSystemDescriptor: "uri://x#s"}}
""",
    )
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "f.csv").write_text("Id;For;On;To;More\n 7 ;hiring;01.10.2026;none;x\n8;hiring;2026;r;x\n")
    connector = DelimitedSource(source)
    assert connector.rights() == (("consents", CANDIDATES), ("opt_outs", ResourceName("people")))
    [page] = connector.pull_rights("consents", CANDIDATES)
    assert page.unaccounted() == 0
    [record] = page.records
    assert dict(record.elements) == {
        "candidateIdentifier": "7",
        "purpose": "hiring",
        "signed_on": "2026-10-01",
        "recipient": "",
        "form": "release",
        "method": "paper",
    }
    assert [(r.location.line, r.column, r.code) for r in page.rejections] == [(3, "On", "not_a_date")]


def test_columns_that_nobody_reads_are_drift(tmp_path: Path) -> None:
    source = read(tmp_path, "opt_outs:\n  candidates: {file: c.csv, columns: {Id: candidateIdentifier, No: opted_out}}\n")
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "c.csv").write_text("Id,No,Shoe,New\n1,yes,2,3\n")
    assert DelimitedSource(source).unmapped() == {"c.csv": ("New",)}, "one file may feed records and opt-outs"


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    assert problems(
        tmp_path,
        """consents:
  candidates:
    file: ../f.csv
    columns: {Id: candidateIdentifier, Form: from}
    repeat: {from: 1, to: 2}
opt_outs:
  schools: {file: o.csv, columns: {Id: schoolId}}
  candidat: {file: o.csv, columns: {Id: schoolId}}
  people: {file: o.csv, columns: {P: personId, Q: personId}}
""",
    ) == [
        '2:3: consents of candidates lacks "form": map a column to it, or give it under constants',
        '2:3: consents of candidates lacks "method": map a column to it, or give it under constants',
        '2:3: consents of candidates lacks "purpose": map a column to it, or give it under constants',
        '2:3: consents of candidates lacks "recipient": map a column to it, or give it under constants',
        '2:3: consents of candidates lacks "signed_on": map a column to it, or give it under constants',
        '3:11: "../f.csv" is not a file inside the location',
        '4:46: "from" is not an element of consents of candidates; did you mean "form"?',
        '5:5: "repeat" is not a member of consents of candidates',
        '7:3: "schools" names no people; it must be one of: candidates, people',
        '8:3: "candidat" names no people; it must be one of: candidates, people; did you mean "candidates"?',
        '9:3: opt_outs of people lacks "sourceSystemDescriptor": map a column to it, or give it under constants',
        '9:51: "personId" of opt_outs of people is fed twice',
    ]


def test_a_file_by_itself_is_its_own_map(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("candidateIdentifier,opted_out\n7,yes\n")
    source = read_plain_rights("opt_outs", tmp_path / "f.csv", LAKESIDE, CANDIDATES, ("candidateIdentifier",))
    [page] = DelimitedSource(source).pull_rights("opt_outs", CANDIDATES)
    assert [dict(record.elements) for record in page.records] == [{"candidateIdentifier": "7", "opted_out": "yes"}]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("candidateIdentifier,optedout\n7,yes\n", "has the column optedout, which says nothing of opt_outs"),
        ("opted_out\nyes\n", "has no column candidateIdentifier"),
        ("", "has no header"),
        ("C-1,yes\n", "^f.csv has none of the columns of opt_outs in its first line. They are: candidateIdentifier, opted_out"),
    ],
)
def test_a_file_by_itself_that_does_not_fit_is_refused(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "f.csv").write_text(content)

    def pull() -> None:
        source = read_plain_rights("opt_outs", tmp_path / "f.csv", LAKESIDE, CANDIDATES, ("candidateIdentifier",))
        list(DelimitedSource(source).pull_rights("opt_outs", CANDIDATES))

    with pytest.raises(IngestError, match=told):
        pull()
