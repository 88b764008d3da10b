"""Determine (PAP): an official states that a release is de-identified; it is frozen at the records of that moment (decision 17)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.agreements.lifecycle import Registry
from gateway.domain.agreement import DEIDENTIFIED
from gateway.domain.auditing import AuditEntry, AuditEvent
from gateway.domain.identifiers import AgreementId, InstitutionId, ResourceName
from gateway.domain.times import utc_text
from gateway.errors import AgreementError, RequestError
from gateway.store.determinations import Determination, grant_in_force, insert_determination, is_determined
from gateway.store.epoch import lock_epoch
from gateway.store.staging import head

LONGEST_OFFICIAL = 200
LONGEST_REASONS = 4_000


@dataclass(frozen=True)
class Determined:
    """What was determined, and its entry."""

    determination: Determination
    entry: AuditEntry


def determine(agreement: AgreementId, schedule: str, resource: str, official: str, reasons: str, registry: Registry) -> Determined:
    """Record an official's reasonable determination (34 CFR 99.31(b)(1)) on one resource of a schedule that is in force.

    From the next request on the recipient is served from the promoted version of this moment, and from no other. Raises
    `RequestError` for an official or reasons that are missing, `AgreementError` when the grant is not in force, not on a
    de-identified basis, has nothing to release, or has its determination.
    """
    name, why = official.strip(), reasons.strip()
    if not name or len(name) > LONGEST_OFFICIAL or not name.isprintable():
        raise RequestError(f"Name the official who determined it: one line of at most {LONGEST_OFFICIAL} characters.")
    if not why or len(why) > LONGEST_REASONS:
        raise RequestError(f"Say the official's reasons, in at most {LONGEST_REASONS} characters.")
    with registry.database.write() as connection:
        lock_epoch(connection)
        found = grant_in_force(connection, agreement, schedule, resource)
        if found is None:
            raise AgreementError(f"No version of {agreement} in force has {resource} in a schedule {schedule}.")
        version, facts = found
        basis = facts["legal_basis"]
        if basis["basis"] not in DEIDENTIFIED:
            raise AgreementError(f"{resource} of {schedule} is shared on {basis['basis']}, which needs no determination.")
        if is_determined(connection, agreement, version, schedule, resource):
            raise AgreementError(
                f"{resource} of {schedule} was determined already; a further release needs the release ledger, which comes with "
                "published tables."
            )
        provider = InstitutionId(facts["provider"])
        data_version, _ = head(connection, provider, ResourceName(resource))
        if not data_version:
            raise AgreementError(f"There are no {resource} of {provider} to release. Pull its sources first: gateway sync FILE")
        made = Determination(
            agreement,
            version,
            schedule,
            ResourceName(resource),
            provider,
            data_version,
            _smallest_class(basis["details"]),
            name,
            why,
            utc_text(registry.clock()),
        )
        entry = insert_determination(connection, made, _event(made, InstitutionId(facts["recipient"])), registry.log.append_in)
    return Determined(made, entry)


def _smallest_class(details: Mapping[str, object]) -> int:
    stated = details.get("smallest_class")
    if not isinstance(stated, int):
        raise AgreementError("The legal basis does not say its smallest_class. Correct the agreement and put it in force again.")
    return stated


def _event(made: Determination, recipient: InstitutionId) -> AuditEvent:
    # Officials are named in the open: theirs is an act of office. Their reasons may speak of people, so they stay out.
    leaf: dict[str, object] = {
        "agreement": made.agreement,
        "agreement_version": str(made.version),
        "schedule": made.schedule,
        "resource": made.resource,
        "resource_version": str(made.data_version),
        "smallest_class": str(made.smallest_class),
        "official": made.official,
        "provider": made.provider,
        "recipient": recipient,
    }
    return AuditEvent(kind="determination", leaf=leaf, institutions=(made.provider, recipient))
