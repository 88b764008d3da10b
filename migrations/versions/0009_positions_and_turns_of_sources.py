"""Sources have positions to go on from, turns to be synced in, and an age at which they are late; a row in quarantine knows its record

Revision: 0009, after 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("quarantine", sa.Column("source_key", sa.LargeBinary(32)))
    op.create_table(
        "source_position",
        sa.Column("provider_id", sa.String(64), nullable=False),
        sa.Column("source_id", sa.String(128), nullable=False),
        sa.Column("resource", sa.String(100), nullable=False),
        sa.Column("position", sa.String(500), nullable=False),
        sa.Column("mapping", sa.String(64), nullable=False),
        sa.Column("whole_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "source_id", "resource", name="pk_source_position"),
    )
    op.create_table(
        "source_turn",
        sa.Column("provider_id", sa.String(64), nullable=False),
        sa.Column("source_id", sa.String(128), nullable=False),
        sa.Column("turn", sa.String(40), nullable=False),
        sa.Column("taken_by", sa.String(64), nullable=False),
        sa.Column("taken_at", sa.String(32), nullable=False),
        sa.Column("ended_at", sa.String(32)),
        sa.Column("outcome", sa.String(64)),
        sa.PrimaryKeyConstraint("provider_id", "source_id", "turn", name="pk_source_turn"),
    )
    op.create_table(
        "source_expected",
        sa.Column("provider_id", sa.String(64), nullable=False),
        sa.Column("source_id", sa.String(128), nullable=False),
        sa.Column("resource", sa.String(100), nullable=False),
        sa.Column("late_after", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "source_id", "resource", name="pk_source_expected"),
    )


def downgrade() -> None:
    op.drop_table("source_expected")
    op.drop_table("source_turn")
    op.drop_table("source_position")
    op.drop_column("quarantine", "source_key")
