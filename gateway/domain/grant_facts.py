"""A grant as the policy's input wants it (`policies/INPUT.md`), and its rows made plain for a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from gateway.domain.agreement import Agreement, Grant
from gateway.domain.decision import AheadPredicate, LegalBasis, RelatedPredicate, RosterPredicate, RowPredicate, StatedPredicate
from gateway.domain.treatments import Generalise, MaskText, Treatment, spoken


def grant_facts(agreement: Agreement, version: int, grant: Grant) -> dict[str, object]:
    """One grant as it is stored and as the check reads it: rows as stated, with the terms to count them by, and without what
    moves (`state`, `usage`, `release`)."""
    provider, recipient = agreement.parties[grant.provider], agreement.parties[grant.recipient]
    redisclosure, destruction = agreement.redisclosure, agreement.document.get("destruction")
    return {
        "id": agreement.id,
        "version": version,
        "digest": agreement.digest,
        "timezone": agreement.timezone,
        "term": {"from": agreement.term[0].isoformat(), "until": agreement.term[1].isoformat()},
        "redisclosure": {
            "allowed": redisclosure.allowed,
            "notice": redisclosure.notice,
            "additional_parties": [{"name": name, "legitimate_interest": why} for name, why in redisclosure.additional_parties],
        },
        "destruction": destruction,
        "minimum_cell_size": agreement.minimum_cell_size,
        "schedule": grant.schedule,
        "provider": grant.provider,
        "recipient": grant.recipient,
        "kinds": {"provider": list(provider.kind), "recipient": list(recipient.kind)},
        "names": {"provider": provider.name, "recipient": recipient.name},
        "resource": grant.resource,
        "purposes": list(grant.purposes),
        "interests": dict(grant.interests),
        "legal_basis": _basis(grant.basis),
        "persons": {role: _basis(basis) for role, basis in grant.persons.items()},
        "rows": [_stated(predicate) for predicate in grant.rows],
        "academic_terms": [last.isoformat() for _, last in agreement.academic_terms],
        "discloses": list(grant.discloses),
        "elements": {path: treatment_facts(treatment) for path, treatment in grant.elements.items()},
        "code_lists": {
            name: dict(codes)
            for name, codes in agreement.code_lists.items()
            if any(isinstance(treatment, Generalise) and treatment.by == name for treatment in grant.elements.values())
        },
        "formats": list(grant.formats),
        "change_feed": grant.change_feed,
        "limits": {"requests_per_minute": grant.limits.requests_per_minute, "rows_per_day": grant.limits.rows_per_day},
    }


def entry_on(facts: Mapping[str, Any], state: str, today: date) -> dict[str, object]:
    """A grant's facts as a decision is told of them on a day: its state, and its rows made plain."""
    term_ends = [date.fromisoformat(last) for last in facts["academic_terms"]]
    moving = {"state": state, "rows": plain_rows(facts["rows"], today, term_ends), "release": None}
    return {name: member for name, member in facts.items() if name != "academic_terms"} | moving


def treatment_facts(treatment: Treatment) -> dict[str, object]:
    """A treatment as the policy reads and gives it."""
    match treatment:
        case Generalise(to, None):
            return {"treatment": "generalise", "to": to}
        case Generalise(to, by):
            return {"treatment": "generalise", "to": to, "by": by}
        case MaskText(keep):
            return {"treatment": "mask", "keep": keep}
        case _:
            return {"treatment": spoken(treatment)}


def plain_rows(rows: Sequence[Mapping[str, object]], today: date, term_ends: Sequence[date]) -> list[dict[str, object]] | None:
    """Stated rows with every day ahead counted from `today`; None when a condition counts more terms than are left, so that
    nobody takes a shorter list for the promised one."""
    plain: list[dict[str, object]] = []
    for row in rows:
        where = row.get("where")
        if isinstance(where, Sequence):
            inner = plain_rows(where, today, term_ends)
            if inner is None:
                return None
            plain.append({**row, "where": inner})
        elif "within" in row:
            last = _last_day(str(row["within"]), int(str(row["count"])), today, term_ends)
            if last is None:
                return None
            for comparison, day in (("at_least", today), ("at_most", last)):
                plain.append({"element": row["element"], "comparison": comparison, "values": [day.isoformat()]})
        else:
            plain.append(dict(row))
    return plain


def _last_day(unit: str, count: int, today: date, term_ends: Sequence[date]) -> date | None:
    if unit == "days":
        return today + timedelta(days=count)
    ahead = [last for last in sorted(term_ends) if last >= today]
    return ahead[count - 1] if 0 < count <= len(ahead) else None


def _basis(basis: LegalBasis) -> dict[str, object]:
    return {"basis": basis.basis, "citation": basis.citation, "details": dict(basis.details)}


def _stated(predicate: StatedPredicate) -> dict[str, object]:
    match predicate:
        case RowPredicate(element, comparison, values):
            return {"element": element, "comparison": comparison, "values": list(values)}
        case AheadPredicate(element, unit, count):
            return {"element": element, "within": unit, "count": count}
        case RelatedPredicate(resource, about, where):
            return {"related": resource, "about": about, "where": [_stated(inner) for inner in where]}
        case RosterPredicate(element):
            return {"roster": element}
