"""Authenticate (PEP): an access token -> the principal, as the database knows it at this moment."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.domain.access import Principal
from gateway.keys.jwk import ed25519_jwk, thumbprint
from gateway.keys.strict_jwt import check_claims, parse_jwt, refuse, verify_signature
from gateway.store.clients import read_standing
from gateway.store.engine import Connection

TOKEN_TYPE = "at+jwt"
TYPES = frozenset[str | None]({TOKEN_TYPE, f"application/{TOKEN_TYPE}"})
LONGEST_SECONDS = 600
MOST_SIGNED = 1_024
CREDENTIAL_CLAIM = "credential"
"""Private claim: the id of the credential that the client proved itself with, so that retiring it ends its tokens."""
SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class TokenVerifier:
    """Checks the form, signature, parties and time of an access token (RFC 9068)."""

    def __init__(self, issuer: str, audience: str, key: Ed25519PublicKey) -> None:
        self._issuer = issuer
        self._audience = audience
        self._key = key
        self._key_id = thumbprint(ed25519_jwk(key))
        self._signed: dict[bytes, Mapping[str, object]] = {}

    def claims(self, token: str, now: datetime) -> dict[str, str]:
        """The claims that are text, all present. Raises `AuthenticationError`, always the same."""
        claims = self._vouched_for(token)
        check_claims(claims, issuer=self._issuer, audience=self._audience, now=now, longest=LONGEST_SECONDS)
        text: dict[str, str] = {}
        for name in ("sub", "client_id", "jti", "scope", CREDENTIAL_CLAIM):
            claim = claims.get(name)
            if not isinstance(claim, str):
                refuse()
            text[name] = claim
        if "iat" not in claims or text["sub"] != text["client_id"] or not SLUG.fullmatch(text["sub"]):
            refuse()
        return text

    def _vouched_for(self, token: str) -> Mapping[str, object]:
        """What the key signed. A client shows one token on hundreds of pages, so what depends on its text alone is remembered,
        by the text's hash: a token is a secret."""
        digest = hashlib.sha256(token.encode()).digest()
        known = self._signed.get(digest)
        if known is None:
            parsed = parse_jwt(token, TYPES)
            if parsed.header.get("kid") != self._key_id:
                refuse()
            verify_signature(parsed, self._key, "EdDSA")
            if len(self._signed) >= MOST_SIGNED:
                self._signed.clear()
            known = self._signed[digest] = parsed.claims
        return known


def authenticate(token: str | None, connection: Connection, verifier: TokenVerifier, now: datetime) -> Principal:
    """The principal of an access token whose client, credential and token are all good in the caller's snapshot; of
    that nothing is remembered between requests.

    Raises `AuthenticationError` with one message for whatever is wrong, so that nothing can be learnt by trying.
    """
    if not token:
        refuse()
    claims = verifier.claims(token, now)
    client = read_standing(connection, claims["client_id"], claims["jti"])
    if client is None or client.state != "active":
        refuse()
    credential = client.live_credential(claims[CREDENTIAL_CLAIM], now)
    if credential is None:
        refuse()
    return Principal(
        client=client.client,
        institution=client.institution,
        purposes=frozenset(client.purposes),
        default_purpose=client.default_purpose,
        # What was taken from the client since the token was issued is gone from the token too.
        scopes=frozenset(claims["scope"].split()) & frozenset(client.scopes),
        token_id=claims["jti"],
        key_thumbprint=credential.credential if credential.kind == "public_key" else None,
        credential_until=credential.retired_at,
    )
