"""Agreements in full

Revision: 0002, after 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "consent",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("form", sa.String(length=64), nullable=False),
        sa.Column("recipient_id", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=64), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("to_version", sa.BigInteger(), nullable=True),
        sa.Column("signed_on", sa.String(length=10), nullable=False),
        sa.Column("until_day", sa.String(length=10), nullable=True),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("signer", sa.String(length=200), nullable=True),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint(
            "provider_id", "person_id", "form", "recipient_id", "purpose", "from_version", name=op.f("pk_consent")
        ),
    )
    op.create_table(
        "decision_input",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_decision_input")),
    )
    op.create_table(
        "grant_usage",
        sa.Column("agreement_id", sa.String(length=128), nullable=False),
        sa.Column("schedule", sa.String(length=128), nullable=False),
        sa.Column("resource", sa.String(length=100), nullable=False),
        sa.Column("period", sa.String(length=16), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("agreement_id", "schedule", "resource", "period", name=op.f("pk_grant_usage")),
    )
    op.create_table(
        "policy_bundle",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("first_used_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_policy_bundle")),
    )
    op.create_table(
        "signatory",
        sa.Column("institution_id", sa.String(length=64), nullable=False),
        sa.Column("signatory_id", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("public_jwk", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.Column("retired_at", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("institution_id", "signatory_id", name=op.f("pk_signatory")),
    )
    op.create_table(
        "determination",
        sa.Column("agreement_id", sa.String(length=128), nullable=False),
        sa.Column("agreement_version", sa.Integer(), nullable=False),
        sa.Column("schedule", sa.String(length=128), nullable=False),
        sa.Column("resource", sa.String(length=100), nullable=False),
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("data_version", sa.BigInteger(), nullable=False),
        sa.Column("smallest_class", sa.Integer(), nullable=False),
        sa.Column("official", sa.String(length=200), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement_id", "agreement_version"],
            ["agreement.agreement_id", "agreement.version"],
            name=op.f("fk_determination_agreement_id"),
        ),
        sa.PrimaryKeyConstraint("agreement_id", "agreement_version", "schedule", "resource", name=op.f("pk_determination")),
    )
    op.create_table(
        "executed_document",
        sa.Column("agreement_id", sa.String(length=128), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("uploaded_by", sa.String(length=200), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement_id", "version"],
            ["agreement.agreement_id", "agreement.version"],
            name=op.f("fk_executed_document_agreement_id"),
        ),
        sa.PrimaryKeyConstraint("agreement_id", "version", "sha256", name=op.f("pk_executed_document")),
    )
    op.create_table(
        "operation",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("agreement_id", sa.String(length=128), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement_id", "version"], ["agreement.agreement_id", "agreement.version"], name=op.f("fk_operation_agreement_id")
        ),
        sa.PrimaryKeyConstraint("provider_id", "agreement_id", "version", name=op.f("pk_operation")),
    )
    op.add_column("agreement_signature", sa.Column("evidence", sa.JSON(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("Migrations go forward only; restore the backup made before the upgrade.")
