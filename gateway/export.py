"""PEP: a whole permitted view in one answer, however long. It waits in a spool until its entry is durable, then it leaves."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace

from pyroaring import BitMap

from gateway.domain.access import AccessRequest
from gateway.domain.auditing import AuditEntry
from gateway.domain.decision import Permit
from gateway.domain.query_plan import QueryPlan
from gateway.domain.rows import Rows
from gateway.encode import MEDIA_TYPES, notice_header, open_stream
from gateway.enter import SALT_BYTES, Content, Leaving, disclosed
from gateway.errors import DisclosureDenied
from gateway.gate import Gate, Trail
from gateway.plan import compile_plan
from gateway.read import read
from gateway.redact import redact
from gateway.redact.text import TextRedactor
from gateway.remember import Standing
from gateway.spool import Spool
from gateway.stand import on_the_log, stand
from gateway.store.engine import Connection
from gateway.store.usage import ROWS_PER_DAY

AT_ONCE = 5_000
"""Records of a part: more take memory, fewer take time."""


@dataclass(frozen=True)
class Export:
    """One answer that waits: its entry, its bytes in a spool, the salt of their commitment, and what goes beside them in headers.

    `bound` says that it may not be redisclosed (99.33(d)).
    """

    entry: AuditEntry
    spool: Spool
    salt: bytes
    bound: bool
    media_type: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class _Exported:
    plan: QueryPlan
    rows: int
    persons: Mapping[str, BitMap]


@dataclass(frozen=True)
class _Part:
    plan: QueryPlan
    rows: Rows
    texts: TextRedactor


def export(request: AccessRequest, token: str | None, gate: Gate) -> Export:
    """Serve one request for all records. Raises a `GatewayError` for every refusal, after the refusal's own entry is durable;
    `Unavailable` where there is no room for so many."""
    trail = Trail(request)
    salt = gate.random_bytes(SALT_BYTES)
    media_type = MEDIA_TYPES[request.format]
    with on_the_log(trail, gate):
        spool = Spool(gate.spool_folder, salt)
        with ExitStack() as refused:
            refused.callback(spool.close)
            with gate.database.read() as connection:
                standing = stand(token, connection, gate, trail)
                exported = _exported(standing, trail.request, spool, connection, gate)
            spool.finish()
            content = Content(spool.digest, spool.length, media_type, salt)
            leaving = Leaving(exported.plan, "export", exported.rows, exported.persons, content)
            entry = gate.log.append(disclosed(leaving, standing, trail.request, gate, gate.clock()))
            refused.pop_all()
    return Export(entry, spool, salt, standing.permit.redisclosure_notice, media_type, notice_header(standing.notice))


def _exported(standing: Standing, request: AccessRequest, spool: Spool, connection: Connection, gate: Gate) -> _Exported:
    """All records of the permitted view, part by part, in one snapshot and so of one version."""
    permit, keyed = standing.permit, gate.keyed(standing)
    asked = replace(request, limit=AT_ONCE)
    plan = compile_plan(asked, permit, gate.catalog, keyed, None, standing.day)
    stream = open_stream(request.format, plan, standing.notice, spool.write)
    count = 0
    persons: dict[str, BitMap] = {role: BitMap() for role, _ in plan.person_columns}
    with closing(_parts(plan, permit, connection, gate)) as parts:
        for part in parts:
            rows = part.rows
            count += len(rows.records)
            for role, numbers in rows.persons.items():
                persons[role].update(numbers)
            if permit.rows_left is not None and count + (rows.following is not None) > permit.rows_left:
                raise DisclosureDenied((ROWS_PER_DAY,))
            stream.add(redact(rows, part.plan, keyed.pseudonyms, gate.opener(permit), gate.own_ids(permit), part.texts))
    stream.end()
    return _Exported(plan, count, persons)


def _parts(plan: QueryPlan, permit: Permit, connection: Connection, gate: Gate) -> Generator[_Part]:
    """One after the other; while one is treated and written the database is at the next, in a thread that has the connection for
    itself until the end."""

    def fetched(plan_of_part: QueryPlan) -> _Part:
        rows = read(plan_of_part, connection, gate.tables)
        return _Part(plan_of_part, rows, gate.texts(permit, plan_of_part, rows, connection))

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="export") as ahead:
        coming: Future[_Part] | None = ahead.submit(fetched, plan)
        while coming is not None:
            part = coming.result()
            following = part.rows.following
            coming = None if following is None else ahead.submit(fetched, replace(plan, after=following))
            yield part
