"""What stewards said about pairs of records that are likely about one person

Revision: 0010, after 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "person_judgement",
        sa.Column("provider_id", sa.String(64), nullable=False),
        sa.Column("pair", sa.LargeBinary(32), nullable=False),
        sa.Column("judgement", sa.String(16), nullable=False),
        sa.Column("decided_by", sa.String(200), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "pair", name="pk_person_judgement"),
    )
