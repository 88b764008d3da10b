"""What stewards decided about free text

Revision: 0006, after 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "text_decision",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("resource", sa.String(length=100), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("record_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("element", sa.String(length=200), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("to_version", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("source_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("redacted_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("decided_by", sa.String(length=200), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint(
            "provider_id",
            "resource",
            "record_id",
            "record_version",
            "ordinal",
            "element",
            "from_version",
            name=op.f("pk_text_decision"),
        ),
    )


def downgrade() -> None:
    raise NotImplementedError("Migrations go forward only; restore the backup made before the upgrade.")
