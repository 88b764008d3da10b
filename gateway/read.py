"""Read: fetch the planned page in one read-only snapshot; the only step that reads record tables for disclosure."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.domain.identifiers import ResourceName
from gateway.domain.query_plan import QueryPlan
from gateway.domain.rows import Rows
from gateway.store.engine import Connection
from gateway.store.permitted import fetch
from gateway.store.record_tables import RecordTables


def read(plan: QueryPlan, connection: Connection, tables: Mapping[ResourceName, RecordTables]) -> Rows:
    """The rows of one page, in the snapshot that the decision's facts came from (decision 9)."""
    return fetch(connection, tables, plan)
