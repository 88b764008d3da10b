"""Register the people who bind an institution, and retire them; each with its entry in one transaction."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.agreements.lifecycle import Change, Registry
from gateway.domain.agreement import SLUG
from gateway.domain.auditing import AuditEntry, AuditEvent
from gateway.domain.identifiers import InstitutionId
from gateway.domain.signing import Role, Signatory
from gateway.domain.times import utc_text
from gateway.errors import RequestError
from gateway.keys.jwk import thumbprint
from gateway.keys.signatures import binding_jwk
from gateway.store.epoch import lock_epoch
from gateway.store.signatures import insert_signatory, list_signatories, read_signatory, retire

LONGEST_NAME = 200


@dataclass(frozen=True)
class NewSignatory:
    """Somebody to be registered. `jwk` is a public key as read from its file; a steward may have none."""

    institution: str
    id: str
    role: Role
    name: str
    title: str
    jwk: object | None = None


def add_signatory(new: NewSignatory, change: Change, registry: Registry) -> tuple[Signatory, AuditEntry]:
    """Register a signatory or a steward.

    Raises `RequestError` for an id used before, a key that another person has, or a signatory without a key.
    """
    person = _checked(new, utc_text(registry.clock()))
    with registry.database.write() as connection:
        lock_epoch(connection)
        if read_signatory(connection, person.institution, person.id) is not None:
            raise RequestError(
                f"{person.institution} has or had a {person.id}. An id names one person and key for good: choose another."
            )
        holder = next(
            (known for known in list_signatories(connection) if known.public_jwk and known.public_jwk == person.public_jwk), None
        )
        if holder is not None:
            raise RequestError(f"This key is that of {holder.id} ({holder.institution}). Each person has a key of their own.")
        entry = insert_signatory(connection, person, _event("add", person, change), registry.log.append_in)
    return person, entry


def retire_signatory(institution: str, name: str, change: Change, registry: Registry) -> tuple[Signatory, AuditEntry]:
    """End somebody's right to sign from now on. Raises `RequestError` when there is no such person, or no longer."""
    with registry.database.write() as connection:
        lock_epoch(connection)
        person = read_signatory(connection, InstitutionId(institution), name)
        if person is None or person.retired_at is not None:
            raise RequestError(f"{institution} has no signatory or steward {name} now. See: gateway signatory list")
        at = utc_text(registry.clock())
        entry = retire(connection, person, at, _event("retire", person, change), registry.log.append_in)
    return person, entry


def _checked(new: NewSignatory, at: str) -> Signatory:
    for text, what in ((new.institution, "institution"), (new.id, "id")):
        if not re.fullmatch(SLUG, text):
            raise RequestError(f"The {what} must be small letters, digits and hyphens, at most 63, as in dana-whitfield.")
    for text, what in ((new.name, "name"), (new.title, "title")):
        if not text.strip() or len(text) > LONGEST_NAME or not text.isprintable():
            raise RequestError(f"The {what} must be 1 to {LONGEST_NAME} printable characters.")
    if new.role == "signatory" and new.jwk is None:
        raise RequestError(
            "A signatory signs with a key: --key FILE or --new-key FILE. Who has none can be a steward: --role steward."
        )
    jwk: Mapping[str, str] | None = None if new.jwk is None else binding_jwk(new.jwk)
    return Signatory(InstitutionId(new.institution), new.id, new.role, new.name.strip(), new.title.strip(), jwk, at)


def _event(action: str, person: Signatory, change: Change) -> AuditEvent:
    leaf: dict[str, object] = {
        "action": action,
        "actor": change.actor.text,
        "institution": person.institution,
        "signatory": person.id,
        "role": person.role,
        "key": "none" if person.public_jwk is None else thumbprint(person.public_jwk),
        **change.request,
    }
    return AuditEvent(kind="signatory", leaf=leaf, institutions=(person.institution,))
