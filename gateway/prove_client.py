"""Prove: what a client presents to the token service -> the registered client that it is (RFC 6749, 2.3; RFC 7523).

A refusal is on the audit log before the caller hears of it: one entry for a client that exists, a count for anybody else
(decision 21).
"""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol
from urllib.parse import unquote_plus

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.audit import AuditLog
from gateway.authenticate import SLUG
from gateway.domain.auditing import AuditEvent
from gateway.domain.times import utc_text
from gateway.errors import AuthenticationError, RequestError
from gateway.keys.jwk import algorithm_of, public_key
from gateway.keys.strict_jwt import UnverifiedJwt, check_claims, parse_jwt, verify_signature
from gateway.store.clients import StoredClient, StoredCredential, read_client, use_assertion, write_failure
from gateway.store.engine import Connection, Database

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_TYPES = frozenset[str | None]({None, "jwt", "client-authentication+jwt"})
ASSERTION_SECONDS = 300
FAILURES_ALLOWED = 5
LOCKED_FOR = timedelta(minutes=15)
KEPT_AFTER_EXPIRY_SECONDS = 120

OAuthError = Literal["invalid_client", "invalid_request", "invalid_scope", "invalid_grant", "unsupported_grant_type"]
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


class TokenService(Protocol):
    """What proving needs from outside itself. `issuer` is the one audience of assertions, `clock` gives UTC, `decoy` is a hash
    that costs what a real one costs."""

    @property
    def issuer(self) -> str: ...
    @property
    def database(self) -> Database: ...
    @property
    def log(self) -> AuditLog: ...
    @property
    def clock(self) -> Callable[[], datetime]: ...
    @property
    def hasher(self) -> PasswordHasher: ...
    @property
    def decoy(self) -> str: ...


@dataclass(frozen=True)
class Proved:
    """A client and the credential that it proved; `jti` and `expires` of the assertion, if it was one."""

    client: StoredClient
    credential: StoredCredential
    method: Method
    jti: str | None = None
    expires: int = 0


class Refusal(Exception):
    """On its way to the log: why, in our own words, and what the caller hears."""

    def __init__(self, why: str, answer: ClientRefused | TokenRequestRefused, *, failed_proof: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.answer = answer
        self.failed_proof = failed_proof


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


class Attempt:
    """One request at the token service; what is known of its client grows until it is proved."""

    def __init__(self, service: TokenService, now: datetime) -> None:
        self._service = service
        self._now = now
        self._client: StoredClient | None = None
        self._method: Method | None = None

    def prove(self, fields: Mapping[str, str], authorization: str | None) -> Proved:
        """The client that the form's assertion or the header's secret proves. Raises `Refusal`.

        A wrong secret costs one verification whether the client exists or not; only the entry's write tells them apart.
        """
        presented = _presented(fields, authorization)
        self._method = presented.method
        with self._service.database.read() as connection:
            self._client = read_client(connection, presented.client)
        match presented:
            case _Basic():
                proved = _proved_by_secret(presented, self._client, self._service, self._now)
            case _Assertion():
                proved = _proved_by_key(presented, self._client, self._service, self._now)
        if proved is None:
            raise Refusal("credential", _not_proved(presented.method), failed_proof=True)
        return proved

    def record(self, refusal: Refusal) -> None:
        """One entry for a client that exists; while its failures are over the limit they are counted only, so that nobody
        can fill the log in its name."""
        client, method, service, now = self._client, self._method, self._service, self._now
        if client is None or method is None:
            service.log.refuse_anonymous("token")
            return
        event = AuditEvent(
            kind="token_refusal",
            leaf={**who(client, method), "error": refusal.answer.oauth_error, "why": refusal.why},
            institutions=(client.institution,),
        )
        with service.database.write() as connection:
            current = read_client(connection, client.client, lock=True) or client
            over = current.locked(now)
            if not over:
                failures, until = _counted(current, now) if refusal.failed_proof else (current.failures, current.locked_until)
                write_failure(connection, client.client, failures, until, event, service.log.append_in)
        if over:
            service.log.refuse_anonymous("token")


@contextmanager
def prove_client(service: TokenService, now: datetime) -> Iterator[Attempt]:
    """Serve one request of a client inside; a `Refusal` leaves as its answer (`ClientRefused` or `TokenRequestRefused`) after it
    is counted or durable. Raises `Unavailable` when the log or the database is out of reach."""
    attempt = Attempt(service, now)
    try:
        yield attempt
    except Refusal as refusal:
        attempt.record(refusal)
        raise refusal.answer from None


def confirm(connection: Connection, proved: Proved, now: datetime) -> bool:
    """Check a proof again in the transaction that serves it, which ends with `write_proof`: what was true when it was checked may
    not be any more, under the row's lock it is. Gives whether the client's failures are forgotten. Raises `Refusal`."""
    name = proved.client.client
    current = read_client(connection, name, lock=True)
    if current is None or current.state != "active":
        raise Refusal("suspended", _not_proved(proved.method))
    if current.live_credential(proved.credential.credential, now) is None:
        raise Refusal("retired", _not_proved(proved.method))
    by_secret = proved.jti is None
    if by_secret and current.locked(now):
        raise Refusal("locked", _not_proved(proved.method))
    if proved.jti is not None and not use_assertion(
        connection, name, proved.jti, proved.expires + KEPT_AFTER_EXPIRY_SECONDS, int(now.timestamp())
    ):
        raise Refusal("replayed", _not_proved(proved.method))
    return by_secret and (current.failures > 0 or current.locked_until is not None)


def fields_of(form: Sequence[tuple[str, str]]) -> Mapping[str, str]:
    """The posted pairs by name. Raises `Refusal` when a name stands twice."""
    if any(count > 1 for count in Counter(name for name, _ in form).values()):
        raise invalid("A parameter is given twice.")
    return dict(form)


def who(client: StoredClient, method: Method) -> dict[str, object]:
    """The members of a leaf that say which client it was."""
    return {"client": client.client, "institution": client.institution, "method": method}


def invalid(detail: str) -> Refusal:
    """A request that cannot be served as written."""
    return Refusal("invalid_request", TokenRequestRefused("invalid_request", detail))


def _presented(fields: Mapping[str, str], authorization: str | None) -> _Basic | _Assertion:
    asserted = "client_assertion" in fields or "client_assertion_type" in fields
    if "client_secret" in fields:
        raise invalid("Send a secret with HTTP Basic, not in the body.")
    if asserted and authorization is not None:
        raise invalid("Use one way to authenticate: a client assertion or HTTP Basic.")
    presented = _assertion(fields) if asserted else _basic(authorization)
    if not SLUG.fullmatch(presented.client):
        raise Refusal("unknown", _not_proved(presented.method))
    if fields.get("client_id", presented.client) != presented.client:
        raise invalid("client_id is not the client that authenticates.")
    return presented


def _basic(authorization: str | None) -> _Basic:
    scheme, _, encoded = (authorization or "").partition(" ")
    refused = Refusal("no_credential", ClientRefused(basic=scheme.lower() == "basic"))
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
        raise invalid("Send client_assertion with client_assertion_type set to the JWT bearer type of RFC 7523.")
    try:
        token = parse_jwt(text, ASSERTION_TYPES)
    except AuthenticationError:
        raise Refusal("assertion", _not_proved("private_key_jwt")) from None
    name = token.claims.get("sub")
    return _Assertion(name if isinstance(name, str) else "", token)


def _proved_by_secret(presented: _Basic, client: StoredClient | None, service: TokenService, now: datetime) -> Proved | None:
    # The part before the dot names the credential, so that every attempt costs one verification, whoever asks.
    found = client.live_credential(presented.secret.partition(".")[0], now) if client else None
    hashed = found.secret_hash if found else None
    try:
        service.hasher.verify(hashed or service.decoy, presented.secret)
    except (VerificationError, InvalidHashError):
        return None
    return Proved(client, found, presented.method) if client and found is not None and hashed is not None else None


def _proved_by_key(presented: _Assertion, client: StoredClient | None, service: TokenService, now: datetime) -> Proved | None:
    claims = presented.token.claims
    if client is None:
        return None
    for known in client.credentials:
        if known.public_jwk is None or not known.live(now):
            continue
        try:
            verify_signature(presented.token, public_key(known.public_jwk), algorithm_of(known.public_jwk))
            expires = check_claims(claims, issuer=presented.client, audience=service.issuer, now=now, longest=ASSERTION_SECONDS)
        except AuthenticationError:
            continue
        return Proved(client, known, presented.method, str(claims["jti"]), expires)
    return None


def _counted(client: StoredClient, now: datetime) -> tuple[int, str | None]:
    """One failure more; a lock that has run out starts the count again."""
    failures = 1 if client.locked_until is not None else client.failures + 1
    return failures, utc_text(now + LOCKED_FOR) if failures >= FAILURES_ALLOWED else None


def _not_proved(method: Method) -> ClientRefused:
    return ClientRefused(basic=method == "client_secret_basic")
