"""The SQL of clients, their credentials, used assertions and revoked tokens. Every writer takes its audit event."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, RowMapping, bindparam, delete, exists, insert, select, update

from gateway.domain.auditing import AuditEntry, AuditEvent
from gateway.domain.identifiers import ClientId, InstitutionId
from gateway.domain.times import utc_text
from gateway.store.engine import AppendIn
from gateway.store.epoch import advance_epoch
from gateway.store.schema import assertion_used, client, client_credential, token_revoked

CredentialKind = Literal["public_key", "secret"]
_STANDING = (
    select(client, *(column for column in client_credential.c if column.name != "client_id"))
    .join(client_credential, client_credential.c.client_id == client.c.client_id)
    .where(client.c.client_id == bindparam("name"))
    .where(~exists().where(token_revoked.c.token_id == bindparam("token_id")))
    .order_by(client_credential.c.created_at, client_credential.c.credential_id)
)
"""Built once: building a statement costs more than running it."""


@dataclass(frozen=True)
class StoredCredential:
    """One way to prove to be a client. `credential` is the thumbprint of a public key, or a random id of a secret."""

    credential: str
    kind: CredentialKind
    public_jwk: Mapping[str, str] | None
    secret_hash: str | None
    created_at: str
    retired_at: str | None = None

    def live(self, now: datetime) -> bool:
        """A credential that is being replaced serves until its time of retirement."""
        return self.retired_at is None or self.retired_at > utc_text(now)


@dataclass(frozen=True)
class StoredClient:
    """One registered system of an institution. `state` is `active` or `suspended`."""

    client: ClientId
    institution: InstitutionId
    title: str
    purposes: tuple[str, ...]
    default_purpose: str
    scopes: tuple[str, ...]
    state: str
    created_at: str
    credentials: tuple[StoredCredential, ...]
    failures: int = 0
    locked_until: str | None = None

    def live_credential(self, credential: str, now: datetime) -> StoredCredential | None:
        return next((known for known in self.credentials if known.credential == credential and known.live(now)), None)

    def locked(self, now: datetime) -> bool:
        return self.locked_until is not None and self.locked_until > utc_text(now)


def read_client(connection: Connection, name: str, *, lock: bool = False) -> StoredClient | None:
    """The client with its credentials, oldest first; with `lock` nobody else changes it until the commit."""
    statement = select(client).where(client.c.client_id == name)
    row = connection.execute(statement.with_for_update() if lock else statement).mappings().one_or_none()
    return None if row is None else _client(row, _credentials(connection, [name]).get(name, ()))


def list_clients(connection: Connection) -> list[StoredClient]:
    """Every client, by id."""
    rows = connection.execute(select(client).order_by(client.c.client_id)).mappings().fetchall()
    credentials = _credentials(connection, [row["client_id"] for row in rows])
    return [_client(row, credentials.get(row["client_id"], ())) for row in rows]


def read_standing(connection: Connection, name: str, token_id: str) -> StoredClient | None:
    """The client with its credentials, unless there is none or this token of it was revoked; one statement, for every request."""
    rows = connection.execute(_STANDING, {"name": name, "token_id": token_id}).mappings().fetchall()
    return _client(rows[0], tuple(_credential(row) for row in rows)) if rows else None


def insert_client(connection: Connection, new: StoredClient, event: AuditEvent, append_in: AppendIn) -> AuditEntry:
    """Register a client with its first credential; the state epoch moves."""
    connection.execute(
        insert(client).values(
            client_id=new.client,
            institution_id=new.institution,
            title=new.title,
            purposes=list(new.purposes),
            default_purpose=new.default_purpose,
            scopes=list(new.scopes),
            state=new.state,
            created_at=new.created_at,
            failures=new.failures,
            locked_until=new.locked_until,
        )
    )
    for credential in new.credentials:
        _insert_credential(connection, new.client, credential)
    advance_epoch(connection)
    return append_in(connection, event)


def replace_credentials(
    connection: Connection,
    name: ClientId,
    new: StoredCredential,
    retiring: Collection[str],
    retired_at: str,
    event: AuditEvent,
    append_in: AppendIn,
) -> AuditEntry:
    """Add a credential and let the `retiring` ones end at `retired_at`; a lock-out ends too. The epoch moves."""
    _insert_credential(connection, name, new)
    connection.execute(
        update(client_credential)
        .where(client_credential.c.client_id == name, client_credential.c.credential_id.in_(list(retiring)))
        .values(retired_at=retired_at)
    )
    connection.execute(update(client).where(client.c.client_id == name).values(failures=0, locked_until=None))
    advance_epoch(connection)
    return append_in(connection, event)


def set_state(connection: Connection, name: ClientId, state: str, event: AuditEvent, append_in: AppendIn) -> AuditEntry:
    """Suspend a client, effective on the next request anywhere; the epoch moves."""
    connection.execute(update(client).where(client.c.client_id == name).values(state=state))
    advance_epoch(connection)
    return append_in(connection, event)


def write_failure(
    connection: Connection,
    name: ClientId,
    failures: int,
    locked_until: str | None,
    event: AuditEvent,
    append_in: AppendIn,
) -> AuditEntry:
    """Count a failed proof of being this client."""
    connection.execute(update(client).where(client.c.client_id == name).values(failures=failures, locked_until=locked_until))
    return append_in(connection, event)


def write_proof(
    connection: Connection, name: ClientId, *, forget_failures: bool, event: AuditEvent, append_in: AppendIn
) -> AuditEntry:
    """Record that a client proved itself; `forget_failures` starts its count again."""
    if forget_failures:
        connection.execute(update(client).where(client.c.client_id == name).values(failures=0, locked_until=None))
    return append_in(connection, event)


def write_revocation(connection: Connection, token_id: str, expires_at: int, now: int) -> None:
    """End an access token before its time; the epoch moves, so that a request under way is not answered either. Seconds since
    1970; what has expired is forgotten, as its time alone refuses it. The caller writes `write_proof` next."""
    connection.execute(delete(token_revoked).where(token_revoked.c.expires_at < now))
    known = select(token_revoked.c.token_id).where(token_revoked.c.token_id == token_id)
    if connection.execute(known).first() is None:
        connection.execute(insert(token_revoked).values(token_id=token_id, expires_at=expires_at))
    advance_epoch(connection)


def use_assertion(connection: Connection, name: ClientId, jti: str, expires_at: int, now: int) -> bool:
    """Take an assertion's id for good; False when it was used before. Seconds since 1970.

    The caller's transaction holds the client's row (`read_client` with `lock`), writes `write_proof` next, and keeps
    `expires_at` beyond the last second in which the assertion is accepted.
    """
    mine = assertion_used.c.client_id == name
    connection.execute(delete(assertion_used).where(mine, assertion_used.c.expires_at < now))
    if connection.execute(select(assertion_used.c.jti).where(mine, assertion_used.c.jti == jti)).first() is not None:
        return False
    connection.execute(insert(assertion_used).values(client_id=name, jti=jti, expires_at=expires_at))
    return True


def _insert_credential(connection: Connection, name: ClientId, new: StoredCredential) -> None:
    connection.execute(
        insert(client_credential).values(
            client_id=name,
            credential_id=new.credential,
            kind=new.kind,
            public_jwk=None if new.public_jwk is None else dict(new.public_jwk),
            secret_hash=new.secret_hash,
            created_at=new.created_at,
            retired_at=new.retired_at,
        )
    )


def _credentials(connection: Connection, names: Sequence[str]) -> dict[str, tuple[StoredCredential, ...]]:
    rows = connection.execute(
        select(client_credential)
        .where(client_credential.c.client_id.in_(names))
        .order_by(client_credential.c.created_at, client_credential.c.credential_id)
    ).mappings()
    found: dict[str, tuple[StoredCredential, ...]] = {}
    for row in rows:
        found[row["client_id"]] = (*found.get(row["client_id"], ()), _credential(row))
    return found


def _credential(row: RowMapping) -> StoredCredential:
    return StoredCredential(
        row[client_credential.c.credential_id],
        row[client_credential.c.kind],
        row[client_credential.c.public_jwk],
        row[client_credential.c.secret_hash],
        row[client_credential.c.created_at],
        row[client_credential.c.retired_at],
    )


def _client(row: RowMapping, credentials: tuple[StoredCredential, ...]) -> StoredClient:
    return StoredClient(
        client=ClientId(row[client.c.client_id]),
        institution=InstitutionId(row[client.c.institution_id]),
        title=row[client.c.title],
        purposes=tuple(row[client.c.purposes]),
        default_purpose=row[client.c.default_purpose],
        scopes=tuple(row[client.c.scopes]),
        state=row[client.c.state],
        created_at=row[client.c.created_at],
        credentials=credentials,
        failures=row[client.c.failures],
        locked_until=row[client.c.locked_until],
    )
