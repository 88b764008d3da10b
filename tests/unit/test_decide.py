"""Decide: what is asked, and how far an answer is believed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import pytest

from gateway.ask import ask
from gateway.catalog.load import load_catalog
from gateway.decide import decide
from gateway.domain.access import AccessRequest, Principal
from gateway.domain.agreement import AgreementFacts
from gateway.domain.decision import Deny, LegalBasis, Permit, Question, Release, RowPredicate
from gateway.domain.identifiers import AgreementId, ClientId, ElementPath, InstitutionId, ResourceName
from gateway.domain.treatments import Generalise, MaskText, Pseudonymise, Share
from gateway.errors import Unavailable
from gateway.pdp.engine import Answer
from gateway.pdp.open_engine import open_pdp
from gateway.pdp.point import PolicyPoint
from gateway.pdp.policies import Policies

CATALOG = load_catalog()
PRINCIPAL = Principal(
    client=ClientId("riverton-sis"),
    institution=InstitutionId("riverton"),
    purposes=frozenset({"placement", "hiring"}),
    default_purpose="placement",
    scopes=frozenset(),
    token_id="t",
    key_thumbprint=None,
)
REQUEST = AccessRequest(resource=ResourceName("candidates"), purpose="placement")
BASIS: Mapping[str, Any] = {"basis": "a1_school_official", "citation": "34 CFR 99.31(a)(1)(i)(B)", "details": {}}
ENTRY: Mapping[str, Any] = {
    "id": "lakeside-riverton",
    "version": 3,
    "digest": "d1ce",
    "state": "in_force",
    "timezone": "America/Chicago",
    "term": {"from": "2026-07-01", "until": "2027-06-30"},
    "redisclosure": {"allowed": False, "notice": "May not be redisclosed."},
    "schedule": "candidates-to-district",
    "provider": "lakeside",
    "recipient": "riverton",
    "resource": "candidates",
    "purposes": ["placement"],
    "interests": {"placement": "To place candidates with a school and a mentor"},
    "legal_basis": BASIS,
    "persons": {"candidate": BASIS},
    "rows": [{"element": "tuitionCost", "comparison": "in", "values": [101, 2.5]}],
    "elements": {
        "candidateIdentifier": {"treatment": "pseudonymise"},
        "firstName": {"treatment": "share"},
        "backgroundCheck.backgroundCheckCompletedDate": {"treatment": "generalise", "to": "year"},
        "lastSurname": {"treatment": "mask", "keep": "initial"},
        "sexDescriptor": {"treatment": "aggregate_only"},
        "races.raceDescriptor": {"treatment": "withhold"},
    },
    "code_lists": {},
    "formats": ["json"],
    "limits": {"requests_per_minute": None, "rows_per_day": None},
}
FACTS = AgreementFacts(entries=(ENTRY,), today={"America/Chicago": "2026-11-24"})
NOT_UNDERSTOOD, NOT_FROM_THE_FACTS = "GW-PDP-01", "GW-PDP-02"


class FakePdp:
    """Answers with what it was given, and remembers the question."""

    digest = "b" * 64

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.asked: Mapping[str, object] = {}

    def decide(self, question: Question) -> Answer:
        self.asked = question.input
        return Answer(self.answer, self.digest)

    def problems(self) -> tuple[str, ...]:
        return ()

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture(scope="module")
def engine() -> Iterator[PolicyPoint]:
    opened = open_pdp(Policies(), instances=1)
    yield opened
    opened.close()


@pytest.fixture
def answer(engine: PolicyPoint) -> dict[str, Any]:
    """The real permit of the real policy, to be spoilt."""
    found = engine.decide(_question()).result
    assert isinstance(found, dict)
    return dict(orjson.loads(orjson.dumps(found)))


def _question(request: AccessRequest = REQUEST, facts: AgreementFacts = FACTS) -> Question:
    return ask(PRINCIPAL, request, facts, CATALOG, ())


def _rule(answer: object, request: AccessRequest = REQUEST, facts: AgreementFacts = FACTS) -> str:
    decision = decide(_question(request, facts), FakePdp(answer))
    assert isinstance(decision, Deny)
    assert decision.bundle_digest == "b" * 64
    return decision.reasons[0].rule


def test_the_shipped_policy_permits_what_the_agreement_says(engine: PolicyPoint) -> None:
    permit = decide(_question(REQUEST, FACTS), engine)
    assert isinstance(permit, Permit)
    assert permit.elements == {
        "candidateIdentifier": Pseudonymise(),
        "firstName": Share(),
        "backgroundCheck.backgroundCheckCompletedDate": Generalise("year"),
        "lastSurname": MaskText("initial"),
    }
    assert {"sexDescriptor", "races.raceDescriptor", "loginId"} <= set(permit.withheld)
    assert permit.rows == (RowPredicate(ElementPath("tuitionCost"), "in", (101, 2.5)),)
    assert permit.bases == {"candidate": LegalBasis(**BASIS)}
    assert (permit.agreement, permit.agreement_version, permit.agreement_digest) == ("lakeside-riverton", 3, "d1ce")
    assert (permit.excluded_opt_outs, permit.redisclosure_notice) == ((), True)
    assert permit.bundle_digest == engine.digest


def test_a_refusal_has_its_reasons(engine: PolicyPoint) -> None:
    refusal = decide(_question(REQUEST, AgreementFacts((), {})), engine)
    assert isinstance(refusal, Deny)
    assert [(reason.rule, reason.title) for reason in refusal.reasons] == [("GW-AGR-01", "No agreement covers this request")]


def test_several_agreements_are_choices(engine: PolicyPoint) -> None:
    other = {**ENTRY, "id": "hillside-riverton", "provider": "hillside"}
    refusal = decide(_question(REQUEST, AgreementFacts((ENTRY, other), FACTS.today)), engine)
    assert isinstance(refusal, Deny)
    assert refusal.choices == ("hillside-riverton", "lakeside-riverton")


def test_the_question_is_json_and_has_no_order_of_its_own() -> None:
    pdp = FakePdp(None)
    decide(_question(REQUEST, FACTS), pdp)
    assert orjson.loads(orjson.dumps(pdp.asked)) == pdp.asked
    assert pdp.asked["principal"] == {"client": "riverton-sis", "institution": "riverton", "purposes": ["hiring", "placement"]}
    assert pdp.asked["request"] == {
        "resource": "candidates",
        "purpose": "placement",
        "provider": None,
        "agreement": None,
        "operation": "read",
        "format": "json",
        "filters": [],
    }


def test_an_engine_out_of_reach_is_not_a_refusal() -> None:
    class Gone(FakePdp):
        def decide(self, question: Question) -> Answer:
            raise Unavailable("gone")

    with pytest.raises(Unavailable):
        decide(_question(REQUEST, FACTS), Gone(None))


@pytest.mark.parametrize(
    "nonsense",
    [
        None,
        True,
        "permit",
        [],
        {},
        {"decision": "permit"},
        {"decision": "maybe"},
        {"decision": "deny", "reasons": [], "choices": []},
        {"decision": "deny", "reasons": [{"rule": "x", "citation": "y"}], "choices": []},
        {"decision": "deny", "reasons": [{"rule": "x", "citation": "y", "title": "z"}]},
        {"decision": "deny", "reasons": [{"rule": "x", "citation": "y", "title": "z"}], "choices": [], "but": 1},
    ],
)
def test_an_answer_that_is_not_understood_refuses(nonsense: object) -> None:
    assert _rule(nonsense) == NOT_UNDERSTOOD


def test_every_member_is_needed(answer: dict[str, Any]) -> None:
    for name in answer:
        assert _rule({other: value for other, value in answer.items() if other != name}) == NOT_UNDERSTOOD


@pytest.mark.parametrize(
    "change",
    [
        {"obligations": ["watermark"]},
        {"elements": {"firstName": {"treatment": "shout"}}},
        {"elements": {"firstName": {"treatment": "withhold"}}},
        {"elements": {"firstName": {"treatment": "share", "to": "year"}}},
        {"elements": {"backgroundCheck.backgroundCheckCompletedDate": {"treatment": "generalise"}}},
        {"elements": {"backgroundCheck.backgroundCheckCompletedDate": {"treatment": "generalise", "to": "decade"}}},
        {"elements": {"firstName": "share"}},
        {"redisclosure_notice": "true"},
        {"redisclosure_notice": 1},
        {"rows": [{"element": "a", "comparison": "like", "values": []}]},
        {"rows": [{"element": "a", "comparison": "in", "values": [None]}]},
        {"agreement": {"id": "lakeside-riverton", "version": "3", "digest": "d1ce"}},
        {"agreement": {"id": "lakeside-riverton", "version": True, "digest": "d1ce"}},
        {"rules": []},
        {"withheld": "none"},
    ],
)
def test_a_member_too_many_or_of_another_kind_refuses(answer: dict[str, Any], change: dict[str, object]) -> None:
    assert _rule(answer | change) == NOT_UNDERSTOOD


@pytest.mark.parametrize(
    "change",
    [
        {"agreement": {"id": "other", "version": 3, "digest": "d1ce"}},
        {"agreement": {"id": "lakeside-riverton", "version": 2, "digest": "d1ce"}},
        {"agreement": {"id": "lakeside-riverton", "version": 3, "digest": "beef"}},
        {"schedule": "other"},
        {"provider": "hillside"},
        {"recipient": "hillside"},
        {"resource": "staffs"},
        {"purpose": "hiring"},
        {"rows": []},
        {"rows": [{"element": "tuitionCost", "comparison": "in", "values": [101, 2.5, 9]}]},
        {"bases": {}},
        {"bases": {"candidate": {"basis": "consent", "citation": "34 CFR 99.30", "details": {}}}},
        {"consents": {"candidate": "a-form"}},
        {"code_lists": {"stem": {"a": "b"}}},
        {"elements": {"backgroundCheck.backgroundCheckCompletedDate": {"treatment": "generalise", "to": "month"}}},
        {"elements": {"backgroundCheck.backgroundCheckCompletedDate": {"treatment": "share"}}},
        {"elements": {"sexDescriptor": {"treatment": "share"}}},
        {"elements": {"loginId": {"treatment": "share"}}},
        {"withheld": ["firstName"]},
        {"excluded_opt_outs": ["candidate"]},
    ],
)
def test_a_permit_beyond_the_facts_refuses(answer: dict[str, Any], change: dict[str, object]) -> None:
    assert _rule(answer | change) == NOT_FROM_THE_FACTS


@pytest.mark.parametrize(
    "change",
    [{"state": "suspended"}, {"purposes": ["hiring"]}, {"recipient": "hillside"}, {"resource": "schools"}, {"elements": None}],
)
def test_a_permit_is_not_believed_when_its_agreement_says_otherwise(answer: dict[str, Any], change: dict[str, object]) -> None:
    assert _rule(answer, facts=AgreementFacts(({**ENTRY, **change},), FACTS.today)) == NOT_FROM_THE_FACTS


def test_a_permit_is_not_believed_without_facts(answer: dict[str, Any]) -> None:
    assert _rule(answer, facts=AgreementFacts((), {})) == NOT_FROM_THE_FACTS


def test_a_permit_must_be_of_the_agreement_and_provider_asked_for(answer: dict[str, Any]) -> None:
    assert (
        _rule(answer, AccessRequest(ResourceName("candidates"), "placement", agreement=AgreementId("other"))) == NOT_FROM_THE_FACTS
    )
    assert (
        _rule(answer, AccessRequest(ResourceName("candidates"), "placement", provider=InstitutionId("other"))) == NOT_FROM_THE_FACTS
    )


def test_a_smaller_permit_than_the_agreement_is_believed(answer: dict[str, Any]) -> None:
    smaller = answer | {"elements": {"firstName": {"treatment": "share"}}}
    assert isinstance(decide(_question(REQUEST, FACTS), FakePdp(smaller)), Permit)


def test_records_about_nobody_are_served_as_they_were_determined(engine: PolicyPoint) -> None:
    basis = {
        "basis": "b1_deidentified",
        "citation": "34 CFR 99.31(b)(1)",
        "details": {"smallest_class": 10, "quasi_identifiers": []},
    }
    release = {"version": 7, "smallest_class": 12, "official": "The registrar", "made_on": "2026-11-01"}
    elements = {"nameOfInstitution": {"treatment": "share"}}
    of_schools = {"resource": "schools", "legal_basis": basis, "persons": {}, "rows": [], "elements": elements, "release": release}
    facts = AgreementFacts(({**ENTRY, **of_schools, "change_feed": False},), FACTS.today)
    request = AccessRequest(ResourceName("schools"), "placement")
    permit = decide(_question(request, facts), engine)
    assert isinstance(permit, Permit)
    assert permit.release == Release(7, 12, ())
    without: Any = engine.decide(_question(request, facts)).result
    assert _rule({**without, "release": None}, request, facts) == NOT_FROM_THE_FACTS
