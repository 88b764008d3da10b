"""Check stored signatures again from the stored bytes: nothing that was once accepted is believed for that."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.agreements.resolve_document import digest_of
from gateway.domain.identifiers import AgreementId
from gateway.domain.signing import Signature, Statement
from gateway.errors import IntegrityError
from gateway.keys.signatures import verifies
from gateway.store.engine import Connection
from gateway.store.signatures import StoredText, read_document, read_text, signatures_of


@dataclass(frozen=True)
class Checked:
    """A signature and what verifying it gave; `holds` is False when something stored was changed."""

    signature: Signature
    holds: bool
    finding: str


def recheck(connection: Connection, agreement: AgreementId, version: int) -> tuple[Checked, ...]:
    """Every signature of a version, verified against the version's text as it is stored now."""
    text = read_text(connection, agreement, version)
    found = digest_of(text.document)
    return tuple(
        _checked(connection, agreement, text, found, signature) for signature in signatures_of(connection, agreement, version)
    )


def assert_signed(connection: Connection, agreement: AgreementId, version: int) -> None:
    """Raises `IntegrityError` when a signature of a version does not hold any more."""
    for checked in recheck(connection, agreement, version):
        if not checked.holds:
            raise IntegrityError(
                f"The signature of {checked.signature.institution} on {agreement} version {version}: {checked.finding}."
            )


def _checked(connection: Connection, agreement: AgreementId, text: StoredText, found: str, signature: Signature) -> Checked:
    if not found == text.digest == signature.digest:
        return Checked(signature, holds=False, finding="the stored text is not the one that was signed")
    statement = Statement(agreement, text.version, found, signature.institution, signature.signer)
    match signature.method:
        case "ed25519":
            holds = _verifies(signature, statement.signed_bytes())
            return Checked(signature, holds, "the Ed25519 signature verifies" if holds else "the Ed25519 signature does not verify")
        case "attested":
            return _checked_attestation(connection, agreement, statement, signature)
        case "operator":
            return Checked(signature, holds=True, finding="stated by the operator; there is nothing to verify")


def _checked_attestation(connection: Connection, agreement: AgreementId, statement: Statement, signature: Signature) -> Checked:
    evidence = signature.evidence
    sha256, signed_on, board = str(evidence["document"]), str(evidence["signed_on"]), evidence["board_approved"]
    document = read_document(connection, agreement, statement.version, sha256)
    if document is None or hashlib.sha256(document.content).hexdigest() != sha256:
        return Checked(signature, holds=False, finding="the executed document is not the one that was attested")
    how = "its text holds the digest" if evidence["digest_found_in_text"] else f"the steward typed {evidence['digest_shown']}"
    if evidence["public_jwk"] is None:
        return Checked(signature, holds=True, finding=f"the executed document is unchanged; {how}")
    content = statement.attested_bytes(sha256, signed_on, None if board is None else str(board))
    if not _verifies(signature, content):
        return Checked(signature, holds=False, finding="the steward's Ed25519 signature does not verify")
    return Checked(signature, holds=True, finding=f"the executed document is unchanged; {how}; the steward's signature verifies")


def _verifies(signature: Signature, content: bytes) -> bool:
    jwk = signature.evidence.get("public_jwk")
    if not isinstance(jwk, Mapping) or signature.signature is None:
        return False
    return verifies({str(name): str(value) for name, value in jwk.items()}, signature.signature, content)
