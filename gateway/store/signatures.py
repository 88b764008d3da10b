"""The SQL of signing: who may sign for an institution, signatures, executed documents, and the history of states."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, Text, cast, insert, select, update

from gateway.domain.agreement import AgreementState
from gateway.domain.auditing import AuditEntry, AuditEvent
from gateway.domain.identifiers import AgreementId, InstitutionId
from gateway.domain.signing import Signatory, Signature
from gateway.store.agreements import StoredVersion
from gateway.store.engine import AppendIn
from gateway.store.schema import (
    agreement,
    agreement_grant,
    agreement_signature,
    agreement_state,
    executed_document,
    operation,
    signatory,
)


@dataclass(frozen=True)
class StoredText:
    """One version as it was proposed: the resolved document, its digest as stored, and the file's own text."""

    version: int
    digest: str
    document: Mapping[str, Any]
    source_text: str
    created_at: str


@dataclass(frozen=True)
class StateSpan:
    """One state of a version in its history; `current` is the one that it is in."""

    version: int
    state: AgreementState
    at: str
    actor: str
    current: bool


@dataclass(frozen=True)
class ExecutedDocument:
    """A document that people signed, as uploaded; `content` is left out where only its facts are asked for."""

    sha256: str
    media_type: str
    uploaded_by: str
    at: str
    content: bytes = b""


# --- who may sign -----------------------------------------------------------------------------------------------------


def read_signatory(connection: Connection, institution: InstitutionId, name: str) -> Signatory | None:
    row = connection.execute(
        select(signatory).where(signatory.c.institution_id == institution, signatory.c.signatory_id == name)
    ).mappings()
    found = row.one_or_none()
    return None if found is None else _signatory(found)


def list_signatories(connection: Connection, institution: InstitutionId | None = None) -> list[Signatory]:
    """Everybody who may or might sign, retired ones too; of one institution or of all."""
    statement = select(signatory).order_by(signatory.c.institution_id, signatory.c.signatory_id)
    if institution is not None:
        statement = statement.where(signatory.c.institution_id == institution)
    return [_signatory(row) for row in connection.execute(statement).mappings()]


def insert_signatory(connection: Connection, new: Signatory, event: AuditEvent, append_in: AppendIn) -> AuditEntry:
    """Register somebody who binds an institution."""
    connection.execute(
        insert(signatory).values(
            institution_id=new.institution,
            signatory_id=new.id,
            role=new.role,
            name=new.name,
            title=new.title,
            public_jwk=None if new.public_jwk is None else dict(new.public_jwk),
            created_at=new.created_at,
            retired_at=new.retired_at,
        )
    )
    return append_in(connection, event)


def retire(connection: Connection, gone: Signatory, at: str, event: AuditEvent, append_in: AppendIn) -> AuditEntry:
    """End somebody's right to sign; what was signed stays signed."""
    connection.execute(
        update(signatory)
        .where(signatory.c.institution_id == gone.institution, signatory.c.signatory_id == gone.id)
        .values(retired_at=at)
    )
    return append_in(connection, event)


# --- signatures and documents -----------------------------------------------------------------------------------------


def insert_signature(connection: Connection, name: AgreementId, version: int, new: Signature) -> None:
    """Record one party's signature; the caller appends its event in the same transaction."""
    connection.execute(
        insert(agreement_signature).values(
            agreement_id=name,
            version=version,
            institution_id=new.institution,
            digest=new.digest,
            method=new.method,
            signer=new.signer,
            signature=new.signature,
            evidence=dict(new.evidence),
            at=new.at,
        )
    )


def signatures_of(connection: Connection, name: AgreementId, version: int) -> tuple[Signature, ...]:
    """A version's signatures, by institution."""
    rows = connection.execute(
        select(agreement_signature)
        .where(agreement_signature.c.agreement_id == name, agreement_signature.c.version == version)
        .order_by(agreement_signature.c.institution_id)
    ).mappings()
    return tuple(
        Signature(
            institution=InstitutionId(row["institution_id"]),
            method=row["method"],
            signer=row["signer"],
            digest=row["digest"],
            signature=None if row["signature"] is None else bytes(row["signature"]),
            evidence=row["evidence"] or {},
            at=row["at"],
        )
        for row in rows
    )


def insert_document(connection: Connection, name: AgreementId, version: int, new: ExecutedDocument) -> None:
    """Keep an executed document; both parties may hand in the same one, which is kept once."""
    if read_document(connection, name, version, new.sha256) is not None:
        return
    connection.execute(
        insert(executed_document).values(
            agreement_id=name,
            version=version,
            sha256=new.sha256,
            media_type=new.media_type,
            content=new.content,
            uploaded_by=new.uploaded_by,
            at=new.at,
        )
    )


def read_document(connection: Connection, name: AgreementId, version: int, sha256: str) -> ExecutedDocument | None:
    """An executed document with its content."""
    table = executed_document
    found = connection.execute(
        select(table).where(table.c.agreement_id == name, table.c.version == version, table.c.sha256 == sha256)
    ).mappings()
    row = found.one_or_none()
    if row is None:
        return None
    return ExecutedDocument(row["sha256"], row["media_type"], row["uploaded_by"], row["at"], bytes(row["content"]))


# --- versions and their history ---------------------------------------------------------------------------------------


def read_text(connection: Connection, name: AgreementId, version: int) -> StoredText:
    """One version as it was proposed; it exists, since versions are never removed."""
    row = connection.execute(select(agreement).where(agreement.c.agreement_id == name, agreement.c.version == version)).mappings()
    found = row.one()
    return StoredText(version, found["digest"], found["document"], found["source_text"], found["created_at"])


def read_history(connection: Connection, name: AgreementId) -> list[StateSpan]:
    """Every state that any version of an agreement was ever in, in the order in which they began."""
    rows = connection.execute(
        select(agreement_state)
        .where(agreement_state.c.agreement_id == name)
        .order_by(agreement_state.c.from_version, agreement_state.c.version)
    ).mappings()
    return [StateSpan(row["version"], row["state"], row["at"], row["actor"], row["to_version"] is None) for row in rows]


def documents_in(
    connection: Connection, states: Collection[AgreementState]
) -> list[tuple[AgreementId, StoredVersion, Mapping[str, Any]]]:
    """Every version that is in one of these states, with its resolved document, by id."""
    rows = connection.execute(_with_state().where(agreement_state.c.state.in_(sorted(states))))
    return [
        (AgreementId(name), _version(version, digest, document, state), document) for name, version, digest, document, state in rows
    ]


def agreements_of(
    connection: Connection, institution: InstitutionId, after: str, limit: int
) -> list[tuple[AgreementId, StoredVersion, Mapping[str, Any]]]:
    """Every version of the first `limit` agreements whose id comes after `after` and that an institution is a party of."""
    # The text narrows it down in the database; whether the institution is a party is seen in the document.
    named = _with_state().where(
        agreement.c.agreement_id > after, cast(agreement.c.document, Text).contains(f'"{institution}"', autoescape=True)
    )
    found: list[tuple[AgreementId, StoredVersion, Mapping[str, Any]]] = []
    ids: set[str] = set()
    for name, version, digest, document, state in connection.execute(named):
        if institution not in document["parties"]:
            continue
        ids.add(name)
        if len(ids) > limit:
            break
        found.append((AgreementId(name), _version(version, digest, document, state), document))
    return found


def _with_state() -> Select[Any]:
    current = (
        (agreement_state.c.agreement_id == agreement.c.agreement_id)
        & (agreement_state.c.version == agreement.c.version)
        & agreement_state.c.to_version.is_(None)
    )
    members = (agreement.c.agreement_id, agreement.c.version, agreement.c.digest, agreement.c.document, agreement_state.c.state)
    return select(*members).join(agreement_state, current).order_by(agreement.c.agreement_id, agreement.c.version)


def _version(version: int, digest: str, document: Mapping[str, Any], state: AgreementState) -> StoredVersion:
    return StoredVersion(version, digest, tuple(sorted(document["parties"])), state)


def providers_of(connection: Connection, name: AgreementId, version: int) -> Sequence[InstitutionId]:
    """Whose records a version grants."""
    rows = connection.execute(
        select(agreement_grant.c.provider_id)
        .where(agreement_grant.c.agreement_id == name, agreement_grant.c.version == version)
        .distinct()
        .order_by(agreement_grant.c.provider_id)
    )
    return [InstitutionId(provider) for provider in rows.scalars()]


def operated_by(connection: Connection, name: AgreementId, version: int) -> Sequence[InstitutionId]:
    """The provider of an operation agreement, none of another kind."""
    rows = connection.execute(
        select(operation.c.provider_id).where(operation.c.agreement_id == name, operation.c.version == version)
    )
    return [InstitutionId(provider) for provider in rows.scalars()]


def _signatory(row: RowMapping) -> Signatory:
    return Signatory(
        institution=InstitutionId(row["institution_id"]),
        id=row["signatory_id"],
        role=row["role"],
        name=row["name"],
        title=row["title"],
        public_jwk=row["public_jwk"],
        created_at=row["created_at"],
        retired_at=row["retired_at"],
    )
