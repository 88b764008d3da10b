"""Questions as the gateway asks them, from the example agreement: one that is permitted and some that are refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from gateway.agreements.read_agreement import read_agreement
from gateway.ask import ask
from gateway.catalog.load import load_catalog
from gateway.domain.access import AccessRequest, Principal
from gateway.domain.agreement import AgreementFacts, AgreementState
from gateway.domain.decision import Question
from gateway.domain.grant_facts import entry_on, grant_facts
from gateway.domain.identifiers import AgreementId, ClientId, InstitutionId, ResourceName
from gateway.shipped import shipped

EXAMPLE = shipped("policies") / "agreements" / "lakeside-riverton.yaml"
DAY = date(2026, 11, 24)
PRINCIPAL = Principal(
    client=ClientId("riverton-sis"),
    institution=InstitutionId("riverton"),
    purposes=frozenset({"placement", "hiring"}),
    default_purpose="placement",
    scopes=frozenset({"records:read"}),
    token_id="t",
    key_thumbprint=None,
)


def question(
    resource: str = "candidates",
    *,
    purpose: str = "placement",
    state: AgreementState = "in_force",
    day: date = DAY,
    agreement: str | None = None,
    modules: tuple[str, ...] = (),
) -> Question:
    """What riverton's system is asked about when it asks for a resource."""
    catalog = load_catalog()
    signed = read_agreement(EXAMPLE, catalog)
    entries = tuple(
        entry_on(grant_facts(signed, 1, grant), state, day)
        for grant in signed.grants
        if grant.recipient == "riverton" and grant.resource == resource
    )
    request = AccessRequest(ResourceName(resource), purpose, agreement=AgreementId(agreement) if agreement else None)
    return ask(PRINCIPAL, request, AgreementFacts(entries, {signed.timezone: day.isoformat()}), catalog, modules)


def questions() -> Mapping[str, Question]:
    """By name; the first is permitted."""
    return {
        "permitted": question(),
        "another resource": question("fieldworkExperiences"),
        "no such purpose here": question(purpose="hiring"),
        "suspended": question(state="suspended"),
        "after the term": question(day=date(2031, 1, 1)),
        "an agreement that is not there": question(agreement="hillside-riverton"),
    }
