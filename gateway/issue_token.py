"""Token service: a client proves itself and gets a short access token (client credentials; RFC 6749, 7523, 9068).

Either outcome is on the audit log first: one entry for a client that exists, a count for anybody else (decision 21).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

import jwt
from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit import AuditLog
from gateway.authenticate import CREDENTIAL_CLAIM, TOKEN_TYPE
from gateway.domain.auditing import AuditEvent
from gateway.domain.times import utc_text
from gateway.keys.jwk import ed25519_jwk, thumbprint
from gateway.prove_client import Proved, Refusal, TokenRequestRefused, confirm, fields_of, invalid, prove_client, who
from gateway.store.clients import StoredClient, write_proof
from gateway.store.engine import Database

GRANT = "client_credentials"
TOKEN_ID_BYTES = 16


@dataclass(frozen=True)
class IssuedToken:
    """An access token, its life in seconds and its scopes, separated by spaces."""

    access_token: str = field(repr=False)
    expires_in: int
    scope: str


@dataclass(frozen=True)
class TokenIssuer:
    """What issuing needs from outside itself.

    `issuer` is also the one audience of assertions, `audience` that of tokens; `clock` gives UTC, `random_bytes` that
    many unpredictable bytes, `token_seconds` is 600 at most.
    """

    issuer: str
    audience: str
    key: Ed25519PrivateKey
    database: Database
    log: AuditLog
    clock: Callable[[], datetime]
    random_bytes: Callable[[int], bytes]
    token_seconds: int = 600
    hasher: PasswordHasher = field(default_factory=PasswordHasher)

    @cached_property
    def decoy(self) -> str:
        """A hash that costs what a real one costs, for clients and secrets that do not exist."""
        return self.hasher.hash(self.random_bytes(32))

    @cached_property
    def public_jwk(self) -> dict[str, str]:
        """The key that verifies access tokens, as published."""
        required = ed25519_jwk(self.key.public_key())
        return {**required, "use": "sig", "alg": "EdDSA", "kid": thumbprint(required)}


def issue_token(form: Sequence[tuple[str, str]], authorization: str | None, issuer: TokenIssuer) -> IssuedToken:
    """Authenticate a client by `private_key_jwt` or HTTP Basic and issue a token.

    `form` is the posted pairs as sent, `authorization` the header. Raises `ClientRefused` or `TokenRequestRefused`
    after the refusal is counted or durable, `Unavailable` when the log or the database is out of reach. A wrong
    secret costs one verification whether the client exists or not; only the entry's write tells them apart.
    """
    now = issuer.clock()
    with prove_client(issuer, now) as attempt:
        fields = _fields(form)
        proved = attempt.prove(fields, authorization)
        return _issue(proved, _scopes(fields.get("scope"), proved.client), issuer, now)


def _fields(form: Sequence[tuple[str, str]]) -> Mapping[str, str]:
    fields = fields_of(form)
    grant = fields.get("grant_type")
    if grant is None:
        raise invalid("Send grant_type=client_credentials in a body of type application/x-www-form-urlencoded.")
    if grant != GRANT:
        answer = TokenRequestRefused("unsupported_grant_type", "Only grant_type=client_credentials is served.")
        raise Refusal("unsupported_grant_type", answer)
    return fields


def _scopes(asked: str | None, client: StoredClient) -> tuple[str, ...]:
    wanted = tuple(client.scopes if asked is None else dict.fromkeys(asked.split()))
    if not wanted or not set(wanted) <= set(client.scopes):
        answer = TokenRequestRefused("invalid_scope", "The client is not registered for a scope that was asked for.")
        raise Refusal("invalid_scope", answer)
    return wanted


def _issue(proved: Proved, scopes: tuple[str, ...], issuer: TokenIssuer, now: datetime) -> IssuedToken:
    token_id = _text(issuer.random_bytes(TOKEN_ID_BYTES))
    client = proved.client
    leaf = {
        **who(client, proved.method),
        "token": token_id,
        "credential": proved.credential.credential,
        "scopes": list(scopes),
        "expires": utc_text(now + timedelta(seconds=issuer.token_seconds)),
    }
    event = AuditEvent(kind="token", leaf=leaf, institutions=(client.institution,))
    with issuer.database.write() as connection:
        forget = confirm(connection, proved, now)
        write_proof(connection, client.client, forget_failures=forget, event=event, append_in=issuer.log.append_in)
    return IssuedToken(_signed(proved, token_id, scopes, issuer, now), issuer.token_seconds, " ".join(scopes))


def _signed(proved: Proved, token_id: str, scopes: tuple[str, ...], issuer: TokenIssuer, now: datetime) -> str:
    issued = int(now.timestamp())
    claims = {
        "iss": issuer.issuer,
        "aud": issuer.audience,
        "sub": proved.client.client,
        "client_id": proved.client.client,
        "iat": issued,
        "exp": issued + issuer.token_seconds,
        "jti": token_id,
        "scope": " ".join(scopes),
        CREDENTIAL_CLAIM: proved.credential.credential,
    }
    header = {"typ": TOKEN_TYPE, "kid": issuer.public_jwk["kid"]}
    return jwt.PyJWS().encode(json.dumps(claims).encode(), issuer.key, algorithm="EdDSA", headers=header)


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
