"""Read: fetch what is planned in one read-only snapshot; the only step that reads record tables for disclosure."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.domain.changes import Candidate, Walk
from gateway.domain.identifiers import RecordId, ResourceName
from gateway.domain.query_plan import QueryPlan
from gateway.domain.rows import Rows
from gateway.store.changes import find_changes
from gateway.store.engine import Connection
from gateway.store.permitted import fetch
from gateway.store.record_tables import RecordTables
from gateway.store.versions import versions_read


def read(plan: QueryPlan, connection: Connection, tables: Mapping[ResourceName, RecordTables]) -> Rows:
    """The rows of one page, in the snapshot that the decision's facts came from (decision 9)."""
    return fetch(connection, tables, plan)


def newest(plan: QueryPlan, connection: Connection) -> Mapping[ResourceName, int]:
    """The promoted version of every resource that a plan looks at."""
    return versions_read(connection, plan)


def read_changes(
    plan: QueryPlan,
    walk: Walk,
    after: RecordId | None,
    most: int,
    connection: Connection,
    tables: Mapping[ResourceName, RecordTables],
) -> list[Candidate]:
    """The next records behind `after` that may have changed on the way of a walk; none where it ends.

    Raises `VersionGone` where the consumer knows less than versions are kept for.
    """
    return find_changes(connection, tables, plan, walk, after, most)
