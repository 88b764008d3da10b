"""Since when row versions are kept whole

Revision: 0005, after 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("resource_head", sa.Column("kept_since", sa.String(length=32), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("Migrations go forward only; restore the backup made before the upgrade.")
