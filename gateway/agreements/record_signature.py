"""Record one party's signature on a proposed version; the last party's completes it. Shared by signing and attesting."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.agreements.lifecycle import Change, Registry, note, step
from gateway.agreements.resolve_document import digest_of
from gateway.domain.agreement import AgreementState
from gateway.domain.identifiers import AgreementId, InstitutionId
from gateway.domain.signing import Role, Signatory, Signature
from gateway.errors import AgreementError, IntegrityError
from gateway.store.agreements import StoredVersion
from gateway.store.engine import Connection
from gateway.store.signatures import StoredText, insert_signature, read_signatory, read_text, signatures_of


@dataclass(frozen=True)
class Signed:
    """What a signature led to; `missing` are the parties that have yet to sign."""

    agreement: AgreementId
    version: int
    digest: str
    institution: InstitutionId
    state: AgreementState
    missing: tuple[InstitutionId, ...]


def record_signature(
    connection: Connection,
    agreement: AgreementId,
    version: StoredVersion,
    signature: Signature,
    change: Change,
    registry: Registry,
    **more: object,
) -> Signed:
    """Store a signature that was verified, with its entry; when it is the last one the version is `signed`.

    Raises `AgreementError` when the institution is no party or has signed already.
    """
    if signature.institution not in version.parties:
        raise AgreementError(f"{signature.institution} is no party of {agreement}. Its parties are: {', '.join(version.parties)}.")
    before = {known.institution for known in signatures_of(connection, agreement, version.version)}
    if signature.institution in before:
        raise AgreementError(f"{signature.institution} has signed {agreement} version {version.version} already.")
    insert_signature(connection, agreement, version.version, signature)
    told: dict[str, object] = {
        "signature_of": signature.institution,
        "signature_method": signature.method,
        "signer": signature.signer,
        **more,
    }
    note(connection, agreement, version, ("sign", version.state, version.state), change, registry, **told)
    missing = tuple(party for party in version.parties if party not in before | {signature.institution})
    after = version if missing else step(connection, agreement, version, "complete", change, registry)
    return Signed(agreement, version.version, version.digest, signature.institution, after.state, missing)


def signing_person(connection: Connection, institution: InstitutionId, name: str, role: Role) -> Signatory:
    """The person of an institution who may sign in a role now. Raises `AgreementError`."""
    person = read_signatory(connection, institution, name)
    if person is None or person.retired_at is not None or person.role != role:
        raise AgreementError(f"{institution} has no {role} {name} now. See who may sign: gateway signatory list")
    return person


def stored_text(connection: Connection, agreement: AgreementId, version: StoredVersion) -> StoredText:
    """The version's own text, whose digest is computed again. Raises `IntegrityError` when it is not the one stored."""
    text = read_text(connection, agreement, version.version)
    if digest_of(text.document) != version.digest:
        raise IntegrityError(f"The stored text of {agreement} version {version.version} does not have the digest stored beside it.")
    return text


def assert_digest(agreement: AgreementId, version: StoredVersion, shown: str) -> None:
    """The digest that somebody signed or holds must be the version's; a beginning of 16 digits or more is enough.

    Raises `AgreementError` with both.
    """
    if not version.digest.startswith(shown):
        raise AgreementError(
            f"This is not the text of {agreement} version {version.version}: a text that was changed has another digest.\n"
            f"  proposed: {version.digest}\n  yours:    {shown}\nSign the proposed text, or propose yours as a new version."
        )
