"""`/audit/...`: the log as C2SP tlog-tiles for a log auditor; proofs for whoever is a party of an entry."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from functools import partial

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request, Response

from gateway.accountability.evidence import (
    Asked,
    Evidence,
    EvidenceDesk,
    prove_consistency,
    prove_entry,
    read_checkpoint,
    read_tile,
)
from gateway.api.bearer import bearer_token
from gateway.api.receipt import receipt
from gateway.tlog import tiles

THREADS = 2
"""A bundle has up to 16 MB; disclosures have threads of their own."""
TEXT = "text/plain; charset=utf-8"
OCTETS = "application/octet-stream"
FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable"}
"""The bytes of a tile never change (tlog-tiles). Private: from a shared cache it would be read without an entry."""
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


def evidence_router(desk: EvidenceDesk) -> APIRouter:
    """The routes: tiles for clients with the scope `audit:tiles`, proofs for every client of a party."""
    router = APIRouter(prefix="/audit", tags=["audit"])
    limiter = CapacityLimiter(THREADS)

    async def read(work: Callable[[], Evidence]) -> Evidence:
        # A thread is not cancelled when the client goes away: no entry without its answer having been made.
        return await to_thread.run_sync(work, limiter=limiter)

    @router.get("/checkpoint")
    async def checkpoint(request: Request) -> Response:
        """The newest signed size and root of the log (C2SP tlog-checkpoint)."""
        return _answer(await read(partial(read_checkpoint, _asked(request), desk)), TEXT)

    @router.get("/tile/entries/{path:path}")
    async def entries(path: str, request: Request) -> Response:
        """Up to 256 entries in a row, each behind its length (C2SP tlog-tiles)."""
        tile = tiles.read_tile("0", path)
        done = await read(partial(read_tile, _asked(request), tile, desk, entries=True))
        return _compressed(done, request)

    @router.get("/tile/{level}/{path:path}")
    async def tile(level: str, path: str, request: Request) -> Response:
        """Up to 256 hashes in a row of one level of the tree (C2SP tlog-tiles)."""
        found = tiles.read_tile(level, path)
        return _answer(await read(partial(read_tile, _asked(request), found, desk, entries=False)), OCTETS, FOR_EVER)

    @router.get("/proof/{entry}")
    async def proof(entry: str, request: Request) -> Response:
        """The proof that an entry of your institution's stands in the log, with its leaf (C2SP tlog-proof)."""
        return _answer(await read(partial(prove_entry, _asked(request), entry, desk)), TEXT)

    @router.get("/consistency")
    async def consistency(request: Request) -> Response:
        """The proof that the log of `from` entries is a prefix of the log of `to` entries."""
        sizes = _sizes(request)
        return _answer(await read(partial(prove_consistency, _asked(request, odd=False), sizes, desk)), TEXT)

    return router


def _asked(request: Request, *, odd: bool | None = None) -> Asked:
    return Asked(bearer_token(request), str(request.state.request_id), bool(request.query_params) if odd is None else odd)


def _sizes(request: Request) -> tuple[int, int] | None:
    """`from` and `to`, once each and nothing else; none for anything but two sizes."""
    given = request.query_params.multi_items()
    named = dict(given)
    if len(given) != len(named) or set(named) != {"from", "to"} or not all(_SIZE.fullmatch(text) for text in named.values()):
        return None
    return int(named["from"]), int(named["to"])


def _answer(done: Evidence, media_type: str, more: dict[str, str] | None = None) -> Response:
    return Response(done.content, headers={"Content-Type": media_type, **receipt(done.entry), **(more or {})})


def _compressed(done: Evidence, request: Request) -> Response:
    """Entries are text that repeats itself: a tenth of it travels to whoever takes gzip."""
    headers = {"Content-Type": OCTETS, "Vary": "Accept-Encoding", **FOR_EVER, **receipt(done.entry)}
    codings = {part.strip().lower() for part in request.headers.get("accept-encoding", "").split(",")}
    if "gzip" not in codings:
        return Response(done.content, headers=headers)
    return Response(gzip.compress(done.content, mtime=0), headers={**headers, "Content-Encoding": "gzip"})
