"""Sign a proposed agreement with a signatory's Ed25519 key; the key never comes here, only the signature does."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.agreements.lifecycle import Change, Registry, chosen
from gateway.agreements.record_signature import Signed, assert_digest, record_signature, signing_person, stored_text
from gateway.domain.signing import Signature, Statement
from gateway.domain.times import utc_text
from gateway.errors import AgreementError
from gateway.keys.signatures import verifies
from gateway.store.agreements import stored_versions
from gateway.store.epoch import lock_epoch


@dataclass(frozen=True)
class SignedStatement:
    """A statement with the 64 bytes of the signature over its `signed_bytes`."""

    statement: Statement
    signature: bytes


def make_signature(statement: Statement, key: Ed25519PrivateKey) -> SignedStatement:
    """Sign a statement, on the signatory's own machine."""
    return SignedStatement(statement, key.sign(statement.signed_bytes()))


def attestation_signature(
    statement: Statement, document: bytes, signed_on: date, board_approved: date | None, key: Ed25519PrivateKey
) -> bytes:
    """A steward's signature on an attestation, made on the steward's own machine."""
    board = None if board_approved is None else board_approved.isoformat()
    return key.sign(statement.attested_bytes(hashlib.sha256(document).hexdigest(), signed_on.isoformat(), board))


def sign(signed: SignedStatement, change: Change, registry: Registry) -> Signed:
    """Accept a signature on a proposed version.

    Raises `AgreementError` when the version is not open, its text has another digest, the signatory is not registered, or the
    signature is not by its key.
    """
    statement = signed.statement
    with registry.database.write() as connection:
        lock_epoch(connection)
        versions = stored_versions(connection, statement.agreement)
        version = chosen(statement.agreement, "sign", versions, statement.version)
        assert_digest(statement.agreement, version, statement.digest)
        stored_text(connection, statement.agreement, version)
        person = signing_person(connection, statement.institution, statement.person, "signatory")
        if person.public_jwk is None or not verifies(person.public_jwk, signed.signature, statement.signed_bytes()):
            raise AgreementError(
                f"The signature is not by the registered key of {statement.person} ({statement.institution}) over this agreement, "
                "version, digest and institution. Sign again with that key."
            )
        evidence = {"public_jwk": dict(person.public_jwk), "name": person.name, "title": person.title}
        signature = Signature(
            institution=statement.institution,
            method="ed25519",
            signer=person.id,
            digest=version.digest,
            signature=signed.signature,
            evidence=evidence,
            at=utc_text(registry.clock()),
        )
        return record_signature(connection, statement.agreement, version, signature, change, registry)
