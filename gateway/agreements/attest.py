"""Attest an executed agreement: people signed a document, in ink or by an e-signature, and a steward states that it is this one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from gateway.agreements.lifecycle import Change, Registry, chosen
from gateway.agreements.pdf_text import LARGEST_DOCUMENT, PDF, pdf_text
from gateway.agreements.record_signature import Signed, assert_digest, record_signature, signing_person, stored_text
from gateway.domain.identifiers import AgreementId, InstitutionId
from gateway.domain.signing import Signatory, Signature, Statement
from gateway.domain.times import utc_text
from gateway.errors import AgreementError, RequestError
from gateway.keys.signatures import verifies
from gateway.store.agreements import StoredVersion, stored_versions
from gateway.store.epoch import lock_epoch
from gateway.store.signatures import ExecutedDocument, insert_document

SHORTEST_DIGEST = 16
_DIGEST = re.compile(r"[0-9a-f]{16,64}")


@dataclass(frozen=True)
class Attestation:
    """A steward's statement about an executed document. `digest` is what the steward read in it, whole or its first 16 digits or
    more; empty where the gateway shall find it in the text. `signature` is by the steward's key, if one is registered."""

    agreement: AgreementId
    institution: InstitutionId
    steward: str
    document: bytes = field(repr=False)
    signed_on: date
    board_approved: date | None = None
    digest: str = ""
    version: int | None = None
    signature: bytes | None = None


@dataclass(frozen=True)
class Attested:
    """`found` says that the document's own text holds the digest; `sha256` is the document's."""

    signed: Signed
    sha256: str
    found: bool


def attest(stated: Attestation, change: Change, registry: Registry) -> Attested:
    """Accept an executed document and a steward's statement as an institution's signature on a proposed version.

    Raises `RequestError` for what is not a PDF or not a digest, `AgreementError` when it is not this agreement's.
    """
    shown = stated.digest.lower()
    if shown and not _DIGEST.fullmatch(shown):
        raise RequestError(
            f"Type the digest that the document shows: {SHORTEST_DIGEST} to 64 digits of 0-9 and a-f, from its beginning."
        )
    if len(stated.document) > LARGEST_DOCUMENT:
        raise RequestError(f"The document is larger than {LARGEST_DOCUMENT // 1024 // 1024} MB.")
    if not stated.document.startswith(b"%PDF-"):
        raise RequestError("The document is not a PDF.")
    sha256 = hashlib.sha256(stated.document).hexdigest()
    text = pdf_text(stated.document).lower()  # before the transaction: it may take seconds
    with registry.database.write() as connection:
        lock_epoch(connection)
        versions = stored_versions(connection, stated.agreement)
        version = chosen(stated.agreement, "sign", versions, stated.version)
        content = stored_text(connection, stated.agreement, version).document
        found = _compared(stated, version, versions, shown, text)
        _assert_days(stated, content, registry)
        steward = signing_person(connection, stated.institution, stated.steward, "steward")
        _assert_signed(stated, steward, version, sha256)
        at = utc_text(registry.clock())
        insert_document(
            connection, stated.agreement, version.version, ExecutedDocument(sha256, PDF, change.actor.text, at, stated.document)
        )
        evidence = {
            "document": sha256,
            "signed_on": stated.signed_on.isoformat(),
            "board_approved": None if stated.board_approved is None else stated.board_approved.isoformat(),
            "digest_shown": shown or version.digest,
            "digest_found_in_text": found,
            "name": steward.name,
            "title": steward.title,
            "public_jwk": None if steward.public_jwk is None else dict(steward.public_jwk),
        }
        signature = Signature(stated.institution, "attested", steward.id, version.digest, stated.signature, evidence, at)
        signed = record_signature(
            connection,
            stated.agreement,
            version,
            signature,
            change,
            registry,
            document=sha256,
            digest_found="yes" if found else "no",
        )
    return Attested(signed, sha256, found)


def _compared(stated: Attestation, version: StoredVersion, versions: Sequence[StoredVersion], shown: str, text: str) -> bool:
    """Whether the document's text shows the version's digest; what the steward typed must be its beginning either way."""
    if shown:
        assert_digest(stated.agreement, version, shown)
    found = (shown or version.digest) in text
    if found:
        return True
    other = next((known for known in versions if known.digest != version.digest and known.digest in text), None)
    if other is not None:
        raise AgreementError(
            f"The document is that of version {other.version}, not of version {version.version}.\n"
            f"  it shows: {other.digest}\n  proposed: {version.digest}"
        )
    if not shown:
        raise AgreementError(
            f"The digest of {stated.agreement} version {version.version} is not in the document's text; a scan has none. "
            f"Read it in the document and type it: --digest, at least its first {SHORTEST_DIGEST} digits."
        )
    return False


def _assert_days(stated: Attestation, content: Mapping[str, object], registry: Registry) -> None:
    today = registry.clock().astimezone(ZoneInfo(str(content["timezone"]))).date()
    days = (("signed", stated.signed_on), ("approved by the board", stated.board_approved))
    for what, day in days:
        if day is not None and day > today:
            raise RequestError(f"The document cannot have been {what} on {day}: today is {today}.")


def _assert_signed(stated: Attestation, steward: Signatory, version: StoredVersion, sha256: str) -> None:
    """A steward with a registered key signs the attestation too."""
    if steward.public_jwk is None:
        if stated.signature is not None:
            raise AgreementError(
                f"The steward {steward.id} has no registered key, so a signature cannot be verified. Leave it out."
            )
        return
    statement = Statement(stated.agreement, version.version, version.digest, stated.institution, steward.id)
    board = None if stated.board_approved is None else stated.board_approved.isoformat()
    content = statement.attested_bytes(sha256, stated.signed_on.isoformat(), board)
    if stated.signature is None or not verifies(steward.public_jwk, stated.signature, content):
        raise AgreementError(f"The steward {steward.id} has a registered key: the attestation must be signed with it (--key FILE).")
