"""Links across institutions: whom a provider's steward found behind a record of another institution

Revision: 0013, after 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "person_link",
        sa.Column("provider_id", sa.String(64), nullable=False),
        sa.Column("other_id", sa.String(64), nullable=False),
        sa.Column("other_space", sa.String(100), nullable=False),
        sa.Column("other_record_id", sa.BigInteger(), nullable=False),
        sa.Column("key_space", sa.String(100), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.String(200), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "other_id", "other_space", "other_record_id", "key_space", name="pk_person_link"),
    )
