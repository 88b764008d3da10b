"""Read a small JSON body strictly: what is doubled, unknown, too large or of another type is refused, never guessed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NoReturn, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from gateway.errors import RequestError

LARGEST_BODY = 16_384
_Model = TypeVar("_Model", bound=BaseModel)


async def small_body(request: Request) -> bytes | None:
    """The body of a JSON request; None when it is of another media type or too large, and then it is not read on."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return None
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            return None
    return body


def read_body(body: bytes | None, shape: type[_Model]) -> _Model:
    """The body in its shape. Raises `RequestError` that names the member, never what it holds."""
    if body is None:
        raise RequestError(f"Send a JSON object of at most {LARGEST_BODY} bytes, as application/json.")
    try:
        # UTF-8 and nothing else: Python's reader would take UTF-16 and UTF-32 too.
        found = json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as why:
        raise RequestError("The body is not JSON, or a member of it stands twice.") from why
    try:
        return shape.model_validate(found, strict=True)
    except ValidationError as why:
        first = why.errors(include_url=False, include_context=False, include_input=False)[0]
        # A name that the client made up could hold anything, so only names of ours are told.
        known = [str(part) for part in first["loc"] if part in shape.model_fields]
        place = ".".join(known) or "the body"
        raise RequestError(f"{place}: {first['msg']}. Its members are: {', '.join(shape.model_fields)}.") from why


def _once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a member stands twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
