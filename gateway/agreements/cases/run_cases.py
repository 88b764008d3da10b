"""Run cases against an agreement that is nowhere in force yet: the same policy that will decide for real decides them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gateway.agreements.cases.read_cases import HIDDEN, Case
from gateway.ask import ask
from gateway.catalog.model import Catalog
from gateway.decide import decide
from gateway.domain.access import AccessRequest, Principal
from gateway.domain.agreement import Agreement, AgreementFacts, Grant
from gateway.domain.decision import Decision, Deny, Permit
from gateway.domain.grant_facts import entry_on, grant_facts
from gateway.domain.identifiers import AgreementId, ClientId, InstitutionId
from gateway.domain.treatments import Withhold, spoken
from gateway.pdp.engine import Pdp

CLIENT = ClientId("case")


@dataclass(frozen=True)
class Outcome:
    """What became of a case on one engine; `failure` is empty when it held."""

    case: Case
    engine: str
    failure: str
    decision: Decision


def run_cases(
    cases: Iterable[Case],
    agreements: Sequence[Agreement],
    engines: Mapping[str, Pdp],
    catalog: Catalog,
    modules: Sequence[str],
) -> tuple[Outcome, ...]:
    """Every case on every engine (by name), with these state-law modules switched on. Raises `Unavailable` when an engine does
    not answer."""
    outcomes = []
    for case in cases:
        question = ask(*_question(case, agreements), catalog, modules)
        for name, engine in engines.items():
            decision = decide(question, engine)
            outcomes.append(Outcome(case, name, _failure(case, decision), decision))
    return tuple(outcomes)


def not_exercised(outcomes: Iterable[Outcome], agreements: Sequence[Agreement]) -> tuple[str, ...]:
    """The clauses that no permitted case looked at: elements of a resource (by name), purposes, and whole resources."""
    looked: set[tuple[str, str, str]] = set()
    for outcome in outcomes:
        permit = outcome.decision
        if isinstance(permit, Permit):
            looked.add((permit.schedule, permit.resource, permit.purpose))
            looked |= {(permit.schedule, permit.resource, path) for path in outcome.case.elements}
    return tuple(
        f"{grant.schedule}, {grant.resource}: {clause}"
        for agreement in agreements
        for grant in agreement.grants
        for clause in _clauses(grant)
        if (grant.schedule, grant.resource, clause) not in looked
    )


def _clauses(grant: Grant) -> Iterable[str]:
    yield from grant.purposes
    yield from (path for path, treatment in grant.elements.items() if not isinstance(treatment, Withhold))


def _question(case: Case, agreements: Sequence[Agreement]) -> tuple[Principal, AccessRequest, AgreementFacts]:
    institution = InstitutionId(case.institution)
    entries = tuple(
        entry_on(grant_facts(agreement, 1, grant), case.state, case.day)
        for agreement in agreements
        for grant in agreement.grants
        if grant.recipient == institution and grant.resource == case.asked.resource
    )
    principal = Principal(
        client=CLIENT,
        institution=institution,
        purposes=frozenset(case.purposes),
        default_purpose=case.asked.purpose,
        scopes=frozenset(),
        token_id="",
        key_thumbprint=None,
    )
    request = AccessRequest(
        resource=case.asked.resource,
        purpose=case.asked.purpose,
        provider=InstitutionId(case.asked.provider) if case.asked.provider else None,
        agreement=AgreementId(case.asked.agreement) if case.asked.agreement else None,
        filters=tuple((path, "") for path in case.asked.filters),
    )
    return principal, request, AgreementFacts(entries, {agreement.timezone: case.day.isoformat() for agreement in agreements})


def _failure(case: Case, decision: Decision) -> str:
    match decision:
        case Deny(reasons) if case.permits:
            return "is denied: " + "; ".join(f"{reason.rule} {reason.title}" for reason in reasons)
        case Deny(reasons):
            missing = sorted(set(case.rules) - {reason.rule for reason in reasons})
            given = ", ".join(reason.rule for reason in reasons)
            return f"is denied, but not by {', '.join(missing)}: by {given}" if missing else ""
        case Permit() if not case.permits:
            return "is permitted"
        case Permit():
            return _unlike(case, decision)


def _unlike(case: Case, permit: Permit) -> str:
    seen = {path: spoken(treatment) for path, treatment in permit.elements.items()}
    wrong = [
        f"{path} is seen as {seen.get(path, HIDDEN)}, not {expected}"
        for path, expected in case.elements.items()
        if seen.get(path, HIDDEN) != expected
    ]
    wrong += [f"{rule} is not among its rules" for rule in case.rules if rule not in permit.rules]
    return "; ".join(wrong)
