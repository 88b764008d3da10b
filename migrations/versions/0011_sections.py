"""Sections, who teaches them, and which of them candidates are placed in

Revision: 0011, after 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fieldwork_experience_section_associations",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("to_version", sa.BigInteger(), nullable=True),
        sa.Column("source_id", sa.String(length=128), nullable=False),
        sa.Column("source_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("maintainer", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(length=32), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("candidate_subject", sa.String(length=16), nullable=False),
        sa.Column("fieldwork_experience_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("section_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("student_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("fieldwork_experience_begin_date", sa.Date(), nullable=True),
        sa.Column("section_local_course_code", sa.String(length=60), nullable=True),
        sa.Column("section_school_id", sa.BigInteger(), nullable=True),
        sa.Column("section_school_year", sa.BigInteger(), nullable=True),
        sa.Column("section_section_identifier", sa.String(length=255), nullable=True),
        sa.Column("section_session_name", sa.String(length=120), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("fieldwork_experience_fieldwork_identifier_index", sa.LargeBinary(length=16), nullable=True),
        sa.Column("fieldwork_experience_student_unique_id_index", sa.LargeBinary(length=16), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", name=op.f("pk_fieldwork_experience_section_associations")
        ),
    )
    op.create_index(
        "ix_fieldwork_experience_section_associations_begins",
        "fieldwork_experience_section_associations",
        ["provider_id", "from_version", "record_id"],
        unique=False,
    )
    op.create_index(
        "ix_fieldwork_experience_section_associations_ends",
        "fieldwork_experience_section_associations",
        ["provider_id", "to_version", "record_id"],
        unique=False,
    )
    op.create_index(
        "ix_fieldwork_experience_section_associations_fieldwork_af219408",
        "fieldwork_experience_section_associations",
        ["provider_id", "fieldwork_experience_fieldwork_identifier_index"],
        unique=False,
    )
    op.create_index(
        "ix_fieldwork_experience_section_associations_fieldwork_f70db577",
        "fieldwork_experience_section_associations",
        ["provider_id", "fieldwork_experience_student_unique_id_index"],
        unique=False,
    )
    op.create_table(
        "sections",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("to_version", sa.BigInteger(), nullable=True),
        sa.Column("source_id", sa.String(length=128), nullable=False),
        sa.Column("source_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("maintainer", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(length=32), nullable=False),
        sa.Column("school_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("section_identifier", sa.String(length=255), nullable=True),
        sa.Column("course_offering_local_course_code", sa.String(length=60), nullable=True),
        sa.Column("course_offering_school_id", sa.BigInteger(), nullable=True),
        sa.Column("course_offering_school_year", sa.BigInteger(), nullable=True),
        sa.Column("course_offering_session_name", sa.String(length=120), nullable=True),
        sa.Column("educational_environment_descriptor", sa.String(length=306), nullable=True),
        sa.Column("instruction_language_descriptor", sa.String(length=306), nullable=True),
        sa.Column("medium_of_instruction_descriptor", sa.String(length=306), nullable=True),
        sa.Column("population_served_descriptor", sa.String(length=306), nullable=True),
        sa.Column("section_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", name=op.f("pk_sections")),
    )
    op.create_index("ix_sections_begins", "sections", ["provider_id", "from_version", "record_id"], unique=False)
    op.create_index("ix_sections_ends", "sections", ["provider_id", "to_version", "record_id"], unique=False)
    op.create_table(
        "sections__course_level_characteristics",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("course_level_characteristic_descriptor", sa.String(length=306), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_sections__course_level_characteristics")
        ),
    )
    op.create_table(
        "sections__offered_grade_levels",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("grade_level_descriptor", sa.String(length=306), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_sections__offered_grade_levels")
        ),
    )
    op.create_table(
        "staff_section_associations",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("to_version", sa.BigInteger(), nullable=True),
        sa.Column("source_id", sa.String(length=128), nullable=False),
        sa.Column("source_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("maintainer", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(length=32), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_subject", sa.String(length=16), nullable=False),
        sa.Column("section_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("staff_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("begin_date", sa.Date(), nullable=True),
        sa.Column("classroom_position_descriptor", sa.String(length=306), nullable=True),
        sa.Column("section_local_course_code", sa.String(length=60), nullable=True),
        sa.Column("section_school_id", sa.BigInteger(), nullable=True),
        sa.Column("section_school_year", sa.BigInteger(), nullable=True),
        sa.Column("section_section_identifier", sa.String(length=255), nullable=True),
        sa.Column("section_session_name", sa.String(length=120), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("highly_qualified_teacher", sa.Boolean(), nullable=True),
        sa.Column("percentage_contribution", sa.Float(precision=53), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("staff_staff_unique_id_index", sa.LargeBinary(length=16), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", name=op.f("pk_staff_section_associations")),
    )
    op.create_index(
        "ix_staff_section_associations_begins",
        "staff_section_associations",
        ["provider_id", "from_version", "record_id"],
        unique=False,
    )
    op.create_index(
        "ix_staff_section_associations_ends", "staff_section_associations", ["provider_id", "to_version", "record_id"], unique=False
    )
    op.create_index(
        "ix_staff_section_associations_staff_staff_unique_id_index",
        "staff_section_associations",
        ["provider_id", "staff_staff_unique_id_index"],
        unique=False,
    )


def downgrade() -> None:
    raise NotImplementedError("Migrations go forward only; restore the backup made before the upgrade.")
