"""Read the body of a request that sends a file: no longer than it may be, and not for ever."""

from __future__ import annotations

from collections.abc import Sequence

from anyio import move_on_after
from fastapi import Request

from gateway.errors import RequestError

BODY_SECONDS = 60


async def whole_body(request: Request, types: Sequence[str], largest: int) -> bytes:
    """The body, read no further than `largest` bytes; `types` are the media types that it may have, any without.

    Raises `RequestError`.
    """
    if types and media_type(request) not in types:
        raise RequestError(f"Send this as {' or '.join(types)}.")
    body = bytearray()
    with move_on_after(BODY_SECONDS):
        async for chunk in request.stream():
            body += chunk
            if len(body) > largest:
                raise RequestError(f"This request takes {f'at most {largest:,} bytes' if largest else 'no body'}.")
        return bytes(body)
    raise RequestError(f"The body did not come within {BODY_SECONDS} seconds.")


def media_type(request: Request) -> str:
    """The media type of the body, without its parameters."""
    return str(request.headers.get("content-type", "")).partition(";")[0].strip().lower()
