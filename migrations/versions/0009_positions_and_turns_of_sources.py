"""Sources have positions, turns and an age at which they are late; batches are pushed; a row in quarantine knows its record

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
    op.create_table(
        "push_batch",
        *_key_of_a_batch(),
        sa.Column("media_type", sa.String(64), nullable=False),
        sa.Column("mode", sa.String(16)),
        sa.Column("allow_shrink", sa.Boolean, nullable=False),
        sa.Column("parts", sa.Integer),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("begun_at", sa.String(32), nullable=False),
        sa.Column("ended_at", sa.String(32)),
        sa.Column("failure", sa.String(1000)),
        sa.Column("counts", sa.JSON),
        sa.PrimaryKeyConstraint("provider_id", "source_id", "resource", "batch", name="pk_push_batch"),
    )
    op.create_table(
        "push_part",
        *_key_of_a_batch(),
        sa.Column("part", sa.Integer, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "source_id", "resource", "batch", "part", name="pk_push_part"),
    )


def _key_of_a_batch() -> list[sa.Column[str]]:
    return [
        sa.Column("provider_id", sa.String(64), nullable=False),
        sa.Column("source_id", sa.String(128), nullable=False),
        sa.Column("resource", sa.String(100), nullable=False),
        sa.Column("batch", sa.String(64), nullable=False),
    ]


def downgrade() -> None:
    op.drop_table("push_part")
    op.drop_table("push_batch")
    op.drop_table("source_expected")
    op.drop_table("source_turn")
    op.drop_table("source_position")
    op.drop_column("quarantine", "source_key")
