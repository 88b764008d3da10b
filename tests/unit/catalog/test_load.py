"""Every mistake of a catalog file is told with file, line and column, and nothing of it is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.catalog.load import load_catalog, read_catalog
from gateway.errors import FileErrors

RIGHT = """\
resource: people
title: People
edfi: /ed-fi/people
identity: [personId]
persons:
  person: {via: self, subject_types: [candidate], maintained_by: [epp]}
elements:
  personId:
    description: A code.
    type: string
    max_length: 32
    class: direct_identifier
    pii: personal_identifier
    about: person
    stands_for: self
  shoeSize:
    description: A number.
    type: integer
    class: operational
    pii: linkable
    about: person
"""


def problems(folder: Path, text: str, name: str = "people.yaml") -> list[str]:
    (folder / name).write_text(text, encoding="utf-8")
    with pytest.raises(FileErrors) as told:
        read_catalog(folder)
    return [str(problem) for problem in told.value.problems]


def test_a_right_file_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "people.yaml").write_text(RIGHT, encoding="utf-8")
    catalog = read_catalog(tmp_path)
    people = catalog.resources[next(iter(catalog.resources))]
    assert [element.path for element in people.every_element()] == ["personId", "shoeSize"]
    assert people.elements[people.identity[0]].sealed


@pytest.mark.parametrize(
    ("right", "wrong", "place", "says"),
    [
        ("class: operational", "class: operatonal", "19:12", 'did you mean "operational"?'),
        ("    class: operational\n", "", "17:5", 'lacks "class"'),
        ("type: integer", "type: whole", "18:11", '"whole" is not a type'),
        ("pii: linkable", "pii: harmless", "20:10", '"harmless" is not a kind of PII'),
        ("pii: linkable", "pii: non_pii", "16:3", "is about a person when it is PII"),
        ("about: person\n    stands", "about: persn\n    stands", "14:12", 'did you mean "person"?'),
        ("subject_types: [candidate]", "subject_types: [kandidat]", "6:39", '"kandidat" is not a subject type'),
        ("maintained_by: [epp]", "maintained_by: [state]", "6:67", '"state" is not a maintainer'),
        ("identity: [personId]", "identity: [personID]", "4:12", 'did you mean "personId"?'),
        ("max_length: 32", "max_length: 20", "8:3", "cannot hold a pseudonym"),
        ("resource: people", "resource: persons", "1:11", "persons.yaml"),
        ("title: People", "title: People\nowner: me", "3:1", '"owner" is not a member of the file'),
        ("  shoeSize:", "  personId:", "16:3", '"personId" stands twice'),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, right: str, wrong: str, place: str, says: str) -> None:
    told = problems(tmp_path, RIGHT.replace(right, wrong, 1))
    assert any(line.startswith(f"people.yaml:{place}: ") and says in line for line in told), told


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    other = RIGHT.replace("resource: people", "resource: others").replace("pii: linkable", "pii: harmless")
    (tmp_path / "others.yaml").write_text(other, encoding="utf-8")
    told = problems(tmp_path, RIGHT.replace("type: integer", "type: whole").replace("via: self", "via: nobodyReference"))
    assert {line.partition(":")[0] for line in told} == {"people.yaml", "others.yaml"}
    assert len(told) == 3


def test_a_reference_to_what_the_catalog_does_not_have_is_told(tmp_path: Path) -> None:
    text = RIGHT.replace("elements:", "references:\n  shoeReference: {target: shoes, members: [shoeSize]}\nelements:", 1)
    assert problems(tmp_path, text) == ["people.yaml:1:1: shoeReference: no resource has the key space shoes"]


def test_an_educational_organization_is_one_key_space_of_three_resources() -> None:
    organizations = load_catalog().supertypes
    assert {name: set(members) for name, members in organizations.items()} == {
        "educationOrganizations": {"schools", "localEducationAgencies", "postSecondaryInstitutions"}
    }


def test_every_element_about_a_person_says_which_and_what_it_may_be() -> None:
    for resource in load_catalog().resources.values():
        for element in resource.every_element():
            where = f"{resource.name}.{element.path}"
            assert (element.person is None) == (element.pii == "non_pii"), where
            assert not element.directory or element.pii != "non_pii", where
            assert element.sensitivity != "direct_identifier" or element.person in resource.persons, where
