"""How fresh each resource of a source is, found in an index

Revision: 0014, after 0013
"""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        op.f("ix_sync_run_provider_id_source_id_resource_state_ended_at"),
        "sync_run",
        ["provider_id", "source_id", "resource", "state", "ended_at"],
        unique=False,
    )
