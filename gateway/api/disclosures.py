"""`/v1/disclosures`: a provider's own system asks who was told what about one of its people (34 CFR 99.32).

Whoever is named by an id or a name is posted: what stands in an address is written into the logs of every proxy on the way. A page
after the first, and somebody named by a pseudonym, is a GET.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated

import orjson
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from gateway.api.bearer import bearer_token
from gateway.api.json_body import read_body, small_body
from gateway.errors import RequestError
from gateway.register.authorise import Page, PageTold, RegisterGate, look_as_client
from gateway.register.find_subject import BY_PSEUDONYM, Meant
from gateway.register.lines import as_object

THREADS = 1
USUAL, MOST = 100, 1_000
WHAT = f"This route takes cursor, or {' and '.join(BY_PSEUDONYM)} with a limit of 1 to {MOST:,}; each once."
_Text = Annotated[str, Field(max_length=200)]
Frame = Callable[[Callable[[str], Page]], Page]


class LookUp(BaseModel):
    """Whom it is about: `person` maps the identity of `resource` to texts, or firstName, lastSurname and birthDate."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    person: dict[str, _Text] = Field(max_length=20)
    resource: _Text = "candidates"
    limit: int = Field(default=USUAL, ge=1, le=MOST)


def disclosures_router(gate: RegisterGate) -> APIRouter:
    """The routes, for clients of the provider with the scope `disclosures:read`."""
    router = APIRouter(prefix="/v1/disclosures", tags=["disclosures"])
    limiter = CapacityLimiter(THREADS)

    async def serve(request: Request, frame: Frame) -> Response:
        asked = partial(look_as_client, frame, bearer_token(request), str(request.state.request_id), gate)
        return _answer(await to_thread.run_sync(asked, limiter=limiter))

    @router.post("/lookups")
    async def look_up(request: Request) -> Response:
        """The newest entries about a person."""
        body = await small_body(request)

        def frame(_: Callable[[str], Page]) -> Page:
            if request.query_params:
                raise RequestError("This route has no parameters; what it needs stands in the body.")
            said = read_body(body, LookUp)
            return Page(Meant(said.person, said.resource), said.limit)

        return await serve(request, frame)

    @router.get("")
    async def go_on(request: Request) -> Response:
        """The entries before those of another page, or those about whom a pseudonym stands for."""
        return await serve(request, partial(_framed, request))

    return router


def _framed(request: Request, opened: Callable[[str], Page]) -> Page:
    pairs = request.query_params.multi_items()
    said = dict(pairs)
    if len(said) < len(pairs):
        raise RequestError(WHAT)
    if set(said) == {"cursor"}:
        return opened(said["cursor"])
    limit = said.pop("limit", str(USUAL))
    whole = limit.isascii() and limit.isdigit() and len(limit) <= len(str(MOST)) and 1 <= int(limit) <= MOST
    if set(said) != set(BY_PSEUDONYM) or not whole:
        raise RequestError(WHAT)
    return Page(Meant(said), int(limit))


def _answer(page: PageTold) -> Response:
    looked = page.looked
    content = {
        "data": [as_object(one) for one in looked.told],
        "total": looked.total,
        "out_of_reach": len(looked.out_of_reach),
        "next": page.cursor,
    }
    headers = {"Gateway-Entry": looked.entry.entry, "Gateway-Entry-Index": str(looked.entry.index)}
    return Response(orjson.dumps(content), media_type="application/json", headers=headers)
