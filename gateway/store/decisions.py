"""What decisions were made from and by: their inputs and the policies, each once, named by their digests."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.domain.decision import Question
from gateway.store.schema import decision_input, policy_bundle


def keep_inputs(connection: Connection, questions: Collection[Question]) -> None:
    """Store the inputs that are not stored yet."""
    if questions:
        _insert_new(connection, decision_input, [{"digest": asked.digest, "content": asked.content} for asked in questions])


def keep_bundle(connection: Connection, digest: str, content: bytes, at: str) -> None:
    """Store a policy; `content` is its archive. Its audit event belongs in the same transaction."""
    _insert_new(connection, policy_bundle, [{"digest": digest, "content": content, "first_used_at": at}])


def read_input(connection: Connection, digest: str) -> bytes | None:
    """The text of a decision's input."""
    found = connection.execute(select(decision_input.c.content).where(decision_input.c.digest == digest)).scalar()
    return None if found is None else bytes(found)


def read_bundle_content(connection: Connection, digest: str) -> bytes | None:
    """The archive of a policy."""
    found = connection.execute(select(policy_bundle.c.content).where(policy_bundle.c.digest == digest)).scalar()
    return None if found is None else bytes(found)


def _insert_new(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Rows of the same digest hold the same, so that whoever comes second has nothing to add."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    # By digest: two processes that insert the same rows in other orders would wait for each other.
    ordered = sorted(rows, key=lambda row: str(row["digest"]))
    connection.execute(dialect.insert(table).on_conflict_do_nothing(), ordered)
