"""What is signed, by whom, and what remains of it: the exact bytes of a signature, and the vocabulary around them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from gateway.domain.agreement import SLUG
from gateway.domain.identifiers import AgreementId, InstitutionId

SIGNATURE_HEADING = "educator-data-gateway agreement signature v1"
ATTESTATION_HEADING = "educator-data-gateway agreement attestation v1"
"""First lines of what is signed: a signature under one heading is none under another, nor of any other protocol's message."""

SIGNATURE_FORMAT = "educator-data-gateway agreement signature, version 1"
"""The member `format` of a signature file."""

Role = Literal["signatory", "steward"]
Method = Literal["ed25519", "attested", "operator"]

_SLUG = re.compile(SLUG)
_DIGEST = re.compile(r"[0-9a-f]{64}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Actor:
    """Who changes an agreement: `name` for an institution, or for none (an operator who acts on nobody's word)."""

    name: str
    institution: InstitutionId | None = None

    @property
    def text(self) -> str:
        """`lakeside/lakeside-sis`, or the name alone; `actor_of` reads it back."""
        return self.name if self.institution is None else f"{self.institution}/{self.name}"


def actor_of(text: str) -> Actor:
    """The actor of a stored text. A name may hold a slash; an institution's id stands before the first."""
    institution, slash, name = text.partition("/")
    return Actor(name, InstitutionId(institution)) if slash and _SLUG.fullmatch(institution) else Actor(text)


@dataclass(frozen=True)
class Signatory:
    """Somebody who binds an institution: a `signatory` by a key, a `steward` by attesting a document, with a key or without."""

    institution: InstitutionId
    id: str
    role: Role
    name: str
    title: str
    public_jwk: Mapping[str, str] | None
    created_at: str
    retired_at: str | None = None


@dataclass(frozen=True)
class Signature:
    """One party's signature on one version, as stored. `evidence` holds what it can be verified by later: the public key, and of
    an attestation the document's digest, the days and how the agreement's digest was found in it."""

    institution: InstitutionId
    method: Method
    signer: str
    digest: str
    signature: bytes | None
    evidence: Mapping[str, object]
    at: str


@dataclass(frozen=True)
class Statement:
    """What one person signs of one version of an agreement; `digest` is SHA-256 of the resolved file, in hexadecimal."""

    agreement: AgreementId
    version: int
    digest: str
    institution: InstitutionId
    person: str

    def signed_bytes(self) -> bytes:
        """The bytes under a signatory's Ed25519 signature: six lines, UTF-8, each with a line feed at its end."""
        return _lines(SIGNATURE_HEADING, *self._members("signatory"))

    def attested_bytes(self, document: str, signed_on: str, board_approved: str | None) -> bytes:
        """The bytes under a steward's: nine lines. `document` is SHA-256 of the executed document, the days are ISO."""
        if not _DIGEST.fullmatch(document) or not all(
            _DAY.fullmatch(day) for day in (signed_on, board_approved) if day is not None
        ):
            raise ValueError("a document's digest and days are written one way")
        more = (f"document: sha256:{document}", f"signed on: {signed_on}", f"board approved: {board_approved or 'no'}")
        return _lines(ATTESTATION_HEADING, *self._members("steward"), *more)

    def _members(self, role: Role) -> tuple[str, ...]:
        # No member can hold a line feed, so that no two statements have the same bytes.
        if not all(_SLUG.fullmatch(text) for text in (self.agreement, self.institution, self.person)):
            raise ValueError("ids are small letters, digits and hyphens")
        if not _DIGEST.fullmatch(self.digest) or self.version < 1:
            raise ValueError("a digest has 64 hexadecimal digits, a version is 1 or more")
        return (
            f"agreement: {self.agreement}",
            f"version: {self.version}",
            f"digest: sha256:{self.digest}",
            f"institution: {self.institution}",
            f"{role}: {self.person}",
        )


def _lines(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
