"""Write an agreement out in full: the document that is signed, itself an agreement file that says the same.

Nothing in it depends on the catalog or on defaults any more: classes are element names, school years days, short forms the
conditions that they stand for, and every resource says all that it inherits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import rfc8785

from gateway.agreements.read_rows import ROSTER
from gateway.domain.agreement import AggregateTable, Agreement, Grant, Officer, Party, Schedule
from gateway.domain.decision import AheadPredicate, LegalBasis, RelatedPredicate, RosterPredicate, RowPredicate, StatedPredicate
from gateway.domain.treatments import Generalise, MaskText, Treatment, spoken

VERSION = 1


def resolve_document(agreement: Agreement) -> dict[str, object]:
    """The resolved JSON tree, whatever `document` the agreement has so far."""
    return {
        "version": VERSION,
        "kind": "operation" if agreement.operation else "sharing",
        "id": agreement.id,
        "title": agreement.title,
        "timezone": agreement.timezone,
        "term": {"from": agreement.term[0].isoformat(), "until": agreement.term[1].isoformat()},
        "renewal": _stated(how=agreement.renewal.how, notice_days=agreement.renewal.notice_days),
        "suspension": _stated(by=list(agreement.suspension.by), in_words=agreement.suspension.in_words),
        "parties": {party.id: _party(party) for party in agreement.parties.values()},
        **_stated(breach_notice_hours=agreement.breach_notice_hours, destruction=_destruction(agreement)),
        **(_operation(agreement) if agreement.operation else _sharing(agreement)),
    }


def digest_of(document: Mapping[str, object]) -> str:
    """SHA-256 over the RFC 8785 form: what is signed."""
    return hashlib.sha256(rfc8785.dumps(document)).hexdigest()  # type: ignore[arg-type]  # a JSON tree by construction


def _sharing(agreement: Agreement) -> dict[str, object]:
    ordered = sorted(agreement.schedules, key=lambda schedule: schedule.id)
    return {
        "minimum_cell_size": agreement.minimum_cell_size,
        "disclosure_control": agreement.disclosure_control,
        "schedules": [_schedule(agreement, schedule) for schedule in ordered],
        **_stated(
            redisclosure=_redisclosure(agreement),
            academic_terms={name: last.isoformat() for name, last in agreement.academic_terms},
            code_lists={
                name: _stated(title=agreement.code_list_titles.get(name), groups=_groups(codes))
                for name, codes in agreement.code_lists.items()
            },
        ),
    }


def _operation(agreement: Agreement) -> dict[str, object]:
    operation = agreement.operation
    if operation is None:
        return {}
    if operation.operator is None or operation.basis is None:
        return {"provider": operation.provider, "operator": {"self_hosted": True}}
    return {
        "provider": operation.provider,
        "operator": {"party": operation.operator, "legal_basis": _basis(operation.basis)},
    }


def _stated(**members: object) -> dict[str, object]:
    """The members that say something; zero and false do."""
    return {name: member for name, member in members.items() if member not in (None, "", [], {})}


def _party(party: Party) -> dict[str, object]:
    return _stated(
        name=party.name,
        kind=list(party.kind),
        contact=party.contact,
        authorised_representative=_officer(party.authorised_representative),
        custodian=_officer(party.custodian),
        education_organizations=list(party.organisations),
    )


def _officer(officer: Officer | None) -> dict[str, object]:
    return _stated(name=officer.name, title=officer.title) if officer else {}


def _destruction(agreement: Agreement) -> dict[str, object] | None:
    stated = agreement.destruction
    if stated is None:
        return None
    return {"days_after_end": stated.days_after_end, "method": stated.method, "certification": stated.certification}


def _redisclosure(agreement: Agreement) -> dict[str, object] | None:
    stated = agreement.redisclosure
    if not stated.notice:
        return None
    others = [{"name": name, "legitimate_interest": why} for name, why in stated.additional_parties]
    return {"allowed": stated.allowed, "notice": stated.notice, **_stated(additional_parties=others)}


def _groups(codes: Mapping[str, str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for code in sorted(codes):
        groups.setdefault(codes[code], []).append(code)
    return groups


def _schedule(agreement: Agreement, schedule: Schedule) -> dict[str, object]:
    return {
        "id": schedule.id,
        "provider": schedule.provider,
        "recipient": schedule.recipient,
        "legal_basis": _basis(schedule.basis),
        "purposes": {purpose: {"legitimate_interest": why} for purpose, why in schedule.interests.items()},
        "resources": {grant.resource: _resource(grant) for grant in agreement.grants if grant.schedule == schedule.id},
        **_stated(
            operation=schedule.operation,
            tables={table.name: _table(table) for table in agreement.tables if table.schedule == schedule.id},
        ),
    }


def _table(table: AggregateTable) -> dict[str, object]:
    return {"resource": table.resource, "dimensions": list(table.dimensions), "measure": "count"}


def _resource(grant: Grant) -> dict[str, object]:
    return {
        "purposes": list(grant.purposes),
        "legal_basis": _basis(grant.basis),
        "elements": {path: _treatment(treatment) for path, treatment in grant.elements.items()},
        "formats": list(grant.formats),
        "change_feed": grant.change_feed,
        **_stated(
            persons={role: {"legal_basis": _basis(basis)} for role, basis in grant.persons.items()},
            rows=[_condition(row) for row in grant.rows],
            discloses=list(grant.discloses),
            limits=_stated(requests_per_minute=grant.limits.requests_per_minute, rows_per_day=grant.limits.rows_per_day),
        ),
    }


def _basis(basis: LegalBasis) -> dict[str, object]:
    return {"basis": basis.basis, "citation": basis.citation, **basis.details}


def _condition(row: StatedPredicate) -> dict[str, object]:
    match row:
        case RowPredicate(element, comparison, values):
            return {"element": element, comparison: list(values) if comparison == "in" else values[0]}
        case AheadPredicate(element, unit, count):
            return {"element": element, "within": {unit: count}}
        case RelatedPredicate(resource, about, where):
            return {"related": resource, "about": about, "where": [_condition(inner) for inner in where]}
        case RosterPredicate(element):
            return {"relation": ROSTER, "by": element}


def _treatment(treatment: Treatment) -> object:
    match treatment:
        case Generalise(to, None):
            return {"generalise": to}
        case Generalise(to, by):
            return {"generalise": {to: by}}
        case MaskText(keep):
            return {"mask": keep}
        case _:
            return spoken(treatment)
