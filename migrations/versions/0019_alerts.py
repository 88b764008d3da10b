"""Alerts: how far the log was evaluated, what clients usually do, what was raised and whom it was told

Revision: 0019, after 0017
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alert_position",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.String(32), nullable=False),
        sa.Column("turn", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("log_id", name=op.f("pk_alert_position")),
    )
    op.create_table(
        "alert_memory",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("memory", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("log_id", "client_id", name=op.f("pk_alert_memory")),
    )
    op.create_table(
        "alert",
        sa.Column("alert_id", sa.String(36), nullable=False),
        sa.Column("rule", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(400), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("raised_at", sa.String(32), nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("acknowledged_at", sa.String(32)),
        sa.Column("acknowledged_by", sa.String(200)),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_alert")),
    )
    op.create_index(op.f("ix_alert_rule_subject_at"), "alert", ["rule", "subject", "at"], unique=False)
    op.create_index(op.f("ix_alert_acknowledged_at_rule"), "alert", ["acknowledged_at", "rule"], unique=False)
    op.create_table(
        "alert_delivery",
        sa.Column("alert_id", sa.String(36), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.alert_id"], name=op.f("fk_alert_delivery_alert_id")),
        sa.PrimaryKeyConstraint("alert_id", "channel", name=op.f("pk_alert_delivery")),
    )
    op.create_index(op.f("ix_alert_delivery_state_next_at"), "alert_delivery", ["state", "next_at"], unique=False)
