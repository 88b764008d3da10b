"""The language of policies/agreements/README.md, member by member, as it is read and resolved."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from types import MappingProxyType

import orjson
import pytest

from gateway.agreements.read_agreement import read_agreement, read_agreements, read_source
from gateway.agreements.resolve_document import digest_of
from gateway.catalog.load import load_catalog
from gateway.catalog.model import Catalog, Element
from gateway.domain.agreement import AggregateTable, Agreement, Destruction, Grant, Limits, Officer, Renewal, Suspension
from gateway.domain.decision import AheadPredicate, RelatedPredicate, RosterPredicate, RowPredicate
from gateway.domain.identifiers import ElementPath, InstitutionId, ResourceName
from gateway.domain.treatments import AggregateOnly, Generalise, MaskText, Pseudonymise, ReturnOwnId, Share, Withhold
from gateway.errors import FileErrors
from tests.unit.agreements.reading import RIGHT, changed, read, sentences, told

GOOD = Path(__file__).resolve().parents[2] / "agreements" / "good"
SCHOOLS = (255902, 255902001, 255902002)
CANDIDATES = ResourceName("candidates")


@pytest.fixture(scope="module")
def everything() -> Agreement:
    return read_agreement(GOOD / "everything.yaml", load_catalog())


def grant(agreement: Agreement, resource: str) -> Grant:
    return next(found for found in agreement.grants if found.resource == resource)


def test_school_years_are_their_first_and_last_day(everything: Agreement) -> None:
    assert everything.term == (date(2026, 7, 1), date(2028, 6, 30))


def test_clauses_of_the_whole_agreement_are_read(everything: Agreement) -> None:
    assert everything.renewal == Renewal("by_amendment", 60)
    assert everything.suspension == Suspension((InstitutionId("hillside"),), "Either side may ask; Hillside may suspend at once")
    assert everything.destruction == Destruction(60, "cryptographic erasure", certification=True)
    assert (everything.minimum_cell_size, everything.breach_notice_hours) == (12, 72)
    assert everything.academic_terms == (("Fall 2026", date(2026, 12, 18)), ("Spring 2027", date(2027, 5, 14)))


def test_parties_are_read_in_full(everything: Agreement) -> None:
    hillside, oakhill = everything.parties[InstitutionId("hillside")], everything.parties[InstitutionId("oakhill")]
    assert (hillside.kind, hillside.organisations) == (("epp", "researcher"), (7001,))
    assert hillside.authorised_representative == Officer("Dana Whitfield", "Provost")
    assert hillside.custodian == Officer("Office of the Registrar")
    assert (hillside.contact, oakhill.organisations) == ("registrar@hillside.example", SCHOOLS)


def test_resource_inherits_what_it_does_not_say_itself(everything: Agreement) -> None:
    own, inherited = grant(everything, "candidates"), grant(everything, "fieldworkExperiences")
    assert (own.formats, own.change_feed, own.limits, own.purposes) == (("json",), False, Limits(None, 500), ("placement",))
    assert inherited.limits == Limits(60, 20000)
    assert (inherited.formats, inherited.change_feed, inherited.purposes) == (("csv", "json"), True, ("placement", "residency"))
    assert inherited.persons == {"candidate": inherited.basis}
    assert inherited.basis.details["roles"] == ["Mentor teacher", "Residency coordinator"]


def test_relations_stand_for_related_rows(everything: Agreement) -> None:
    placed, enrolled, graduating = grant(everything, "candidates").rows
    programs = ResourceName("candidateEducatorPreparationProgramAssociations")
    assert placed == RelatedPredicate(
        ResourceName("fieldworkExperiences"), "candidate", (RowPredicate(ElementPath("schoolReference.schoolId"), "in", SCHOOLS),)
    )
    name = ElementPath("educatorPreparationProgramReference.programName")
    assert enrolled == RelatedPredicate(programs, "candidate", (RowPredicate(name, "in", ("BS Elementary", "MAT Secondary")),))
    assert graduating == RelatedPredicate(programs, "candidate", (AheadPredicate(ElementPath("endDate"), "terms", 2),))


def test_relation_over_its_own_resource_is_a_condition_of_the_row() -> None:
    text = changed(
        "      candidates:\n        elements:\n          firstName: share",
        "      fieldworkExperiences:\n        rows: [{relation: placed_in_our_schools}]\n        elements: {beginDate: share}",
    )
    assert grant(read(text), "fieldworkExperiences").rows == (
        RowPredicate(ElementPath("schoolReference.schoolId"), "in", (255902,)),
    )


def test_a_roster_is_a_condition_of_the_row_or_of_related_rows() -> None:
    text = changed(
        "      candidates:\n        elements:\n          firstName: share",
        "      candidates:\n"
        "        rows: [{relation: in_the_roster_submitted, by: candidateIdentifier}]\n"
        "        elements: {candidateIdentifier: return_own_id}\n"
        "      fieldworkExperiences:\n"
        "        rows: [{related: candidates, where: [{relation: in_the_roster_submitted, by: candidateIdentifier}]}]\n"
        "        elements: {beginDate: share}",
    )
    listed = RosterPredicate(ElementPath("candidateIdentifier"))
    agreement = read(text)
    assert grant(agreement, "candidates").rows == (listed,)
    assert grant(agreement, "candidates").elements == {ElementPath("candidateIdentifier"): ReturnOwnId()}
    assert grant(agreement, "fieldworkExperiences").rows == (RelatedPredicate(ResourceName("candidates"), "candidate", (listed,)),)


def test_conditions_are_typed_by_the_catalog(everything: Agreement) -> None:
    schools, ahead, related = grant(everything, "fieldworkExperiences").rows
    assert schools == RowPredicate(ElementPath("schoolReference.schoolId"), "in", SCHOOLS)
    assert ahead == AheadPredicate(ElementPath("endDate"), "days", 400)
    assert isinstance(related, RelatedPredicate)
    assert related.where == (RowPredicate(ElementPath("beginDate"), "at_least", ("2024-07-01",)),)
    assert grant(everything, "openStaffPositions").rows == (RowPredicate(ElementPath("datePostingRemoved"), "present", (False,)),)


def test_codes_of_a_list_are_named_by_a_condition() -> None:
    text = changed("schedules:", "code_lists: {kinds: {groups: {good: [B, A], bad: [C]}}}\nschedules:")
    text = changed(
        "      candidates:\n        elements:\n          firstName: share",
        "      openStaffPositions:\n        rows: [{element: positionTitle, in: {code_list: kinds, groups: [good]}}]\n"
        "        elements: {datePosted: share}",
        text,
    )
    assert grant(read(text), "openStaffPositions").rows == (RowPredicate(ElementPath("positionTitle"), "in", ("A", "B")),)


def test_elements_named_by_class_keep_their_own_treatment(everything: Agreement) -> None:
    elements = grant(everything, "candidates").elements
    assert elements[ElementPath("firstName")] == Share()
    assert elements[ElementPath("telephones.telephoneNumber")] == MaskText("last_four")
    assert elements[ElementPath("addresses.postalCode")] == Generalise("zip3")
    assert elements[ElementPath("candidateIdentifier")] == Pseudonymise()
    assert elements[ElementPath("sexDescriptor")] == AggregateOnly()
    assert elements[ElementPath("birthDate")] == Withhold()
    resource = load_catalog().resources[CANDIDATES]
    directory = {element.path for element in resource.every_element() if element.directory}
    assert directory - {"telephones.telephoneNumber"} <= set(elements)
    assert set(elements) - directory == {"candidateIdentifier", "addresses.postalCode", "sexDescriptor", "birthDate"} - directory


def test_treatments_have_their_parameters(everything: Agreement) -> None:
    positions, staff = grant(everything, "openStaffPositions").elements, grant(everything, "staffs").elements
    assert positions[ElementPath("academicSubjects.academicSubjectDescriptor")] == Generalise("roll_up", "stem")
    assert positions[ElementPath("instructionalGradeLevels.gradeLevelDescriptor")] == Generalise("grade_band")
    assert positions[ElementPath("minSalary")] == Generalise("round", 1000)
    assert positions[ElementPath("maxSalary")] == Generalise("top_code", 150000)
    assert staff[ElementPath("yearsOfPriorTeachingExperience")] == Generalise("bottom_code", 5)
    fieldwork = grant(everything, "fieldworkExperiences").elements
    assert fieldwork[ElementPath("beginDate")] == Generalise("month")
    assert fieldwork[ElementPath("hoursCompleted")] == Generalise("band", 10)


def test_tables_are_read(everything: Agreement) -> None:
    expected = AggregateTable("residents", "residents-by-sex", CANDIDATES, (ElementPath("sexDescriptor"),))
    assert everything.tables == (expected,)
    assert everything.schedules[0].operation == "hillside-operation"


def test_document_is_an_agreement_file_that_says_the_same(everything: Agreement) -> None:
    again = read(orjson.dumps(everything.document).decode())
    assert again.document == everything.document
    assert again.digest == everything.digest == digest_of(everything.document)


def test_digest_ignores_comments_order_and_spelling() -> None:
    other = """\
# The same in another order, with lists as lines, a school year for its days, and what goes without saying said.
kind: sharing
minimum_cell_size: 10
disclosure_control: "suppression"
renewal: {how: none}
suspension: {by: [oakhill, hillside]}
destruction: {certification: false, method: secure deletion, days_after_end: 30}
schedules:
  - resources:
      candidates:
        elements: {firstName: share}
        formats: [json]
        purposes: [placement]
    purposes: {placement: {legitimate_interest: Placing residents}}
    legal_basis:
      threat: A storm
      citation: 34 CFR 99.36
      basis: a10_emergency
    recipient: oakhill
    provider: hillside
    id: residents
redisclosure:
  notice: 'Do not pass it on.'
  allowed: false
parties:
  oakhill:
    kind:
      - district
    education_organizations: [255902]
    name: Oak Hill Schools
  hillside: {kind: epp, name: Hillside College, education_organizations: 7001}
term: {until: {school_year: 2026-27}, from: {school_year: 2026-27}}
timezone: America/Denver
title: A small agreement
id: hillside-oakhill
version: 1
"""
    assert read(other).document == read(RIGHT).document
    assert read(other).digest == read(RIGHT).digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("firstName: share", "firstName: {mask: initial}"),
        ("firstName: share", "lastSurname: share"),
        ("until: 2027-06-30", "until: 2027-06-29"),
        ("days_after_end: 30", "days_after_end: 31"),
        ("Do not pass it on.", "Do not pass it on!"),
        ("A storm", "A flood"),
        ("[255902]", "[255903]"),
        ("Placing residents", "Placing"),
        ("title: A small agreement", "title: Another"),
    ],
)
def test_digest_changes_with_what_is_agreed(old: str, new: str) -> None:
    assert read(changed(old, new)).digest != read(RIGHT).digest


def with_one_more(catalog: Catalog) -> Catalog:
    """The catalog with a new element that is directory information."""
    candidates = catalog.resources[CANDIDATES]
    path = ElementPath("nickName")
    model = candidates.elements[ElementPath("firstName")]
    new: Element = replace(model, path=path, column="nick_name")
    grown = replace(candidates, elements=MappingProxyType({**candidates.elements, path: new}))
    return replace(catalog, resources=MappingProxyType({**catalog.resources, CANDIDATES: grown}))


def test_new_element_of_the_catalog_does_not_widen_a_signed_document(everything: Agreement) -> None:
    signed = orjson.dumps(everything.document).decode()
    (later,) = read_source(signed, "signed.json", with_one_more(load_catalog()))
    assert later.agreement is not None
    assert later.agreement.digest == everything.digest
    assert "nickName" not in grant(later.agreement, "candidates").elements


def test_new_element_of_the_catalog_makes_the_file_another_agreement(everything: Agreement) -> None:
    text = (GOOD / "everything.yaml").read_text(encoding="utf-8")
    (later,) = read_source(text, "everything.yaml", with_one_more(load_catalog()))
    assert later.agreement is not None
    assert grant(later.agreement, "candidates").elements[ElementPath("nickName")] == Share()
    assert later.agreement.digest != everything.digest


def test_windows_line_ends_and_byte_order_mark_change_nothing(tmp_path: Path) -> None:
    file = tmp_path / "windows.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + RIGHT.replace("\n", "\r\n").encode())
    assert read_agreement(file, load_catalog()).digest == read(RIGHT).digest


def test_every_mistake_is_told_at_its_place() -> None:
    text = changed("firstName: share", "firstNam: share\n          lastSurname: shar\n          birthDate: {generalise: zip3}")
    text = changed("kind: [epp]", "kind: [ep]", text)
    assert [(line, column) for line, column, _ in told(text)] == [(7, 45), (21, 11), (22, 24), (23, 22)]


def test_condition_that_cannot_be_read_is_never_dropped_in_silence() -> None:
    rows = "      candidates:\n        rows: [{element: program, equals: x}]\n        elements:"
    assert sentences(changed("      candidates:\n        elements:", rows)) != []


def test_operation_agreement_names_its_operator() -> None:
    text = """\
version: 1
kind: operation
id: hillside-operation
title: Who runs the gateway
timezone: America/Denver
term: {from: 2026-07-01, until: 2027-06-30}
parties:
  hillside: {name: Hillside College, kind: [epp]}
  datahost: {name: Data Host Inc., kind: [service_provider]}
provider: hillside
operator:
  party: datahost
  legal_basis:
    basis: a1_school_official
    citation: 34 CFR 99.31(a)(1)(i)(B)
    institutional_function: Runs the gateway
    direct_control: Section 2
    legitimate_interest: Running the gateway
    roles: [Administrator]
"""
    found = read(text)
    assert found.operation is not None
    assert (found.operation.provider, found.operation.operator, found.grants) == ("hillside", "datahost", ())
    assert read(orjson.dumps(found.document).decode()).digest == found.digest
    missing = text.replace("    roles: [Administrator]\n", "")
    assert sentences(missing) == [
        "a school official's basis does not say roles; add roles: [System administrator] [F-31-A1, 34 CFR 99.31(a)(1)(i)(B)]"
    ]


def test_template_gives_one_agreement_for_each_member() -> None:
    found = read_agreements(GOOD / "consortium.yaml", load_catalog())
    assert [agreement.id for agreement in found] == ["hillside-oakhill", "hillside-riverton", "hillside-lakeview"]
    assert [agreement.term[1] for agreement in found] == [date(2027, 6, 30), date(2028, 6, 30), date(2027, 6, 30)]
    assert found[0].parties[InstitutionId("oakhill")].organisations == (255902, 255902001)
    assert found[1].grants[0].rows[0] == RowPredicate(
        ElementPath("educationOrganizationReference.educationOrganizationId"), "in", (255901,)
    )
    assert len({agreement.digest for agreement in found}) == len(found)
    assert all("${" not in orjson.dumps(agreement.document).decode() for agreement in found)


def test_file_with_several_agreements_is_not_one() -> None:
    with pytest.raises(FileErrors, match="template of 3 agreements"):
        read_agreement(GOOD / "consortium.yaml", load_catalog())


def test_mistake_of_one_member_names_it() -> None:
    text = (GOOD / "consortium.yaml").read_text(encoding="utf-8").replace("until: 2028-06-30", "until: 2025-06-30")
    (problem,) = sentences(text)
    assert problem.startswith("the term ends (2025-06-30) before it starts (2026-07-01) (for district riverton)")


def test_mistake_of_every_member_is_told_once() -> None:
    text = (GOOD / "consortium.yaml").read_text(encoding="utf-8").replace("datePosted: share", "datePostd: share")
    assert sentences(text) == ['"datePostd" is not an element of openStaffPositions; did you mean "datePosted"?']


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("id: hillside-${district}", "id: hillside-openings", "is the same for every member"),
        ("title: Openings of ${district_name}", "title: Openings of ${distrct_name}", 'did you mean "district_name"?'),
        ("schools: 255903}", "schol: 255903}", '"schol" is not a member of a member of the template'),
        ("district: oakhill,", "district: riverton,", 'the id "hillside-riverton" is that of'),
        ("parameters: [district,", "parameters: [District,", 'parameter "District" must be small letters'),
    ],
)
def test_mistakes_of_a_template_are_told(old: str, new: str, message: str) -> None:
    text = changed(old, new, (GOOD / "consortium.yaml").read_text(encoding="utf-8"))
    assert any(message in sentence for sentence in sentences(text)), sentences(text)
