"""The OAuth 2.0 surface: token and revocation endpoints, server metadata (RFC 8414) and the key that verifies access tokens."""

from __future__ import annotations

from functools import partial
from urllib.parse import parse_qsl

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from gateway.authenticate import TokenVerifier
from gateway.clients import SCOPES
from gateway.issue_token import GRANT, TokenIssuer, issue_token
from gateway.prove_client import ClientRefused, TokenRequestRefused
from gateway.revoke_token import revoke_token

TOKEN_PATH = "/oauth/token"
REVOCATION_PATH = "/oauth/revoke"
JWKS_PATH = "/oauth/jwks"
FORM = "application/x-www-form-urlencoded"
LARGEST_FORM = 16_384
FIELDS_ALLOWED = 20
ISSUED_AT_ONCE = 4
"""Each attempt may cost an Argon2 verification of 64 MiB; the rest wait their turn."""
NEVER_STORED = {"Cache-Control": "no-store", "Pragma": "no-cache"}


CLIENT_METHODS = ["private_key_jwt", "client_secret_basic"]
ALGORITHMS = ["ES256", "EdDSA", "PS256"]


def oauth_router(issuer: TokenIssuer, verifier: TokenVerifier) -> APIRouter:
    """`POST /oauth/token` and `/oauth/revoke`, `GET /.well-known/oauth-authorization-server` and `/oauth/jwks` of one issuer."""
    router = APIRouter(tags=["oauth"])
    limiter = CapacityLimiter(ISSUED_AT_ONCE)

    @router.post(TOKEN_PATH)
    async def token(request: Request) -> Response:
        """Exchange a client assertion, or a secret over HTTP Basic, for a short access token."""
        form = await _form(request)
        try:
            issued = await to_thread.run_sync(partial(issue_token, form, _authorization(request), issuer), limiter=limiter)
        except (ClientRefused, TokenRequestRefused) as why:
            return _refusal(why, issuer)
        answer = {"access_token": issued.access_token, "token_type": "Bearer", "expires_in": issued.expires_in}
        return JSONResponse({**answer, "scope": issued.scope}, headers=NEVER_STORED)

    @router.post(REVOCATION_PATH)
    async def revocation(request: Request) -> Response:
        """End one of the client's own access tokens before its time (RFC 7009)."""
        form = await _form(request)
        try:
            revoke = partial(revoke_token, form, _authorization(request), issuer, verifier)
            await to_thread.run_sync(revoke, limiter=limiter)
        except (ClientRefused, TokenRequestRefused) as why:
            return _refusal(why, issuer)
        return Response(headers=NEVER_STORED)

    @router.get("/.well-known/oauth-authorization-server")
    async def metadata() -> Response:
        """What this authorization server offers."""
        base = issuer.issuer.rstrip("/")
        return JSONResponse(
            {
                "issuer": issuer.issuer,
                "token_endpoint": base + TOKEN_PATH,
                "revocation_endpoint": base + REVOCATION_PATH,
                "jwks_uri": base + JWKS_PATH,
                "grant_types_supported": [GRANT],
                "response_types_supported": [],
                "scopes_supported": list(SCOPES),
                "token_endpoint_auth_methods_supported": CLIENT_METHODS,
                "token_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
                "revocation_endpoint_auth_methods_supported": CLIENT_METHODS,
                "revocation_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
            }
        )

    @router.get(JWKS_PATH)
    async def jwks() -> Response:
        """The public key of access tokens, as a JWK set."""
        return JSONResponse({"keys": [issuer.public_jwk]}, media_type="application/jwk-set+json")

    return router


def _authorization(request: Request) -> str | None:
    # Two headers joined are no valid credential, so nothing has to choose between them.
    return ", ".join(request.headers.getlist("authorization")) or None


async def _form(request: Request) -> list[tuple[str, str]]:
    """The posted pairs; none when the body is not a small form, which the token service refuses and counts."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        return []
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            return []
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=FIELDS_ALLOWED)
    except ValueError:
        return []
    return pairs


def _refusal(why: ClientRefused | TokenRequestRefused, issuer: TokenIssuer) -> Response:
    headers = dict(NEVER_STORED)
    if isinstance(why, ClientRefused) and why.basic:
        headers["WWW-Authenticate"] = f'Basic realm="{issuer.issuer}"'
    content = {"error": why.oauth_error, "error_description": why.detail}
    return JSONResponse(content, status_code=why.status, headers=headers)
