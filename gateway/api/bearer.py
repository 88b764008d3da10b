"""The bearer token of a request."""

from __future__ import annotations

import re

from fastapi import Request

_BEARER = re.compile(r"[Bb]earer +([A-Za-z0-9._~+/=-]{1,4096})")


def bearer_token(request: Request) -> str | None:
    """The bearer token; none when the header is missing, doubled or of another kind."""
    headers = request.headers.getlist("authorization")
    found = _BEARER.fullmatch(headers[0]) if len(headers) == 1 else None
    return found[1] if found else None
