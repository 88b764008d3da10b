"""What is on record of an agreement: its text, its versions' states, who signed how, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.agreements.recheck import Checked, recheck
from gateway.agreements.record_signature import stored_text
from gateway.domain.identifiers import AgreementId, InstitutionId
from gateway.errors import UnknownAgreement
from gateway.store.agreements import StoredVersion, stored_versions
from gateway.store.engine import Connection
from gateway.store.signatures import StateSpan, read_history

UNKNOWN = "There is no such agreement of your institution."


@dataclass(frozen=True)
class AgreementView:
    """One version with all versions' states; `signatures` are verified again for this answer, `missing` are parties that have not
    signed."""

    agreement: AgreementId
    version: StoredVersion
    document: Mapping[str, Any]
    signatures: tuple[Checked, ...]
    missing: tuple[InstitutionId, ...]
    versions: tuple[StoredVersion, ...]


@dataclass(frozen=True)
class Happening:
    """One line of a history: a state began or somebody signed; `why` is how a version ended, empty elsewhere."""

    at: str
    version: int
    what: str
    actor: str
    why: str = ""


def view(
    connection: Connection, agreement: AgreementId, number: int | None = None, viewer: InstitutionId | None = None
) -> AgreementView:
    """One version of an agreement, the newest without a number.

    Raises `UnknownAgreement` when there is none or the viewer is no party, and `IntegrityError` when its text was changed.
    """
    versions = visible_versions(connection, agreement, viewer)
    version = next((known for known in reversed(versions) if number in {None, known.version}), None)
    if version is None:
        raise UnknownAgreement(f"There is no version {number} of {agreement}.")
    text = stored_text(connection, agreement, version)
    signatures = recheck(connection, agreement, version.version)
    signed = {checked.signature.institution for checked in signatures}
    missing = tuple(party for party in version.parties if party not in signed)
    return AgreementView(agreement, version, text.document, signatures, missing, tuple(versions))


def history(connection: Connection, agreement: AgreementId, viewer: InstitutionId | None = None) -> tuple[Happening, ...]:
    """Everything that happened to every version of an agreement, oldest first. Raises `UnknownAgreement`."""
    versions = visible_versions(connection, agreement, viewer)
    spans = read_history(connection, agreement)
    happened = [
        Happening(span.at, span.version, span.state, span.actor, _why(span, before, spans))
        for span, before in zip(spans, _before(spans), strict=True)
    ]
    for version in versions:
        for checked in recheck(connection, agreement, version.version):
            signature = checked.signature
            verified = checked.finding if checked.holds else f"NOT VALID: {checked.finding}"
            what = f"signed by {signature.institution} ({signature.method})"
            one = Happening(signature.at, version.version, what, signature.signer, verified)
            happened.insert(_place(one, happened), one)
    return tuple(happened)


def visible_versions(connection: Connection, agreement: AgreementId, viewer: InstitutionId | None) -> Sequence[StoredVersion]:
    """The versions of an agreement as an institution may see them, all for an operator (None). Raises `UnknownAgreement`."""
    versions = [version for version in stored_versions(connection, agreement) if viewer is None or viewer in version.parties]
    if not versions:
        raise UnknownAgreement(UNKNOWN if viewer is not None else f"There is no agreement {agreement}.")
    return versions


def _place(signing: Happening, happened: Sequence[Happening]) -> int:
    """Where a signature belongs among what happened: by its time, and before the state that it led to."""
    for place, other in enumerate(happened):
        led_to = other.at == signing.at and other.version == signing.version and other.what == "signed"
        if led_to or other.at > signing.at:
            return place
    return len(happened)


def _before(spans: Sequence[StateSpan]) -> list[str]:
    """The state that each version was in before each span."""
    last: dict[int, str] = {}
    found: list[str] = []
    for span in spans:
        found.append(last.get(span.version, "none"))
        last[span.version] = span.state
    return found


def _why(span: StateSpan, before: str, spans: Sequence[StateSpan]) -> str:
    if span.state != "terminated":
        return ""
    if before not in {"in_force", "suspended"}:
        return "withdrawn"
    follower = next(
        (other for other in spans if other.state == "in_force" and other.at == span.at and other.version > span.version), None
    )
    return "" if follower is None else f"superseded by version {follower.version}"
