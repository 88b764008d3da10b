"""Who had another number before, so that an opt-out finds older versions of records

Revision: 0007, after 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "former_person",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("former_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "former_id", "person_id", name=op.f("pk_former_person")),
    )


def downgrade() -> None:
    raise NotImplementedError("Migrations go forward only; restore the backup made before the upgrade.")
