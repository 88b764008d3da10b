"""Try an agreement out on a sample of the provider's own rows; the look is on the log, the rows are nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from gateway.agreements.lifecycle import Registry
from gateway.agreements.preview import InForce, Preview, Sample, preview
from gateway.catalog.model import Catalog
from gateway.domain.agreement import Agreement, Grant
from gateway.domain.auditing import AuditEvent
from gateway.domain.decision import RelatedPredicate
from gateway.domain.grant_facts import entry_on
from gateway.domain.identifiers import ResourceName
from gateway.store.agreements import grants_in_force

IN_FORCE = "in_force"


def resources_to_sample(grant: Grant) -> tuple[ResourceName, ...]:
    """What must be pulled to preview a grant: its resource, and those that its row conditions look into."""
    related = [predicate.resource for predicate in grant.rows if isinstance(predicate, RelatedPredicate)]
    return tuple(dict.fromkeys([grant.resource, *related]))


def try_out(
    agreement: Agreement, grant: Grant, catalog: Catalog, sample: Sample, *, most: int, actor: str, registry: Registry
) -> Preview:
    """The preview for today in the agreement's time zone, once its entry is durable. Raises `Unavailable` without one."""
    today = registry.clock().astimezone(ZoneInfo(agreement.timezone)).date()
    with registry.database.read() as connection:
        stored = grants_in_force(connection, grant.provider, grant.recipient, grant.resource)
    found = preview(agreement, grant, catalog, sample, [_in_force(facts, today) for facts in stored], today, most)
    registry.log.append(_event(agreement, grant, found, actor))
    return found


def _in_force(facts: Mapping[str, Any], today: date) -> InForce:
    entry = entry_on(facts, IN_FORCE, today)
    rows, elements = entry["rows"], entry["elements"]
    # A scope that cannot be counted lets nobody see anything now.
    nobody = [{"element": "", "comparison": "in", "values": []}]
    return InForce(str(entry["id"]), rows if isinstance(rows, list) else nobody, elements)  # type: ignore[arg-type]


def _event(agreement: Agreement, grant: Grant, found: Preview, actor: str) -> AuditEvent:
    leaf: dict[str, object] = {
        "agreement": agreement.id,
        "agreement_digest": agreement.digest,
        "schedule": grant.schedule,
        "provider": grant.provider,
        "recipient": grant.recipient,
        "resource": grant.resource,
        "rows": str(found.rows),
        "shown": str(len(found.shown)),
        "actor": actor,
    }
    return AuditEvent(kind="preview", leaf=leaf, institutions=(grant.provider,))
