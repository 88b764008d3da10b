"""Try an agreement out on a sample of the provider's own rows; the look is on the log, the rows are nowhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from gateway.agreements.lifecycle import Registry
from gateway.agreements.preview import InForce, Preview, Sample, preview
from gateway.catalog.model import Catalog
from gateway.catalog.naming import naming_elements
from gateway.domain.agreement import Agreement, Grant
from gateway.domain.auditing import AuditEvent
from gateway.domain.decision import RelatedPredicate
from gateway.domain.grant_facts import entry_on
from gateway.domain.identifiers import ElementPath, ResourceName
from gateway.domain.people import KnownPerson, Told
from gateway.domain.records import EducationRecord
from gateway.domain.treatments import RedactText
from gateway.redact.text import know, text_redactor
from gateway.store.agreements import grants_in_force
from gateway.words import read_words

IN_FORCE = "in_force"


def resources_to_sample(grant: Grant) -> tuple[ResourceName, ...]:
    """What must be pulled to preview a grant: its resource, and those that its row conditions look into."""
    related = [predicate.resource for predicate in grant.rows if isinstance(predicate, RelatedPredicate)]
    return tuple(dict.fromkeys([grant.resource, *related]))


def people_to_sample(grant: Grant, catalog: Catalog) -> tuple[ResourceName, ...]:
    """What should be pulled, where the source has it, to know whom a free text can name; all of it."""
    redacts = any(isinstance(treatment, RedactText) for treatment in grant.elements.values())
    return tuple(naming_elements(catalog)) if redacts else ()


def try_out(
    agreement: Agreement,
    grant: Grant,
    catalog: Catalog,
    sample: Sample,
    people: Sample,
    *,
    most: int,
    actor: str,
    registry: Registry,
) -> Preview:
    """The preview for today in the agreement's time zone, once its entry is durable; free text is redacted by these people. Raises
    `Unavailable` without an entry."""
    today = registry.clock().astimezone(ZoneInfo(agreement.timezone)).date()
    with registry.database.read() as connection:
        stored = grants_in_force(connection, grant.provider, grant.recipient, grant.resource)
    others = [_in_force(facts, today) for facts in stored]
    found = preview(agreement, grant, catalog, sample, others, today, most, _redacted(people, catalog))
    registry.log.append(_event(agreement, grant, found, actor))
    return found


def _redacted(people: Sample, catalog: Catalog) -> Callable[[str], str | None]:
    words = read_words()
    known = know(_known(people, catalog), words) if any(people.values()) else None
    redactor = text_redactor(known, words)
    return lambda text: redactor(ElementPath(""), [text], [()])[0]


def _known(people: Sample, catalog: Catalog) -> Iterator[KnownPerson]:
    naming = naming_elements(catalog)
    for resource, records in people.items():
        for record in records:
            yield KnownPerson(tuple(_told(record, naming[resource])))


def _told(record: EducationRecord, naming: Mapping[ElementPath, Told]) -> Iterator[tuple[Told, str]]:
    for path, told in naming.items():
        collection, _, inner = path.partition(".")
        members = record.collections.get(collection)
        for value in [record.elements.get(path)] if members is None else [member.get(inner) for member in members]:
            if value is not None:
                yield told, str(value)


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
