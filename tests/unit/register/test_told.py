"""What an entry says about a person, in words: who may have the records next, the threat of an emergency, both parts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from gateway.agreements.blocks import Bullets, Grid, Heading, Paragraph
from gateway.agreements.render import RENDERERS
from gateway.catalog.load import load_catalog
from gateway.domain.auditing import AuditEntry, Checkpoint
from gateway.domain.identifiers import EntryId, PersonId
from gateway.register.document import document
from gateway.register.find_subject import Subject
from gateway.register.lines import as_csv, as_object
from gateway.register.look import Looked
from gateway.register.told import AgreementWords, Told, tell

CATALOG = load_catalog()
STUDY = {"basis": "a6_study", "citation": "34 CFR 99.31(a)(6)(i)"}
EMERGENCY = {"basis": "a10_emergency", "citation": "34 CFR 99.36", "threat": "A fire in the north building"}
DOCUMENT: Mapping[str, Any] = {
    "title": "=A study of mentors",
    "timezone": "America/New_York",
    "parties": {
        "oakhill": {"name": "Oakhill College"},
        "millbrook": {"name": "Millbrook <Research>", "contact": "irb@millbrook.example"},
    },
    "redisclosure": {
        "allowed": True,
        "notice": "Do not pass it on.",
        "additional_parties": [{"name": "The state agency", "legitimate_interest": "To check the study"}],
    },
    "schedules": [
        {
            "id": "study",
            "purposes": {"research": {"legitimate_interest": "To improve instruction"}},
            "resources": {
                "candidateRelationshipToStaffAssociations": {
                    "legal_basis": STUDY,
                    "persons": {"candidate": {"legal_basis": STUDY}, "staff": {"legal_basis": EMERGENCY}},
                }
            },
        }
    ],
}


class Words(AgreementWords):
    """Every version says the same."""

    def __init__(self) -> None:
        pass

    def of(self, agreement: str, version: int, digest: str) -> Mapping[str, Any]:
        return DOCUMENT


def told(*roles: str, **more: object) -> Told:
    leaf = {
        "kind": "disclosure",
        "id": "01a221f0-0000-7000-8000-000000000001",
        "time": "2026-11-24T04:30:00.000000Z",
        "provider": "oakhill",
        "recipient": "millbrook",
        "client": "millbrook-lab",
        "agreement": "oakhill-millbrook",
        "agreement_version": "2",
        "agreement_digest": "",
        "schedule": "study",
        "purpose": "research",
        "operation": "export",
        "resource": "candidateRelationshipToStaffAssociations",
        "bases": {"candidate": "a6_study; 34 CFR 99.31(a)(6)(i)", "staff": "a10_emergency; 34 CFR 99.36"},
        "released": ["staffReference.staffUniqueId", "beginDate"],
        "treated": {"candidateReference.candidateIdentifier": "pseudonymise", "endDate": "generalise:year"},
        **more,
    }
    return tell(leaf, 1, 7, roles, Words(), CATALOG)


def looked(*each: Told) -> Looked:
    entry = AuditEntry(EntryId("look"), 9, b"", Checkpoint(1, 10, b"", ""))
    return Looked(Subject(PersonId(3), "candidateIdentifier C-3"), each, len(each), (), None, entry)


def words_of(record: Looked) -> str:
    said: list[str] = []
    for block in document(record, "oakhill", datetime(2026, 12, 1, tzinfo=UTC)):
        match block:
            case Heading(_, text) | Paragraph(text):
                said.append(text)
            case Bullets(items):
                said.extend(items)
            case Grid(header, rows):
                said.extend(cell for row in (header, *rows) for cell in row)
    return "\n".join(said)


def test_a_study_is_not_exempt_and_says_who_may_have_it_next() -> None:
    one = told("candidate")
    assert one.exempt is None
    assert [(party.name, party.legitimate_interest) for party in one.further] == [("The state agency", "To check the study")]
    said = words_of(looked(one))
    assert "Must this be recorded: yes." in said
    assert "to The state agency (To check the study), and to nobody else." in said
    assert "Who looked: client millbrook-lab. The system named no person." in said


def test_the_day_is_the_one_in_the_agreements_time_zone() -> None:
    assert "23 November 2026, 23:30 (America/New_York)" in words_of(looked(told("candidate")))


def test_elements_about_the_other_person_are_not_told() -> None:
    assert {shown.element for shown in told("candidate").elements} == {
        "beginDate",
        "endDate",
        "candidateReference.candidateIdentifier",
    }
    assert "staffReference.staffUniqueId" in {shown.element for shown in told("staff").elements}
    assert len(told("candidate", "staff").elements) == 4


def test_the_threat_of_an_emergency_is_told() -> None:
    [basis] = told("staff").bases
    assert basis.in_words.endswith("; the threat: A fire in the north building")


def test_a_treatment_that_there_is_no_more_is_told_as_it_stands() -> None:
    [shown] = told("candidate", released=[], treated={"beginDate": "generalise:decade"}).elements
    assert shown.how == "generalise:decade"


def test_an_element_that_the_catalog_has_no_more_is_told_by_its_path() -> None:
    [shown] = told("staff", released=["shoeSize"], treated={}).elements
    assert (shown.element, shown.description) == ("shoeSize", "shoeSize")


def test_entries_that_differ_in_time_only_stand_together() -> None:
    first = told("candidate")
    second = told("candidate", time="2026-11-25T04:30:00.000000Z", id="01a221f0-0000-7000-8000-000000000002")
    other = told("candidate", client="another")
    said = words_of(looked(second, first, other))
    assert said.count("Who received it: ") == 2
    assert "23 November 2026 to 24 November 2026" in said
    assert {first.entry, second.entry} <= set(said.split("\n"))


def test_what_partners_wrote_neither_runs_nor_breaks_the_page() -> None:
    page = RENDERERS["html"](document(looked(told("candidate")), "oakhill", datetime(2026, 12, 1, tzinfo=UTC))).decode()
    assert "Millbrook &lt;Research&gt;" in page
    assert "<Research>" not in page
    assert "'=oakhill" in as_csv([told("candidate", agreement="=oakhill")]).decode()


def test_an_object_says_the_same_in_members() -> None:
    found = as_object(told("candidate"))
    assert found["local_time"] == "2026-11-23T23:30:00-05:00"
    assert found["further_disclosure"] == {
        "allowed": True,
        "parties": [{"name": "The state agency", "legitimate_interest": "To check the study"}],
    }


def test_a_record_that_is_empty_and_one_whose_entries_are_archived_say_so() -> None:
    assert "Nothing about this person was disclosed" in words_of(looked())
    archived = Looked(looked().subject, (), 2, ((1, 3), (1, 4)), None, looked().entry)
    said = words_of(archived)
    assert "2 more entries are in the archive" in said
    assert "Nothing about this person" not in said
