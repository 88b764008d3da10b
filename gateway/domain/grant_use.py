"""What one answer uses of a grant that has limits, to be counted with its audit entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.domain.agreement import Limits
from gateway.domain.identifiers import AgreementId, ResourceName


@dataclass(frozen=True)
class GrantUse:
    """One request of `rows` rows; `day` is the agreement's, `minute` UTC's. Every version of an agreement counts together."""

    agreement: AgreementId
    schedule: str
    resource: ResourceName
    day: str
    minute: str
    rows: int
    limits: Limits


def utc_minute(moment: datetime) -> str:
    """`2026-11-24T13:05`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")


def limits_of(entry: Mapping[str, object]) -> Limits | None:
    """The limits of a grant as the facts of a decision state it; None where it has none."""
    stated = entry["limits"]
    if not isinstance(stated, Mapping):
        return None
    limits = Limits(stated["requests_per_minute"], stated["rows_per_day"])
    return None if limits == Limits() else limits


def grant_use(entry: Mapping[str, object], day: str, rows: int, moment: datetime) -> GrantUse | None:
    """What an answer of so many rows uses of the grant of an entry; None where nothing is limited."""
    limits = limits_of(entry)
    if limits is None:
        return None
    agreement, resource = AgreementId(str(entry["id"])), ResourceName(str(entry["resource"]))
    return GrantUse(agreement, str(entry["schedule"]), resource, day, utc_minute(moment), rows, limits)
