"""What a probe says of a sample: counts and rules, and proposals that a person would make."""

from __future__ import annotations

import pytest

from gateway.catalog.load import load_catalog
from gateway.domain.identifiers import ElementPath, ResourceName
from gateway.domain.records import Location, RawRecord
from gateway.fit import Fit, fits, likeness, proposals

CANDIDATES = load_catalog().resources[ResourceName("candidates")]


def record(line: int, races: tuple[str, ...] = (), **elements: str) -> RawRecord:
    named = {ElementPath(path): text for path, text in elements.items()}
    members = {"races": tuple({"raceDescriptor": race} for race in races)}
    return RawRecord(CANDIDATES.name, Location("c.csv", line), named, members, {"birthDate": "Born"})


def test_a_fit_counts_what_is_filled_and_why_texts_do_not_fit() -> None:
    rows = [
        record(2, ("White",), candidateIdentifier="1", birthDate="2001-02-03"),
        record(3, (), candidateIdentifier="2", birthDate="3/2/2001"),
        record(4, ("Asian", ""), candidateIdentifier="3", birthDate=" "),
    ]
    assert {fit.path: fit for fit in fits(rows, CANDIDATES)} == {
        "candidateIdentifier": Fit("candidateIdentifier", "", 3, 3, {}),
        "birthDate": Fit("birthDate", "Born", 3, 2, {"not_a_date": 1}),
        "races.raceDescriptor": Fit("races.raceDescriptor", "", 3, 2, {}),
    }


@pytest.mark.parametrize(
    ("column", "path"),
    [
        ("DOB", "birthDate"),
        ("Last_Name", "lastSurname"),
        ("FIRST NAME", "firstName"),
        ("PersonId", "personReference.personId"),
        ("Candidate Identifier", "candidateIdentifier"),
    ],
)
def test_a_column_is_proposed_for_the_element_that_a_person_would_choose(column: str, path: str) -> None:
    [proposal] = proposals({column: ["2001-02-03"]}, CANDIDATES, ())
    assert (proposal.path, proposal.filled, proposal.fitting) == (path, 1, 1)


def test_a_column_that_is_like_nothing_is_not_proposed() -> None:
    assert proposals({"ShoeSize": ["44"]}, CANDIDATES, ()) == ()


def test_an_element_is_proposed_once_and_not_where_it_is_mapped_already() -> None:
    found = proposals({"FirstName": ["A"], "First": ["B"]}, CANDIDATES, ())
    assert [proposal.path for proposal in found].count("firstName") == 1
    assert all(proposal.path != "birthDate" for proposal in proposals({"DOB": ["x"]}, CANDIDATES, ("birthDate",)))


def test_names_are_alike_without_case_and_punctuation() -> None:
    assert likeness("birth_date", "birthDate") == 1.0
    assert likeness("SEX", "sexDescriptor") == 1.0
