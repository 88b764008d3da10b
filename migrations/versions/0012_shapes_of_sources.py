"""What is known of the fields of sources, and what changed of them

Revision: 0012, after 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "source_shape",
        sa.Column("provider_id", sa.String(64), nullable=False),
        sa.Column("source_id", sa.String(128), nullable=False),
        sa.Column("resource", sa.String(100), nullable=False),
        sa.Column("mapping", sa.String(64), nullable=False),
        sa.Column("others", sa.Integer(), nullable=False),
        sa.Column("crowded", sa.Boolean(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "source_id", "resource", name="pk_source_shape"),
    )
    op.create_table(
        "source_drift",
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.String(64), nullable=False),
        sa.Column("source_id", sa.String(128), nullable=False),
        sa.Column("resource", sa.String(100), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("field", sa.String(64), nullable=False),
        sa.Column("change", sa.String(16), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("now", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "position", name="pk_source_drift"),
    )
    op.create_index("ix_source_drift_provider_id_source_id_at", "source_drift", ["provider_id", "source_id", "at"])
