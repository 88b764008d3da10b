"""Problem documents (RFC 9457): the one place where an error becomes an answer."""

from __future__ import annotations

from dataclasses import asdict

import orjson
from fastapi import Response
from starlette.exceptions import HTTPException

from gateway.errors import AuthenticationError, DisclosureDenied, FileRefused, GatewayError, Unavailable

PROBLEM = "application/problem+json"
RETRY_SECONDS = "2"
WHAT_TO_DO = {
    404: "There is nothing at this address. Records are at /v1/RESOURCE, tokens at /oauth/token, agreements at /agreements.",
    405: "This address does not take this method. Records are read with GET; tokens are asked for, and consents said, with POST.",
}
FAILED = "Something failed here; nothing was disclosed. The operator finds it under this request's id."


def problem(why: GatewayError, request_id: str) -> Response:
    """The answer for an error of the tree. What is out of reach is answered with no body at all."""
    if isinstance(why, Unavailable):
        return Response(status_code=why.status, headers={"Retry-After": RETRY_SECONDS})
    if why.status >= GatewayError.status:
        return _document(why.status, why.code, GatewayError.title, FAILED, request_id)
    more: dict[str, object] = {}
    if isinstance(why, DisclosureDenied):
        more["reasons"] = [{"rule": r.rule, "citation": r.citation, "title": r.title} for r in why.reasons]
        if why.choices:
            more["choices"] = list(why.choices)
    if isinstance(why, FileRefused):
        more["problems"] = [asdict(found) for found in why.problems]
    answer = _document(why.status, why.code, why.title, why.detail, request_id, **more)
    if isinstance(why, AuthenticationError):
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def failure(request_id: str) -> Response:
    """The answer for what nobody expected: it says nothing about it."""
    return _document(GatewayError.status, GatewayError.code, GatewayError.title, FAILED, request_id)


def protocol_problem(why: HTTPException, request_id: str) -> Response:
    """The answer for an unknown path or method."""
    detail = WHAT_TO_DO.get(why.status_code, str(why.detail))
    answer = _document(why.status_code, f"HTTP-{why.status_code}", str(why.detail), detail, request_id)
    answer.headers.update(why.headers or {})
    return answer


def _document(status: int, code: str, title: str, detail: str, request_id: str, **more: object) -> Response:
    content = {
        "type": f"urn:educator-data-gateway:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "request": request_id,
        **more,
    }
    return Response(orjson.dumps(content), status_code=status, media_type=PROBLEM)
