"""A catalog small enough to read beside a test: people, candidates with addresses, placements, survey responses."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.catalog.model import Catalog, Collection, Element, ElementType, Person, Reference, Resource, Sensitivity
from gateway.domain.identifiers import ElementPath, ResourceName

PEOPLE, CANDIDATES, PLACEMENTS = ResourceName("people"), ResourceName("candidates"), ResourceName("fieldworkExperiences")
RESPONSES = ResourceName("surveyResponses")


def element(
    path: str,
    kind: ElementType = "string",
    sensitivity: Sensitivity = "operational",
    *,
    person: str | None = None,
    stands_for: str | None = None,
) -> Element:
    """An element with the parts that a test needs; the column is the path in snake case."""
    column = path.rpartition(".")[2] if "." in path else path
    return Element(
        path=ElementPath(path),
        type=kind,
        max_length=75 if kind == "string" else None,
        required=False,
        sensitivity=sensitivity,
        pii="linkable" if person else "non_pii",
        directory=False,
        person=person,
        description="",
        column="".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in column),
        stands_for=stands_for,
    )


def _by_path(*elements: Element) -> Mapping[ElementPath, Element]:
    return {element.path: element for element in elements}


def small_catalog() -> Catalog:
    """A person, the candidate that the person is, the candidate's placement, and what the candidate answered to a survey."""
    people = Resource(
        name=PEOPLE,
        table="people",
        key_space=PEOPLE,
        edfi_path=None,
        title="",
        identity=(ElementPath("personId"),),
        elements=_by_path(element("personId", "string", "direct_identifier", person="person", stands_for="self")),
        references={},
        persons={"person": Person("person", "self", ("candidate", "employee"), ("epp", "district"))},
        collections={},
    )
    candidates = Resource(
        name=CANDIDATES,
        table="candidates",
        key_space=CANDIDATES,
        edfi_path=None,
        title="",
        identity=(ElementPath("candidateIdentifier"),),
        elements=_by_path(
            element("candidateIdentifier", "string", "direct_identifier", person="candidate", stands_for="self"),
            element("personReference.personId", "string", "direct_identifier", person="candidate", stands_for="personReference"),
            element("firstName", "string", "direct_identifier", person="candidate"),
            element("birthDate", "date", "quasi_identifier", person="candidate"),
            element("program"),
            element("hours", "number"),
            element("active", "boolean"),
            element("cohort", "integer"),
        ),
        references={
            "personReference": Reference(
                "personReference", PEOPLE, (ElementPath("personReference.personId"),), "person_reference_id"
            )
        },
        persons={"candidate": Person("candidate", "self", ("candidate",), ("epp",))},
        collections={
            "addresses": Collection(
                "addresses",
                "candidates_addresses",
                _by_path(
                    element("addresses.city", "string", "quasi_identifier", person="candidate"),
                    element("addresses.street", "string", "direct_identifier", person="candidate"),
                ),
            )
        },
    )
    placements = Resource(
        name=PLACEMENTS,
        table="fieldwork_experiences",
        key_space=PLACEMENTS,
        edfi_path=None,
        title="",
        identity=(ElementPath("fieldworkIdentifier"),),
        elements=_by_path(
            element("fieldworkIdentifier"),
            element(
                "candidateReference.number", "string", "direct_identifier", person="candidate", stands_for="candidateReference"
            ),
            element("schoolId", "integer"),
        ),
        references={
            "candidateReference": Reference(
                "candidateReference", CANDIDATES, (ElementPath("candidateReference.number"),), "candidate_reference_id"
            )
        },
        persons={"candidate": Person("candidate", "candidateReference", ("candidate",), ("epp",))},
        collections={},
    )
    responses = Resource(
        name=RESPONSES,
        table="survey_responses",
        key_space=RESPONSES,
        edfi_path=None,
        title="",
        identity=(ElementPath("surveyResponseIdentifier"),),
        elements=_by_path(
            element("surveyResponseIdentifier", "string", "direct_identifier", person="respondent", stands_for="self"),
            element("studentReference.number", "string", "direct_identifier", person="respondent", stands_for="studentReference"),
            element("personReference.personId", "string", "direct_identifier", person="respondent", stands_for="personReference"),
        ),
        references={
            "studentReference": Reference(
                "studentReference", CANDIDATES, (ElementPath("studentReference.number"),), "student_reference_id"
            ),
            "personReference": Reference(
                "personReference", PEOPLE, (ElementPath("personReference.personId"),), "person_reference_id"
            ),
        },
        persons={"respondent": Person("respondent", "self", ("candidate", "nobody"), ("epp",))},
        collections={},
    )
    return Catalog({PEOPLE: people, CANDIDATES: candidates, PLACEMENTS: placements, RESPONSES: responses}, {}, "0" * 64)
