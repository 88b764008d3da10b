"""Rules of the source file: what it says, and that every mistake is told at once with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.source import ArchiveLimits, Known, LocalFolder, Numbers, Source
from connectors.source_file import read_source_file
from gateway.domain.identifiers import ResourceName
from gateway.errors import ConfigurationError, FileErrors

CANDIDATES = ResourceName("candidates")
KNOWN = {
    CANDIDATES: Known(
        frozenset({"candidateIdentifier", "firstName", "birthDate", "personReference.personId"}),
        {"races": frozenset({"raceDescriptor"}), "cohortYears": frozenset({"termDescriptor", "schoolYear"})},
        frozenset({"candidate"}),
    ),
    ResourceName("people"): Known(frozenset({"personId"})),
}
HEAD = "version: 1\nid: extract\nprovider: lakeside\nmaintainer: {kind: epp}\nkind: delimited\nlocation: files\n"


def read(folder: Path, text: str, environ: dict[str, str] | None = None) -> Source:
    file = folder / "source.yaml"
    file.write_text(text, encoding="utf-8")
    return read_source_file(file, KNOWN, environ or {})


def problems(folder: Path, text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(FileErrors) as caught:
        read(folder, text)
    return [(problem.line, problem.column, problem.sentence) for problem in caught.value.problems]


def resource_problems(folder: Path, body: str) -> list[str]:
    """The messages for one resource `candidates` of `c.csv` with that body, indented by four."""
    text = HEAD + "resources:\n  candidates:\n    file: c.csv\n" + body
    return [message for _, _, message in problems(folder, text)]


def test_every_part_of_a_source_file_is_read(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        """version: 1
id: extract
provider: lakeside
maintainer: {kind: epp}
kind: delimited
location: ${ROOT}/files
limits: {unpacked_bytes: 1000, ratio: 5}
defaults: {delimiter: tab, encoding: cp1252, empty: ["", NULL], dates: [iso, "%m/%d/%Y"]}
resources:
  candidates:
    file: c.csv
    delimiter: ";"
    maintainer: {kind: district}
    subjects: {candidate: alumnus}
    fold: [candidateIdentifier]
    columns:
      Id: [candidateIdentifier, personReference.personId]
      Born: {element: birthDate, date: true}
    constants: {firstName: 007}
    collections:
      races: {from: 1, to: 8, columns: {"Race{n}": raceDescriptor}}
    ignore: [Shoe]
""",
        {"ROOT": "data"},
    )
    rule = source.resources[CANDIDATES]
    assert source.connection == LocalFolder(tmp_path / "data" / "files", ArchiveLimits(1000, 5))
    assert (rule.delimiter, rule.encoding, rule.empty, rule.maintainer) == (
        ";",
        "cp1252",
        frozenset({"", "NULL"}),
        "district",
    )
    assert rule.columns[0].elements == ("candidateIdentifier", "personReference.personId")
    assert rule.columns[1].dates == ("iso", "%m/%d/%Y")
    assert rule.constants == {"firstName": "007"}
    assert rule.collections[0].numbers == Numbers(1, 8)
    assert (rule.fold, rule.subjects) == (("candidateIdentifier",), {"candidate": "alumnus"})
    assert rule.header_names()[-1] == "Race8"


def test_six_mistakes_are_all_told_with_their_places(tmp_path: Path) -> None:
    text = """version: 2
id: Extract One
provider: lakeside
maintainer: {kind: epq}
kind: delimited
location: ${NOWHERE}/files
resources:
  candidates:
    file: c.csv
    columns:
      Id: candidateIdentifer
      Race: races.raceDescriptor
  candidate:
    file: c.csv
    columns: {}
"""
    assert problems(tmp_path, text) == [
        (1, 10, '"2" is not a version: 1; write one of these'),
        (2, 5, '"Extract One" is not a slug: small letters, digits and inner hyphens, at most 64'),
        (4, 20, '"epq" is not a maintainer kind: district, epp; did you mean "epp"?'),
        (6, 11, "the environment has no NOWHERE: set it, or write the location itself"),
        (11, 11, '"candidateIdentifer" is not an element of candidates; did you mean "candidateIdentifier"?'),
        (12, 13, '"races.raceDescriptor" is not an element of candidates'),
        (13, 3, '"candidate" is not a resource of the catalog; did you mean "candidates"?'),
    ]


def test_missing_members_are_told(tmp_path: Path) -> None:
    found = problems(tmp_path, "version: 1\nresources:\n  candidates: {file: c.csv}\n")
    assert [message for _, _, message in found] == [
        'the source file lacks "id"; add id:',
        'the source file lacks "kind"; add kind:',
        'the source file lacks "location"; add location:',
        'the source file lacks "maintainer"; add maintainer:',
        'the source file lacks "provider"; add provider:',
        'resource candidates lacks "columns"; add columns:',
    ]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("    columns: {A: firstName, B: firstName}\n", '"firstName" of candidates is fed twice'),
        ("    columns: {A: firstName, A: birthDate}\n", '"A" stands twice in columns of candidates'),
        ("    columns: {A: firstName}\n    ignore: [A]\n", 'column "A" is both read and ignored'),
        ('    columns: {"A{n}": firstName}\n', '"A{n}" holds "{n}" but candidates has no from and to'),
        ("    columns: {A: firstName}\n    repeat: {from: 1, to: 2}\n", 'no column of resource candidates holds "{n}"'),
        ('    columns: {"A{n}": firstName}\n    repeat: {from: 3, to: 2}\n', "to must be from 3 to 102"),
        (
            '    columns: {"A{n}": firstName}\n    repeat: {from: x, to: 2}\n',
            '"x" is not a whole number from 0 to 9999',
        ),
        ("    columns: {A: firstName}\n    fold: [birthDate]\n", 'no column feeds "birthDate"'),
        ("    columns: {A: firstName}\n    fold: true\n", "fold lists the elements of the key"),
        ("    columns: {A: firstName}\n    subjects: {candidat: alumnus}\n", 'did you mean "candidate"?'),
        ("    columns: {A: firstName}\n    subjects: {candidate: pupil}\n", '"pupil" is not a subject type'),
        ("    columns: {A: firstName}\n    colums: {}\n", '"colums" is not a member of resource candidates'),
        ("    columns: {A: firstName}\n    delimiter: ab\n", '"ab" is not a delimiter'),
        ("    columns: {A: firstName}\n    encoding: latin\n", '"latin" is not a encoding'),
        ("    columns: {A: {element: birthDate, date: '%m/%d/%y'}}\n", "is not a date format"),
        ("    columns: {A: {elemnt: birthDate}}\n", 'did you mean "element"?'),
        ("    columns: {A: }\n", "element must be a list"),
        ("    columns: {A: []}\n", "column A feeds no element; name one, or list the column under ignore"),
        ("    columns: {A: {element: []}}\n", "column A feeds no element"),
        ("    columns: {A: firstName}\n    only: {}\n", "only of resource candidates names no column"),
        ("    columns: {A: firstName}\n    empty: [[x]]\n", "a member of empty must be a text"),
        ("    columns: [A]\n", "columns of candidates must be a mapping"),
        ("    columns: {A: firstName}\n    constants: {firstName: x}\n", "is fed twice"),
        ("    columns: {A: firstName}\n    collections: {race: {columns: {}}}\n", 'did you mean "races"?'),
        ("    columns: {A: firstName}\n    collections: {races: {from: 1, columns: {}}}\n", "needs both from and to"),
        (
            "    columns: {A: firstName}\n    collections: {races: {from: 1, to: 2, columns: {R: raceDescriptor}}}\n",
            'must hold "{n}"',
        ),
    ],
)
def test_mistake_in_a_resource_is_told(tmp_path: Path, body: str, message: str) -> None:
    assert any(message in found for found in resource_problems(tmp_path, body))


@pytest.mark.parametrize("file", ["../c.csv", "/etc/c.csv", "a\\c.csv"])
def test_file_outside_the_location_is_refused(tmp_path: Path, file: str) -> None:
    text = HEAD + f"resources:\n  candidates:\n    file: '{file}'\n    columns: {{A: firstName}}\n"
    assert [message for _, _, message in problems(tmp_path, text)] == [f'"{file}" is not a file inside the location']


def test_what_is_not_yaml_is_told_with_its_place(tmp_path: Path) -> None:
    [(line, _, message)] = problems(tmp_path, "version: 1\nid: [a\n")
    assert line == 2
    assert message.startswith("not YAML")


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n", "version: \x07\n"])
def test_file_without_a_mapping_is_refused(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text)


def test_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "source.yaml").write_bytes(b"id: \xe9\n")
    with pytest.raises(FileErrors, match="not UTF-8"):
        read_source_file(tmp_path / "source.yaml", KNOWN, {})


def test_missing_source_file_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_source_file(tmp_path / "source.yaml", KNOWN, {})


def test_value_of_the_environment_is_never_in_a_message(tmp_path: Path) -> None:
    with pytest.raises(FileErrors) as caught:
        read(tmp_path, HEAD.replace("files", "${SECRET}").replace("extract", "A B"), {"SECRET": "hunter2"})
    assert "hunter2" not in str(caught.value)
