"""Expand: the records of other resources that belong to those of a page, each resource under its own permit and row scope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.catalog.model import Resource
from gateway.domain.access import AccessRequest
from gateway.domain.decision import Permit
from gateway.domain.identifiers import RecordId, ResourceName
from gateway.domain.query_plan import QueryPlan
from gateway.domain.rows import Rows
from gateway.encode import records
from gateway.errors import IntegrityError, RequestError
from gateway.gate import Gate, Trail
from gateway.link import Link, link
from gateway.plan import compile_plan
from gateway.read import read
from gateway.redact import redact
from gateway.remember import Standing
from gateway.stand import stand
from gateway.store.engine import Connection

MOST_BESIDE = 5_000
"""Records of one resource beside those of one page."""
TOO_MANY = "More than {} records of {} stand beside those of this page, or more than are left today. Ask for fewer with `limit`."
ONLY_JSON = "`expand` comes as JSON or JSON Lines; name one of them in `Accept`."


@dataclass(frozen=True)
class Expansion:
    """One resource that may be put beside the records of a page, and by what they belong together."""

    standing: Standing
    link: Link


@dataclass(frozen=True)
class Beside:
    """What was put beside the records of a page: what it stands on, and for each record of the page a list as JSON."""

    standing: Standing
    asked: AccessRequest
    plan: QueryPlan
    rows: Rows
    lists: Sequence[bytes]


def permitted_expansions(
    request: AccessRequest, permit: Permit, token: str | None, connection: Connection, gate: Gate, trail: Trail
) -> Sequence[Expansion]:
    """Each under the permit of its own resource, by the same agreement for the same purpose.

    Raises `DisclosureDenied` for one that the policy refuses, `RequestError` for one that does not belong to the page.
    """
    if request.expand and request.format not in {"json", "ndjson"}:
        raise RequestError(ONLY_JSON)
    own = _resource(gate, permit.resource)
    expansions: list[Expansion] = []
    for name in request.expand:
        asked = AccessRequest(name, permit.purpose, permit.provider, permit.agreement, request_id=request.request_id)
        trail.request = replace(asked, format=request.format)
        standing = stand(token, connection, gate, trail)
        other = standing.permit
        expansions.append(Expansion(standing, link(own, permit, _resource(gate, other.resource), other)))
    return expansions


def expand(expansion: Expansion, plan: QueryPlan, rows: Rows, connection: Connection, gate: Gate) -> Beside:
    """The records that belong to those of a page that was read by `plan`, in the same snapshot and version."""
    standing, other = expansion.standing, expansion.standing.permit
    keys = rows.links[expansion.link.own]
    asked = AccessRequest(other.resource, other.purpose, limit=MOST_BESIDE)
    keyed = gate.keyed(standing)
    beside = compile_plan(asked, other, gate.catalog, keyed, None, standing.day, plan.pinned, (expansion.link.other,))
    wanted = tuple(dict.fromkeys(RecordId(key) for key in keys if key is not None))
    beside = replace(beside, only=(expansion.link.other, wanted))
    found = read(beside, connection, gate.tables)
    if found.following is not None:
        raise RequestError(TOO_MANY.format(MOST_BESIDE, other.resource))
    redact_texts = gate.texts(other, beside, found, connection)
    treated = redact(found, beside, keyed.pseudonyms, gate.opener(other), gate.own_ids(other), redact_texts)
    texts = records(treated, beside, b"\n").split(b"\n") if treated.count else []
    lists: dict[int | None, list[bytes]] = {}
    for key, text in zip(found.links[expansion.link.other], texts, strict=True):
        lists.setdefault(key, []).append(text)
    in_lists = [b"[%b]" % b",".join(lists.get(key, []) if key is not None else []) for key in keys]
    return Beside(standing, asked, beside, found, in_lists)


def in_columns(besides: Sequence[Beside]) -> Mapping[str, Sequence[bytes]]:
    """The lists by the resources' names."""
    return {beside.plan.resource: beside.lists for beside in besides}


def _resource(gate: Gate, name: ResourceName) -> Resource:
    resource = gate.catalog.resource(name)
    if resource is None:
        raise IntegrityError("A permit names a resource that the catalog does not have.")
    return resource
