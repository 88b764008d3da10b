"""Token service: a client proves itself and gets a short access token (client credentials; RFC 6749, 7523, 9068).

Either outcome is on the audit log first: one entry for a client that exists, a count for anybody else (decision 21).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Literal
from urllib.parse import unquote_plus

import jwt
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit import AuditLog
from gateway.authenticate import CREDENTIAL_CLAIM, SLUG, TOKEN_TYPE
from gateway.domain.auditing import AuditEvent
from gateway.domain.identifiers import ClientId
from gateway.domain.times import utc_text
from gateway.errors import AuthenticationError, RequestError
from gateway.keys.jwk import algorithm_of, ed25519_jwk, public_key, thumbprint
from gateway.keys.strict_jwt import UnverifiedJwt, check_claims, parse_jwt, verify_signature
from gateway.store.clients import StoredClient, StoredCredential, read_client, use_assertion, write_failure, write_proof
from gateway.store.engine import Database

GRANT = "client_credentials"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_TYPES = frozenset[str | None]({None, "jwt", "client-authentication+jwt"})
ASSERTION_SECONDS = 300
FAILURES_ALLOWED = 5
LOCKED_FOR = timedelta(minutes=15)
KEPT_AFTER_EXPIRY_SECONDS = 120
TOKEN_ID_BYTES = 16

OAuthError = Literal["invalid_client", "invalid_request", "invalid_scope", "unsupported_grant_type"]
Method = Literal["private_key_jwt", "client_secret_basic"]


class ClientRefused(AuthenticationError):
    """The client did not prove itself; `basic` when it tried HTTP Basic. One message for every cause."""

    code = "GW-AUT-02"
    title = "The client could not be authenticated"
    oauth_error: OAuthError = "invalid_client"

    def __init__(self, *, basic: bool) -> None:
        super().__init__("The credential is unknown, used before, retired or wrong, or the client is not active.")
        self.basic = basic


class TokenRequestRefused(RequestError):
    """The token request cannot be served as written; `oauth_error` is its code of RFC 6749, 5.2."""

    code = "GW-REQ-03"
    title = "The token request is not valid"

    def __init__(self, oauth_error: OAuthError, detail: str) -> None:
        super().__init__(detail)
        self.oauth_error = oauth_error


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


@dataclass(frozen=True)
class _Basic:
    client: str
    secret: str
    method: Method = "client_secret_basic"


@dataclass(frozen=True)
class _Assertion:
    client: str
    token: UnverifiedJwt
    method: Method = "private_key_jwt"


@dataclass(frozen=True)
class _Proof:
    """A credential that was proved; `jti` and `expires` of the assertion, if it was one."""

    credential: StoredCredential
    jti: str | None = None
    expires: int = 0


class _Refused(Exception):
    """Inside this module: why, in our own words, and what the caller hears."""

    def __init__(self, why: str, answer: ClientRefused | TokenRequestRefused, *, failed_proof: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.answer = answer
        self.failed_proof = failed_proof


def issue_token(form: Sequence[tuple[str, str]], authorization: str | None, issuer: TokenIssuer) -> IssuedToken:
    """Authenticate a client by `private_key_jwt` or HTTP Basic and issue a token.

    `form` is the posted pairs as sent, `authorization` the header. Raises `ClientRefused` or `TokenRequestRefused`
    after the refusal is counted or durable, `Unavailable` when the log or the database is out of reach. A wrong
    secret costs one verification whether the client exists or not; only the entry's write tells them apart.
    """
    now = issuer.clock()
    client: StoredClient | None = None
    method: Method | None = None
    try:
        fields = _fields(form)
        presented = _presented(fields, authorization)
        method = presented.method
        with issuer.database.read() as connection:
            client = read_client(connection, presented.client)
        proof = _prove(presented, client, issuer, now)
        if client is None:
            raise _Refused("unknown", _not_proved(presented.method))
        scopes = _scopes(fields.get("scope"), client)
        return _issue(client, proof, presented.method, scopes, issuer, now)
    except _Refused as refusal:
        _record_refusal(refusal, client, method, issuer, now)
        raise refusal.answer from None


def _fields(form: Sequence[tuple[str, str]]) -> Mapping[str, str]:
    if any(count > 1 for count in Counter(name for name, _ in form).values()):
        raise _invalid("A parameter is given twice.")
    fields = dict(form)
    grant = fields.get("grant_type")
    if grant is None:
        raise _invalid("Send grant_type=client_credentials in a body of type application/x-www-form-urlencoded.")
    if grant != GRANT:
        answer = TokenRequestRefused("unsupported_grant_type", "Only grant_type=client_credentials is served.")
        raise _Refused("unsupported_grant_type", answer)
    return fields


def _presented(fields: Mapping[str, str], authorization: str | None) -> _Basic | _Assertion:
    asserted = "client_assertion" in fields or "client_assertion_type" in fields
    if "client_secret" in fields:
        raise _invalid("Send a secret with HTTP Basic, not in the body.")
    if asserted and authorization is not None:
        raise _invalid("Use one way to authenticate: a client assertion or HTTP Basic.")
    presented = _assertion(fields) if asserted else _basic(authorization)
    if not SLUG.fullmatch(presented.client):
        raise _Refused("unknown", _not_proved(presented.method))
    if fields.get("client_id", presented.client) != presented.client:
        raise _invalid("client_id is not the client that authenticates.")
    return presented


def _basic(authorization: str | None) -> _Basic:
    scheme, _, encoded = (authorization or "").partition(" ")
    refused = _Refused("no_credential", ClientRefused(basic=scheme.lower() == "basic"))
    if scheme.lower() != "basic":
        raise refused
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise refused from None
    name, colon, secret = text.partition(":")
    if not colon:
        raise refused
    return _Basic(unquote_plus(name), unquote_plus(secret))


def _assertion(fields: Mapping[str, str]) -> _Assertion:
    text = fields.get("client_assertion")
    if text is None or fields.get("client_assertion_type") != ASSERTION_TYPE:
        raise _invalid("Send client_assertion with client_assertion_type set to the JWT bearer type of RFC 7523.")
    try:
        token = parse_jwt(text, ASSERTION_TYPES)
    except AuthenticationError:
        raise _Refused("assertion", _not_proved("private_key_jwt")) from None
    name = token.claims.get("sub")
    return _Assertion(name if isinstance(name, str) else "", token)


def _prove(presented: _Basic | _Assertion, client: StoredClient | None, issuer: TokenIssuer, now: datetime) -> _Proof:
    match presented:
        case _Basic():
            proof = _proved_by_secret(presented, client, issuer, now)
        case _Assertion():
            proof = _proved_by_key(presented, client, issuer, now)
    if proof is None:
        raise _Refused("credential", _not_proved(presented.method), failed_proof=True)
    return proof


def _proved_by_secret(presented: _Basic, client: StoredClient | None, issuer: TokenIssuer, now: datetime) -> _Proof | None:
    # The part before the dot names the credential, so that every attempt costs one verification, whoever asks.
    found = client.live_credential(presented.secret.partition(".")[0], now) if client else None
    hashed = found.secret_hash if found else None
    try:
        issuer.hasher.verify(hashed or issuer.decoy, presented.secret)
    except (VerificationError, InvalidHashError):
        return None
    return _Proof(found) if found is not None and hashed is not None else None


def _proved_by_key(presented: _Assertion, client: StoredClient | None, issuer: TokenIssuer, now: datetime) -> _Proof | None:
    claims = presented.token.claims
    for known in client.credentials if client else ():
        if known.public_jwk is None or not known.live(now):
            continue
        try:
            verify_signature(presented.token, public_key(known.public_jwk), algorithm_of(known.public_jwk))
            expires = check_claims(claims, issuer=presented.client, audience=issuer.issuer, now=now, longest=ASSERTION_SECONDS)
        except AuthenticationError:
            continue
        return _Proof(known, str(claims["jti"]), expires)
    return None


def _scopes(asked: str | None, client: StoredClient) -> tuple[str, ...]:
    wanted = tuple(client.scopes if asked is None else dict.fromkeys(asked.split()))
    if not wanted or not set(wanted) <= set(client.scopes):
        answer = TokenRequestRefused("invalid_scope", "The client is not registered for a scope that was asked for.")
        raise _Refused("invalid_scope", answer)
    return wanted


def _issue(
    client: StoredClient, proof: _Proof, method: Method, scopes: tuple[str, ...], issuer: TokenIssuer, now: datetime
) -> IssuedToken:
    token_id = _text(issuer.random_bytes(TOKEN_ID_BYTES))
    leaf = {
        **_who(client, method),
        "token": token_id,
        "credential": proof.credential.credential,
        "scopes": list(scopes),
        "expires": utc_text(now + timedelta(seconds=issuer.token_seconds)),
    }
    event = AuditEvent(kind="token", leaf=leaf, institutions=(client.institution,))
    with issuer.database.write() as connection:
        # What was true when the proof was checked may not be any more; under the row's lock it is.
        current = read_client(connection, client.client, lock=True)
        if current is None or current.state != "active":
            raise _Refused("suspended", _not_proved(method))
        if current.live_credential(proof.credential.credential, now) is None:
            raise _Refused("retired", _not_proved(method))
        by_secret = proof.jti is None
        if by_secret and current.locked(now):
            raise _Refused("locked", _not_proved(method))
        if proof.jti is not None and not use_assertion(
            connection, client.client, proof.jti, proof.expires + KEPT_AFTER_EXPIRY_SECONDS, int(now.timestamp())
        ):
            raise _Refused("replayed", _not_proved(method))
        forget = by_secret and (current.failures > 0 or current.locked_until is not None)
        write_proof(connection, client.client, forget_failures=forget, event=event, append_in=issuer.log.append_in)
    return IssuedToken(_signed(client.client, proof, token_id, scopes, issuer, now), issuer.token_seconds, " ".join(scopes))


def _signed(client: ClientId, proof: _Proof, token_id: str, scopes: tuple[str, ...], issuer: TokenIssuer, now: datetime) -> str:
    issued = int(now.timestamp())
    claims = {
        "iss": issuer.issuer,
        "aud": issuer.audience,
        "sub": client,
        "client_id": client,
        "iat": issued,
        "exp": issued + issuer.token_seconds,
        "jti": token_id,
        "scope": " ".join(scopes),
        CREDENTIAL_CLAIM: proof.credential.credential,
    }
    header = {"typ": TOKEN_TYPE, "kid": issuer.public_jwk["kid"]}
    return jwt.PyJWS().encode(json.dumps(claims).encode(), issuer.key, algorithm="EdDSA", headers=header)


def _record_refusal(
    refusal: _Refused, client: StoredClient | None, method: Method | None, issuer: TokenIssuer, now: datetime
) -> None:
    """One entry for a client that exists; while its failures are over the limit they are counted only, so that nobody
    can fill the log in its name."""
    if client is None or method is None:
        issuer.log.refuse_anonymous("token")
        return
    event = AuditEvent(
        kind="token_refusal",
        leaf={**_who(client, method), "error": refusal.answer.oauth_error, "why": refusal.why},
        institutions=(client.institution,),
    )
    with issuer.database.write() as connection:
        current = read_client(connection, client.client, lock=True) or client
        over = current.locked(now)
        if not over:
            failures, until = _counted(current, now) if refusal.failed_proof else (current.failures, current.locked_until)
            write_failure(connection, client.client, failures, until, event, issuer.log.append_in)
    if over:
        issuer.log.refuse_anonymous("token")


def _counted(client: StoredClient, now: datetime) -> tuple[int, str | None]:
    """One failure more; a lock that has run out starts the count again."""
    failures = 1 if client.locked_until is not None else client.failures + 1
    return failures, utc_text(now + LOCKED_FOR) if failures >= FAILURES_ALLOWED else None


def _who(client: StoredClient, method: Method) -> dict[str, object]:
    return {"client": client.client, "institution": client.institution, "method": method}


def _not_proved(method: Method) -> ClientRefused:
    return ClientRefused(basic=method == "client_secret_basic")


def _invalid(detail: str) -> _Refused:
    return _Refused("invalid_request", TokenRequestRefused("invalid_request", detail))


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
