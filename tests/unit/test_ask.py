"""The question of a request: one spelling, nothing that a client made up, and another one for every fact that has changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import orjson
import pytest
import rfc8785

from gateway.ask import UNKNOWN, ask, question_of
from gateway.catalog.load import load_catalog
from gateway.domain.access import AccessRequest, Principal
from gateway.domain.agreement import AgreementFacts
from gateway.domain.filtering import SortBy
from gateway.domain.identifiers import AgreementId, ClientId, ElementPath, InstitutionId, ResourceName
from gateway.parse_filter import parse_filter
from tests.questions import DAY, question, questions

CATALOG = load_catalog()
PRINCIPAL = Principal(
    ClientId("c"), InstitutionId("riverton"), frozenset({"placement"}), "placement", frozenset(), token_id="t", key_thumbprint=None
)
FACTS = AgreementFacts(({"id": "lakeside-riverton", "provider": "lakeside"},), {"America/Chicago": "2026-11-24"})
SECRET = "Ada Lovelace 078-05-1120"


def test_the_spelling_is_the_canonical_one() -> None:
    for asked in questions().values():
        assert asked.content == rfc8785.dumps(orjson.loads(asked.content))
        assert question_of(orjson.loads(asked.content)) == asked


def test_the_order_of_members_does_not_matter() -> None:
    assert question_of({"b": 1, "a": {"d": 1, "c": 2}}).digest == question_of({"a": {"c": 2, "d": 1}, "b": 1}).digest


def test_every_changed_fact_is_another_question() -> None:
    """A kept answer is found by its question's digest: what must not outlive a change must be in the question."""
    changed = [
        question(),
        question(state="suspended"),
        question(state="terminated"),
        question(day=DAY + timedelta(days=1)),
        question(purpose="hiring"),
        question("fieldworkExperiences"),
        question(agreement="lakeside-riverton"),
        question(modules=("personnel-default",)),
    ]
    assert len({asked.digest for asked in changed}) == len(changed)
    assert question().digest == question().digest


@pytest.mark.parametrize(
    "request_of",
    [
        AccessRequest(ResourceName(SECRET), "placement"),
        AccessRequest(ResourceName("candidates"), SECRET),
        AccessRequest(ResourceName("candidates"), "placement", provider=InstitutionId(SECRET)),
        AccessRequest(ResourceName("candidates"), "placement", agreement=AgreementId(SECRET)),
        AccessRequest(ResourceName("candidates"), "placement", filters=((ElementPath(SECRET), "x"),)),
        AccessRequest(ResourceName("candidates"), "placement", filters=((ElementPath("lastSurname"), SECRET),)),
        AccessRequest(
            ResourceName("candidates"), "placement", filter=parse_filter(f"lastSurname eq '{SECRET}' or Lovelace isnull")
        ),
        AccessRequest(ResourceName("candidates"), "placement", sort=(SortBy(ElementPath(SECRET), descending=True),)),
        AccessRequest(ResourceName("candidates"), "placement", select=(ElementPath(SECRET),)),
        AccessRequest(ResourceName("candidates"), "placement", cursor=SECRET, request_id=SECRET),
    ],
)
def test_what_a_client_made_up_is_not_in_it(request_of: AccessRequest) -> None:
    content = ask(PRINCIPAL, request_of, FACTS, CATALOG, ()).content
    for word in SECRET.split():
        assert word.encode() not in content


def test_known_names_stay_and_unknown_ones_find_nothing() -> None:
    asked = AccessRequest(
        ResourceName("candidates"),
        "placement",
        provider=InstitutionId("lakeside"),
        agreement=AgreementId("lakeside-riverton"),
        filters=((ElementPath("lastSurname"), "a"), (ElementPath("firstName"), "b"), (ElementPath("lastSurname"), "c")),
        filter=parse_filter("not (birthDate ge 2000 or shoeSize isnull) and firstName eq 'b'"),
    )
    found = ask(PRINCIPAL, asked, FACTS, CATALOG, ("b", "a")).input
    assert found["request"] == {
        "resource": "candidates",
        "purpose": "placement",
        "provider": "lakeside",
        "agreement": "lakeside-riverton",
        "operation": "read",
        "format": "json",
        "filters": ["birthDate", "firstName", "lastSurname"],
    }
    assert found["modules"] == ["b", "a"]
    other = ask(PRINCIPAL, replace(asked, provider=InstitutionId("hillside"), agreement=None), FACTS, CATALOG, ()).input["request"]
    assert isinstance(other, dict)
    assert (other["provider"], other["agreement"]) == (UNKNOWN, None)
