"""Consents and opt-outs say which source states them, and a consent the day on which its person withdrew it

Revision: 0003, after 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("consent", sa.Column("origin", sa.String(length=128), server_default="", nullable=False))
    op.add_column("consent", sa.Column("withdrawn_on", sa.String(length=10), nullable=True))
    op.add_column("opt_out", sa.Column("origin", sa.String(length=128), server_default="", nullable=False))


def downgrade() -> None:
    raise NotImplementedError("Migrations go forward only; restore the backup made before the upgrade.")
