"""Which entries of the log name which people, sealed

Revision: 0017, after 0016
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "subject_progress",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("next_seq", sa.BigInteger(), nullable=False),
        sa.Column("moved", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("log_id", name="pk_subject_progress"),
    )
    op.create_table(
        "subject_segment",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("provider_id", sa.String(64), nullable=False),
        sa.Column("first_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("after_seq", sa.BigInteger(), nullable=False),
        sa.Column("bits", sa.Integer(), nullable=False),
        sa.Column("mentions", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("log_id", "provider_id", "first_seq", name="pk_subject_segment"),
    )
    op.create_table(
        "subject_bucket",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("provider_id", sa.String(64), nullable=False),
        sa.Column("first_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("bucket", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("log_id", "provider_id", "first_seq", "bucket", name="pk_subject_bucket"),
    )
