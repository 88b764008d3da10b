"""Alembic's entry: run the migrations on the connection that `gateway.store.migrate` hands over."""

from __future__ import annotations

from alembic import context

connection = context.config.attributes["connection"]
metadata = context.config.attributes["metadata"]

context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=False,
    transaction_per_migration=False,
)
context.run_migrations()
