"""Rules of the normalise step."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalog.model import Collection, Element, ElementType, Person, Reference, Resource, Sensitivity
from gateway.domain.access import Scalar
from gateway.domain.identifiers import ElementPath, ResourceName
from gateway.domain.records import EducationRecord, Location, RawRecord, Rejection
from gateway.normalise import normalise


def element(
    path: str, kind: ElementType = "string", *, length: int | None = None, sensitivity: Sensitivity = "operational"
) -> tuple[ElementPath, Element]:
    found = Element(ElementPath(path), kind, length, False, sensitivity, "non_pii", False, None, "", path, None)
    return found.path, found


RESOURCE = Resource(
    name=ResourceName("candidates"),
    table="candidates",
    key_space=ResourceName("candidates"),
    edfi_path=None,
    title="",
    identity=(ElementPath("candidateIdentifier"),),
    elements=dict(
        [
            element("candidateIdentifier", length=32),
            element("name", length=5),
            element("comment", sensitivity="free_text"),
            element("socialSecurityNumber", sensitivity="prohibited"),
            element("sexDescriptor", "descriptor"),
            element("year", "integer"),
            element("amount", "number"),
            element("member", "boolean"),
            element("birthDate", "date"),
            element("at", "datetime"),
            element("personReference.personId"),
            element("personReference.sourceSystemDescriptor", "descriptor"),
            element("schoolReference.schoolId", "integer"),
            element("programReference.schoolId", "integer"),
            element("programReference.name"),
        ]
    ),
    references={
        name: Reference(name, ResourceName(target), tuple(ElementPath(f"{name}.{m}") for m in members), name)
        for name, target, members in (
            ("personReference", "people", ("personId", "sourceSystemDescriptor")),
            ("schoolReference", "schools", ("schoolId",)),
            ("programReference", "programs", ("schoolId", "name")),
        )
    },
    persons={"candidate": Person("candidate", "self", ("candidate",), ("epp",))},
    collections={
        "races": Collection(
            "races",
            "races",
            dict([element("races.raceDescriptor", "descriptor"), element("races.order", "integer")]),
        )
    },
)
EVERYTHING = frozenset(found.path for found in RESOURCE.every_element())
PLACE = Location("c.csv", 7)


def outcome(
    elements: Mapping[str, str],
    collections: Mapping[str, tuple[Mapping[str, str], ...]] | None = None,
    needed: frozenset[ElementPath] = EVERYTHING,
) -> EducationRecord | Rejection:
    named = {ElementPath(path): text for path, text in {"candidateIdentifier": "1", **elements}.items()}
    columns = {str(path): f"Column of {path}" for path in named}
    return normalise(RawRecord(RESOURCE.name, PLACE, named, collections or {}, columns), RESOURCE, needed)


def record(
    elements: Mapping[str, str],
    collections: Mapping[str, tuple[Mapping[str, str], ...]] | None = None,
    needed: frozenset[ElementPath] = EVERYTHING,
) -> EducationRecord:
    found = outcome(elements, collections, needed)
    if isinstance(found, Rejection):
        pytest.fail(f"{found.code}: {found.reason}")
    return found


def value(path: str, text: str) -> Scalar:
    return record({path: text}).elements[ElementPath(path)]


def refusal(path: str, text: str) -> Rejection:
    found = outcome({path: text})
    if isinstance(found, EducationRecord):
        pytest.fail("the record was accepted")
    return found


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("name", "  Zoe\u0308 ", "Zoë"),
        ("sexDescriptor", " uri://ed-fi.org/SexDescriptor#Female", "uri://ed-fi.org/SexDescriptor#Female"),
        ("comment", "two\nlines", "two\nlines"),
        ("year", "2017", 2017),
        ("year", "-3", -3),
        ("year", "2017.0000", 2017),
        ("year", str(2**63 - 1), 2**63 - 1),
        ("amount", "5442.0000", 5442.0),
        ("amount", "-.5e3", -500.0),
        ("member", "TRUE", True),
        ("member", "yes", True),
        ("member", "1", True),
        ("member", "False", False),
        ("member", "NO", False),
        ("member", "0", False),
        ("birthDate", "2017-08-31", "2017-08-31"),
        ("birthDate", "2017-08-31 00:00:00.0000000", "2017-08-31"),
        ("birthDate", "2017-08-31T00:00:00Z", "2017-08-31"),
        ("at", "2017-08-31", "2017-08-31T00:00:00"),
        ("at", "2017-08-31 13:05", "2017-08-31T13:05:00"),
        ("at", "2017-08-31 13:05:01.1234567", "2017-08-31T13:05:01.123456"),
        ("at", "2017-08-31T13:05:01-05:00", "2017-08-31T18:05:01Z"),
    ],
)
def test_text_becomes_the_type_of_its_element(path: str, text: str, expected: Scalar) -> None:
    found = value(path, text)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("path", "text", "code"),
    [
        ("name", "Secret", "too_long"),
        ("name", "a\nb", "control_character"),
        ("name", "a\x00b", "control_character"),
        ("name", "a\u202eb", "control_character"),
        ("sexDescriptor", "a\tb", "control_character"),
        ("comment", "a\x1bb", "control_character"),
        ("year", "20I7", "not_an_integer"),
        ("year", "2017.5", "not_an_integer"),
        ("year", "٢٠١٧", "not_an_integer"),
        ("year", str(2**63), "not_an_integer"),
        ("year", "1_000", "not_an_integer"),
        ("amount", "NaN", "not_a_number"),
        ("amount", "1e999", "not_a_number"),
        ("amount", "1,5", "not_a_number"),
        ("member", "maybe", "not_a_boolean"),
        ("birthDate", "8/31/2017", "not_a_date"),
        ("birthDate", "2017-02-30", "not_a_date"),
        ("birthDate", "2017-08-31 25:00", "not_a_date"),
        ("at", "noon", "not_a_datetime"),
        ("at", "0001-01-01T00:00:00+05:00", "not_a_datetime"),
    ],
)
def test_misfit_is_rejected_with_its_place_and_never_its_value(path: str, text: str, code: str) -> None:
    found = refusal(path, text)
    assert (found.code, found.column, found.location) == (code, f"Column of {path}", PLACE)
    assert path in found.reason
    assert text not in found.reason


@pytest.mark.parametrize("text", ["", "   ", "\u00a0"])
def test_record_without_its_identity_is_rejected(text: str) -> None:
    found = outcome({"candidateIdentifier": text})
    assert isinstance(found, Rejection)
    assert (found.code, found.column) == ("missing_identity", "Column of candidateIdentifier")


def test_identity_that_the_source_does_not_have_at_all_is_rejected() -> None:
    found = normalise(RawRecord(RESOURCE.name, PLACE, {}), RESOURCE, EVERYTHING)
    assert isinstance(found, Rejection)
    assert found.code == "missing_identity"


def test_empty_elements_are_left_out() -> None:
    assert set(record({"name": "", "year": " "}).elements) == {"candidateIdentifier"}


def test_elements_that_nobody_needs_are_dropped_unchecked() -> None:
    found = record({"name": "far too long", "year": "2017"}, needed=frozenset({ElementPath("year")}))
    assert dict(found.elements) == {"candidateIdentifier": "1", "year": 2017}


def test_prohibited_elements_are_dropped_even_when_needed() -> None:
    assert set(record({"socialSecurityNumber": "x"}).elements) == {"candidateIdentifier"}


def test_reference_to_a_person_is_kept_without_being_asked_for() -> None:
    both = {"personReference.personId": "p", "personReference.sourceSystemDescriptor": "s"}
    assert set(both) <= set(record(both, needed=frozenset()).elements)


def test_incomplete_reference_is_left_out() -> None:
    found = record({"programReference.schoolId": "3", "schoolReference.schoolId": "3", "programReference.name": " "})
    assert set(found.elements) == {"candidateIdentifier", "schoolReference.schoolId"}


def test_unneeded_member_does_not_make_a_reference_incomplete() -> None:
    needed = frozenset({ElementPath("programReference.schoolId")})
    found = record({"programReference.schoolId": "3", "programReference.name": "x"}, needed=needed)
    assert ElementPath("programReference.schoolId") in found.elements


def test_empty_and_repeated_members_of_a_collection_are_dropped() -> None:
    members = ({"raceDescriptor": "A"}, {"raceDescriptor": " "}, {"raceDescriptor": "A "}, {"raceDescriptor": "B"})
    assert record({}, {"races": members}).collections == {"races": ({"raceDescriptor": "A"}, {"raceDescriptor": "B"})}


def test_collection_with_nothing_needed_is_left_out() -> None:
    assert record({}, {"races": ({"raceDescriptor": "A"},)}, frozenset()).collections == {}


def test_misfit_in_a_collection_is_rejected() -> None:
    found = outcome({}, {"races": ({"raceDescriptor": "A", "order": "first"},)})
    assert isinstance(found, Rejection)
    assert (found.code, found.column) == ("not_an_integer", "races.order")


@pytest.mark.parametrize(
    ("elements", "collections"),
    [({"shoe": "9"}, {}), ({}, {"hats": ({"size": "9"},)}), ({}, {"races": ({"size": "9"},)})],
)
def test_what_the_catalog_does_not_know_is_rejected(
    elements: Mapping[str, str], collections: Mapping[str, tuple[Mapping[str, str], ...]]
) -> None:
    found = outcome(elements, collections)
    assert isinstance(found, Rejection)
    assert found.code == "unknown_element"


@given(st.sampled_from(sorted(RESOURCE.elements)), st.text(max_size=40))
def test_any_text_is_typed_or_rejected_and_typing_is_stable(path: ElementPath, text: str) -> None:
    found = outcome({path: text})
    if isinstance(found, EducationRecord) and path in found.elements:
        typed = found.elements[path]
        assert value(path, str(typed)) == typed
