"""The one reader of signed tokens: stricter than PyJWT about form, types and time, and silent about why it refuses.

PyJWT 2.15 accepts padded segments, a byte-order mark and an `exp` that is text; here each is a refusal, so that a
token has one spelling and one reading (RFC 8725, RFC 9068).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

import jwt

from gateway.errors import AuthenticationError
from gateway.keys.jwk import PublicKey

LARGEST_TOKEN = 8_192
LEEWAY_SECONDS = 10
SEGMENTS = 3
SEGMENT = re.compile(r"[A-Za-z0-9_-]+")
TOKEN_ID = re.compile(r"[\x21-\x7e]{1,200}")
KEY_FROM_ELSEWHERE = frozenset({"jku", "jwk", "x5u", "x5c", "crit", "b64", "zip"})
"""Header members by which a token would choose its own key or reading."""
NOT_VALID = "The token is not valid, or not valid any more. Obtain a new one from the token endpoint."


@dataclass(frozen=True)
class UnverifiedJwt:
    """A token that is well formed; nobody vouches for a word of it yet."""

    text: str
    header: Mapping[str, object]
    claims: Mapping[str, object]


def parse_jwt(text: str, types: frozenset[str | None], *, longest: int = LARGEST_TOKEN) -> UnverifiedJwt:
    """Take a token apart; `types` are the `typ` values it may have, in lower case, None for a missing one, `longest` its length.

    Raises `AuthenticationError`, always the same.
    """
    if len(text) > longest:
        refuse()
    segments = text.split(".")
    if len(segments) != SEGMENTS:
        refuse()
    header, claims, _ = (_decoded(segment) for segment in segments)
    parsed = UnverifiedJwt(text, _object(header), _object(claims))
    kind = parsed.header.get("typ")
    if KEY_FROM_ELSEWHERE & set(parsed.header) or not isinstance(kind, str | None):
        refuse()
    if (kind.lower() if kind is not None else None) not in types:
        refuse()
    return parsed


def verify_signature(token: UnverifiedJwt, key: PublicKey, algorithm: str) -> None:
    """Raises `AuthenticationError` unless this key signed the token with this very algorithm."""
    if token.header.get("alg") != algorithm:
        refuse()
    try:
        jwt.PyJWS(algorithms=[algorithm]).decode(token.text, key, algorithms=[algorithm])
    except (jwt.PyJWTError, ValueError, TypeError) as why:
        raise AuthenticationError(NOT_VALID) from why


def check_claims(claims: Mapping[str, object], *, issuer: str, audience: str, now: datetime, longest: int) -> int:
    """Check `iss`, `aud`, `exp`, `jti` and, where present, `iat` and `nbf`; returns `exp`, in seconds since 1970.

    `audience` must be the whole of `aud`: a list would let one audience use what was made for another (CVE-2025-27370).
    `longest` is the longest life in seconds. Raises `AuthenticationError`.
    """
    seconds = int(now.timestamp())
    expires = _seconds(claims.get("exp"))
    token_id = claims.get("jti")
    if claims.get("iss") != issuer or claims.get("aud") != audience:
        refuse()
    if not isinstance(token_id, str) or not TOKEN_ID.fullmatch(token_id):
        refuse()
    if not seconds - LEEWAY_SECONDS < expires <= seconds + longest + LEEWAY_SECONDS:
        refuse()
    for name in ("iat", "nbf"):
        if name in claims and _seconds(claims[name]) > seconds + LEEWAY_SECONDS:
            refuse()
    return expires


def refuse() -> NoReturn:
    """The one refusal."""
    raise AuthenticationError(NOT_VALID)


def _seconds(claim: object) -> int:
    if not isinstance(claim, int) or isinstance(claim, bool):
        refuse()
    return claim


def _decoded(segment: str) -> bytes:
    if not SEGMENT.fullmatch(segment):
        refuse()
    try:
        content = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except binascii.Error:
        refuse()
    if base64.urlsafe_b64encode(content).rstrip(b"=").decode() != segment:
        refuse()
    return content


def _object(content: bytes) -> Mapping[str, object]:
    try:
        found = json.loads(content.decode("utf-8"), object_pairs_hook=_members, parse_constant=_no_constant)
    except (ValueError, RecursionError) as why:
        raise AuthenticationError(NOT_VALID) from why
    if not isinstance(found, dict):
        refuse()
    return found


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        refuse()
    return members


def _no_constant(_name: str) -> NoReturn:
    refuse()
