"""The first schema

Revision: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agreement",
        sa.Column("agreement_id", sa.String(length=128), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("source_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("agreement_id", "version", name=op.f("pk_agreement")),
    )
    op.create_table(
        "applications",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("to_version", sa.BigInteger(), nullable=True),
        sa.Column("source_id", sa.String(length=128), nullable=False),
        sa.Column("source_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("maintainer", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(length=32), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("applicant_subject", sa.String(length=16), nullable=False),
        sa.Column("applicant_profile_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("education_organization_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("open_staff_position_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("education_organization_education_organization_id", sa.BigInteger(), nullable=True),
        sa.Column("open_staff_position_education_organization_id", sa.BigInteger(), nullable=True),
        sa.Column("open_staff_position_requisition_number", sa.String(length=20), nullable=True),
        sa.Column("academic_subject_descriptor", sa.String(length=306), nullable=True),
        sa.Column("accepted_date", sa.Date(), nullable=True),
        sa.Column("application_date", sa.Date(), nullable=True),
        sa.Column("application_source_descriptor", sa.String(length=306), nullable=True),
        sa.Column("application_status_descriptor", sa.String(length=306), nullable=True),
        sa.Column("current_employee", sa.Boolean(), nullable=True),
        sa.Column("first_contact_date", sa.Date(), nullable=True),
        sa.Column("high_needs_academic_subject_descriptor", sa.String(length=306), nullable=True),
        sa.Column("hire_status_descriptor", sa.String(length=306), nullable=True),
        sa.Column("hiring_source_descriptor", sa.String(length=306), nullable=True),
        sa.Column("withdraw_date", sa.Date(), nullable=True),
        sa.Column("withdraw_reason_descriptor", sa.String(length=306), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", name=op.f("pk_applications")),
    )
    op.create_index("ix_applications_ends", "applications", ["provider_id", "to_version", "record_id"], unique=False)
    op.create_table(
        "applications__score_results",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("assessment_reporting_method_descriptor", sa.String(length=306), nullable=True),
        sa.Column("result_datatype_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("result", sa.String(length=35), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_applications__score_results")),
    )
    op.create_table(
        "applications__terms",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("term_descriptor", sa.String(length=306), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_applications__terms")),
    )
    op.create_table(
        "assertion_used",
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("jti", sa.String(length=200), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", "jti", name=op.f("pk_assertion_used")),
    )
    op.create_index(op.f("ix_assertion_used_expires_at"), "assertion_used", ["expires_at"], unique=False)
    op.create_table(
        "audit_checkpoint",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("cosignatures", sa.JSON(), nullable=False),
        sa.Column("published_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("log_id", "size", name=op.f("pk_audit_checkpoint")),
    )
    op.create_table(
        "audit_detail",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.String(length=36), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("log_id", "entry_id", name=op.f("pk_audit_detail")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.String(length=36), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("log_id", "seq", name=op.f("pk_audit_entry")),
    )
    op.create_index(op.f("ix_audit_entry_log_id_entry_id"), "audit_entry", ["log_id", "entry_id"], unique=True)
    op.create_table(
        "audit_head",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("checkpoint", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("log_id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "audit_log",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("origin", sa.String(length=200), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("opened_at", sa.String(length=32), nullable=False),
        sa.Column("accepts", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("log_id", name=op.f("pk_audit_log")),
    )
    op.create_table(
        "audit_node",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("idx", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("log_id", "level", "idx", name=op.f("pk_audit_node")),
    )
    op.create_table(
        "audit_party",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("institution_id", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("log_id", "institution_id", "seq", name=op.f("pk_audit_party")),
    )
    op.create_table(
        "candidate_educator_preparation_program_associations",
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
        sa.Column("application_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("candidate_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("educator_preparation_program_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("begin_date", sa.Date(), nullable=True),
        sa.Column("application_education_organization_id", sa.BigInteger(), nullable=True),
        sa.Column("educator_preparation_program_education_organization_id", sa.BigInteger(), nullable=True),
        sa.Column("educator_preparation_program_program_name", sa.String(length=255), nullable=True),
        sa.Column("educator_preparation_program_program_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("epp_program_pathway_descriptor", sa.String(length=306), nullable=True),
        sa.Column("reason_exited_descriptor", sa.String(length=306), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", name=op.f("pk_candidate_educator_preparation_program_associations")
        ),
    )
    op.create_index(
        "ix_candidate_educator_preparation_program_associations_ends",
        "candidate_educator_preparation_program_associations",
        ["provider_id", "to_version", "record_id"],
        unique=False,
    )
    op.create_table(
        "candidate_educator_preparation_program_associations__c_f32173bc",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("indicator_name", sa.String(length=200), nullable=True),
        sa.Column("designated_by", sa.String(length=60), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("indicator", sa.String(length=60), nullable=True),
        sa.Column("indicator_group", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id",
            "record_id",
            "from_version",
            "ordinal",
            name=op.f("pk_candidate_educator_preparation_program_associations__c_f32173bc"),
        ),
    )
    op.create_table(
        "candidate_educator_preparation_program_associations__c_fe607dce",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("cohort_year_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("term_descriptor", sa.String(length=306), nullable=True),
        sa.Column("school_year_type_school_year", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id",
            "record_id",
            "from_version",
            "ordinal",
            name=op.f("pk_candidate_educator_preparation_program_associations__c_fe607dce"),
        ),
    )
    op.create_table(
        "candidate_educator_preparation_program_associations__d_4acb85cd",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("major_specialization", sa.String(length=255), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("minor_specialization", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id",
            "record_id",
            "from_version",
            "ordinal",
            name=op.f("pk_candidate_educator_preparation_program_associations__d_4acb85cd"),
        ),
    )
    op.create_table(
        "candidate_relationship_to_staff_associations",
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
        sa.Column("staff_person_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_subject", sa.String(length=16), nullable=False),
        sa.Column("candidate_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("staff_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("begin_date", sa.Date(), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("staff_to_candidate_relationship_descriptor", sa.String(length=306), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", name=op.f("pk_candidate_relationship_to_staff_associations")
        ),
    )
    op.create_index(
        "ix_candidate_relationship_to_staff_associations_ends",
        "candidate_relationship_to_staff_associations",
        ["provider_id", "to_version", "record_id"],
        unique=False,
    )
    op.create_table(
        "candidates",
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
        sa.Column("person_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("person_source_system_descriptor", sa.String(length=306), nullable=True),
        sa.Column("background_check_background_check_status_descriptor", sa.String(length=306), nullable=True),
        sa.Column("background_check_background_check_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("background_check_background_check_completed_date", sa.Date(), nullable=True),
        sa.Column("background_check_background_check_requested_date", sa.Date(), nullable=True),
        sa.Column("birth_city", sa.String(length=30), nullable=True),
        sa.Column("birth_country_descriptor", sa.String(length=306), nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("birth_international_province", sa.String(length=150), nullable=True),
        sa.Column("birth_sex_descriptor", sa.String(length=306), nullable=True),
        sa.Column("birth_state_abbreviation_descriptor", sa.String(length=306), nullable=True),
        sa.Column("citizenship_status_descriptor", sa.String(length=306), nullable=True),
        sa.Column("date_entered_u_s", sa.Date(), nullable=True),
        sa.Column("displacement_status", sa.String(length=30), nullable=True),
        sa.Column("economic_disadvantage_descriptor", sa.String(length=306), nullable=True),
        sa.Column("english_language_exam_descriptor", sa.String(length=306), nullable=True),
        sa.Column("first_generation_student", sa.Boolean(), nullable=True),
        sa.Column("gender_identity", sa.String(length=60), nullable=True),
        sa.Column("hispanic_latino_ethnicity", sa.Boolean(), nullable=True),
        sa.Column("limited_english_proficiency_descriptor", sa.String(length=306), nullable=True),
        sa.Column("multiple_birth_status", sa.Boolean(), nullable=True),
        sa.Column("previous_career_descriptor", sa.String(length=306), nullable=True),
        sa.Column("sex_descriptor", sa.String(length=306), nullable=True),
        sa.Column("tuition_cost", sa.Float(precision=53), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", name=op.f("pk_candidates")),
    )
    op.create_index("ix_candidates_ends", "candidates", ["provider_id", "to_version", "record_id"], unique=False)
    op.create_table(
        "candidates__addresses",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("address_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("state_abbreviation_descriptor", sa.String(length=306), nullable=True),
        sa.Column("city", sa.String(length=30), nullable=True),
        sa.Column("postal_code", sa.String(length=17), nullable=True),
        sa.Column("locale_descriptor", sa.String(length=306), nullable=True),
        sa.Column("congressional_district", sa.String(length=30), nullable=True),
        sa.Column("county_f_i_p_s_code", sa.String(length=5), nullable=True),
        sa.Column("do_not_publish_indicator", sa.Boolean(), nullable=True),
        sa.Column("name_of_county", sa.String(length=30), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_candidates__addresses")),
    )
    op.create_table(
        "candidates__characteristics",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("candidate_characteristic_descriptor", sa.String(length=306), nullable=True),
        sa.Column("begin_date", sa.Date(), nullable=True),
        sa.Column("designated_by", sa.String(length=60), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_candidates__characteristics")),
    )
    op.create_table(
        "candidates__disabilities",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("disability_descriptor", sa.String(length=306), nullable=True),
        sa.Column("disability_determination_source_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("order_of_disability", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_candidates__disabilities")),
    )
    op.create_table(
        "candidates__electronic_mails",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("electronic_mail_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("do_not_publish_indicator", sa.Boolean(), nullable=True),
        sa.Column("primary_email_address_indicator", sa.Boolean(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_candidates__electronic_mails")
        ),
    )
    op.create_table(
        "candidates__epp_program_degrees",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("academic_subject_descriptor", sa.String(length=306), nullable=True),
        sa.Column("epp_degree_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("grade_level_descriptor", sa.String(length=306), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_candidates__epp_program_degrees")
        ),
    )
    op.create_table(
        "candidates__indicators",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("begin_date", sa.Date(), nullable=True),
        sa.Column("indicator_name", sa.String(length=200), nullable=True),
        sa.Column("designated_by", sa.String(length=60), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("indicator", sa.String(length=60), nullable=True),
        sa.Column("indicator_group", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_candidates__indicators")),
    )
    op.create_table(
        "candidates__international_addresses",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("address_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("country_descriptor", sa.String(length=306), nullable=True),
        sa.Column("begin_date", sa.Date(), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_candidates__international_addresses")
        ),
    )
    op.create_table(
        "candidates__languages",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("language_descriptor", sa.String(length=306), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_candidates__languages")),
    )
    op.create_table(
        "candidates__other_names",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("other_name_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_candidates__other_names")),
    )
    op.create_table(
        "candidates__races",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("race_descriptor", sa.String(length=306), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_candidates__races")),
    )
    op.create_table(
        "candidates__telephones",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("telephone_number_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("do_not_publish_indicator", sa.Boolean(), nullable=True),
        sa.Column("order_of_priority", sa.BigInteger(), nullable=True),
        sa.Column("text_message_capability_indicator", sa.Boolean(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_candidates__telephones")),
    )
    op.create_table(
        "candidates__visas",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("visa_descriptor", sa.String(length=306), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_candidates__visas")),
    )
    op.create_table(
        "certification_exam_results",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("to_version", sa.BigInteger(), nullable=True),
        sa.Column("source_id", sa.String(length=128), nullable=False),
        sa.Column("source_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("maintainer", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(length=32), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("examinee_subject", sa.String(length=16), nullable=False),
        sa.Column("person_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("certification_exam_date", sa.Date(), nullable=True),
        sa.Column("certification_exam_certification_exam_identifier", sa.String(length=120), nullable=True),
        sa.Column("certification_exam_namespace", sa.String(length=255), nullable=True),
        sa.Column("person_source_system_descriptor", sa.String(length=306), nullable=True),
        sa.Column("attempt_number", sa.BigInteger(), nullable=True),
        sa.Column("certification_exam_pass_indicator", sa.Boolean(), nullable=True),
        sa.Column("certification_exam_score", sa.Float(precision=53), nullable=True),
        sa.Column("certification_exam_status_descriptor", sa.String(length=306), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", name=op.f("pk_certification_exam_results")),
    )
    op.create_index(
        "ix_certification_exam_results_ends",
        "certification_exam_results",
        ["provider_id", "to_version", "record_id"],
        unique=False,
    )
    op.create_table(
        "client",
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("institution_id", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("purposes", sa.JSON(), nullable=False),
        sa.Column("default_purpose", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("locked_until", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_client")),
    )
    op.create_table(
        "credentials",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("to_version", sa.BigInteger(), nullable=True),
        sa.Column("source_id", sa.String(length=128), nullable=False),
        sa.Column("source_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("maintainer", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(length=32), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("holder_subject", sa.String(length=16), nullable=False),
        sa.Column("person_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("state_of_issue_state_abbreviation_descriptor", sa.String(length=306), nullable=True),
        sa.Column("certification_certification_identifier", sa.String(length=120), nullable=True),
        sa.Column("certification_namespace", sa.String(length=255), nullable=True),
        sa.Column("person_source_system_descriptor", sa.String(length=306), nullable=True),
        sa.Column("board_certification_indicator", sa.Boolean(), nullable=True),
        sa.Column("certification_route_descriptor", sa.String(length=306), nullable=True),
        sa.Column("certification_title", sa.String(length=64), nullable=True),
        sa.Column("credential_field_descriptor", sa.String(length=306), nullable=True),
        sa.Column("credential_status_date", sa.Date(), nullable=True),
        sa.Column("credential_status_descriptor", sa.String(length=306), nullable=True),
        sa.Column("credential_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("educator_role_descriptor", sa.String(length=306), nullable=True),
        sa.Column("effective_date", sa.Date(), nullable=True),
        sa.Column("expiration_date", sa.Date(), nullable=True),
        sa.Column("issuance_date", sa.Date(), nullable=True),
        sa.Column("namespace", sa.String(length=255), nullable=True),
        sa.Column("teaching_credential_basis_descriptor", sa.String(length=306), nullable=True),
        sa.Column("teaching_credential_descriptor", sa.String(length=306), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", name=op.f("pk_credentials")),
    )
    op.create_index("ix_credentials_ends", "credentials", ["provider_id", "to_version", "record_id"], unique=False)
    op.create_table(
        "credentials__academic_subjects",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("academic_subject_descriptor", sa.String(length=306), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_credentials__academic_subjects")
        ),
    )
    op.create_table(
        "credentials__endorsements",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("credential_endorsement", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_credentials__endorsements")),
    )
    op.create_table(
        "credentials__grade_levels",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("grade_level_descriptor", sa.String(length=306), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_credentials__grade_levels")),
    )
    op.create_table(
        "educator_preparation_programs",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("to_version", sa.BigInteger(), nullable=True),
        sa.Column("source_id", sa.String(length=128), nullable=False),
        sa.Column("source_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("maintainer", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(length=32), nullable=False),
        sa.Column("education_organization_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("program_name", sa.String(length=255), nullable=True),
        sa.Column("program_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("education_organization_education_organization_id", sa.BigInteger(), nullable=True),
        sa.Column("accreditation_status_descriptor", sa.String(length=306), nullable=True),
        sa.Column("program_id", sa.String(length=20), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", name=op.f("pk_educator_preparation_programs")),
    )
    op.create_index(
        "ix_educator_preparation_programs_ends",
        "educator_preparation_programs",
        ["provider_id", "to_version", "record_id"],
        unique=False,
    )
    op.create_table(
        "educator_preparation_programs__grade_levels",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("grade_level_descriptor", sa.String(length=306), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_educator_preparation_programs__grade_levels")
        ),
    )
    op.create_table(
        "evaluations",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("to_version", sa.BigInteger(), nullable=True),
        sa.Column("source_id", sa.String(length=128), nullable=False),
        sa.Column("source_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("maintainer", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(length=32), nullable=False),
        sa.Column("evaluation_title", sa.String(length=50), nullable=True),
        sa.Column("performance_evaluation_education_organization_id", sa.BigInteger(), nullable=True),
        sa.Column("performance_evaluation_evaluation_period_descriptor", sa.String(length=306), nullable=True),
        sa.Column("performance_evaluation_performance_evaluation_title", sa.String(length=50), nullable=True),
        sa.Column("performance_evaluation_performance_evaluation_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("performance_evaluation_school_year", sa.BigInteger(), nullable=True),
        sa.Column("performance_evaluation_term_descriptor", sa.String(length=306), nullable=True),
        sa.Column("evaluation_description", sa.String(length=255), nullable=True),
        sa.Column("evaluation_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("inter_rater_reliability_score", sa.BigInteger(), nullable=True),
        sa.Column("max_numeric_rating", sa.Float(precision=53), nullable=True),
        sa.Column("min_numeric_rating", sa.Float(precision=53), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", name=op.f("pk_evaluations")),
    )
    op.create_index("ix_evaluations_ends", "evaluations", ["provider_id", "to_version", "record_id"], unique=False)
    op.create_table(
        "evaluations__rating_levels",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("evaluation_rating_level_descriptor", sa.String(length=306), nullable=True),
        sa.Column("max_numeric_rating", sa.Float(precision=53), nullable=True),
        sa.Column("min_numeric_rating", sa.Float(precision=53), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_evaluations__rating_levels")),
    )
    op.create_table(
        "fieldwork_experiences",
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
        sa.Column("educator_preparation_program_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("school_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("student_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("begin_date", sa.Date(), nullable=True),
        sa.Column("educator_preparation_program_education_organization_id", sa.BigInteger(), nullable=True),
        sa.Column("educator_preparation_program_program_name", sa.String(length=255), nullable=True),
        sa.Column("educator_preparation_program_program_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("school_school_id", sa.BigInteger(), nullable=True),
        sa.Column("coteaching_coteaching_begin_date", sa.Date(), nullable=True),
        sa.Column("coteaching_coteaching_end_date", sa.Date(), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("fieldwork_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("hours_completed", sa.Float(precision=53), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", name=op.f("pk_fieldwork_experiences")),
    )
    op.create_index(
        "ix_fieldwork_experiences_ends", "fieldwork_experiences", ["provider_id", "to_version", "record_id"], unique=False
    )
    op.create_table(
        "financial_aids",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("to_version", sa.BigInteger(), nullable=True),
        sa.Column("source_id", sa.String(length=128), nullable=False),
        sa.Column("source_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("maintainer", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(length=32), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("student_subject", sa.String(length=16), nullable=False),
        sa.Column("student_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("aid_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("begin_date", sa.Date(), nullable=True),
        sa.Column("aid_amount", sa.Float(precision=53), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("pell_grant_recipient", sa.Boolean(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", name=op.f("pk_financial_aids")),
    )
    op.create_index("ix_financial_aids_ends", "financial_aids", ["provider_id", "to_version", "record_id"], unique=False)
    op.create_table(
        "key_registry",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("key_space", sa.String(length=100), nullable=False),
        sa.Column("source_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "key_space", "source_key", name=op.f("pk_key_registry")),
    )
    op.create_index(op.f("ix_key_registry_provider_id_record_id"), "key_registry", ["provider_id", "record_id"], unique=True)
    op.create_table(
        "local_education_agencies",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("to_version", sa.BigInteger(), nullable=True),
        sa.Column("source_id", sa.String(length=128), nullable=False),
        sa.Column("source_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("maintainer", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(length=32), nullable=False),
        sa.Column("parent_local_education_agency_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("local_education_agency_id", sa.BigInteger(), nullable=True),
        sa.Column("education_service_center_education_service_center_id", sa.BigInteger(), nullable=True),
        sa.Column("parent_local_education_agency_local_education_agency_id", sa.BigInteger(), nullable=True),
        sa.Column("state_education_agency_state_education_agency_id", sa.BigInteger(), nullable=True),
        sa.Column("charter_status_descriptor", sa.String(length=306), nullable=True),
        sa.Column("federal_locale_code_descriptor", sa.String(length=306), nullable=True),
        sa.Column("local_education_agency_category_descriptor", sa.String(length=306), nullable=True),
        sa.Column("name_of_institution", sa.String(length=75), nullable=True),
        sa.Column("operational_status_descriptor", sa.String(length=306), nullable=True),
        sa.Column("short_name_of_institution", sa.String(length=75), nullable=True),
        sa.Column("web_site", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", name=op.f("pk_local_education_agencies")),
    )
    op.create_index(
        "ix_local_education_agencies_ends", "local_education_agencies", ["provider_id", "to_version", "record_id"], unique=False
    )
    op.create_table(
        "local_education_agencies__accountabilities",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("gun_free_schools_act_reporting_status_descriptor", sa.String(length=306), nullable=True),
        sa.Column("school_choice_implement_status_descriptor", sa.String(length=306), nullable=True),
        sa.Column("school_year_type_school_year", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_local_education_agencies__accountabilities")
        ),
    )
    op.create_table(
        "local_education_agencies__addresses",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("address_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("state_abbreviation_descriptor", sa.String(length=306), nullable=True),
        sa.Column("city", sa.String(length=30), nullable=True),
        sa.Column("postal_code", sa.String(length=17), nullable=True),
        sa.Column("street_number_name", sa.String(length=150), nullable=True),
        sa.Column("locale_descriptor", sa.String(length=306), nullable=True),
        sa.Column("apartment_room_suite_number", sa.String(length=50), nullable=True),
        sa.Column("building_site_number", sa.String(length=20), nullable=True),
        sa.Column("congressional_district", sa.String(length=30), nullable=True),
        sa.Column("county_f_i_p_s_code", sa.String(length=5), nullable=True),
        sa.Column("do_not_publish_indicator", sa.Boolean(), nullable=True),
        sa.Column("latitude", sa.String(length=20), nullable=True),
        sa.Column("longitude", sa.String(length=20), nullable=True),
        sa.Column("name_of_county", sa.String(length=30), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_local_education_agencies__addresses")
        ),
    )
    op.create_table(
        "local_education_agencies__categories",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("education_organization_category_descriptor", sa.String(length=306), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_local_education_agencies__categories")
        ),
    )
    op.create_table(
        "local_education_agencies__federal_funds",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("fiscal_year", sa.BigInteger(), nullable=True),
        sa.Column("innovative_dollars_spent", sa.Float(precision=53), nullable=True),
        sa.Column("innovative_dollars_spent_strategic_priorities", sa.Float(precision=53), nullable=True),
        sa.Column("innovative_programs_funds_received", sa.Float(precision=53), nullable=True),
        sa.Column("school_improvement_allocation", sa.Float(precision=53), nullable=True),
        sa.Column("school_improvement_reserved_funds_percentage", sa.Float(precision=53), nullable=True),
        sa.Column("state_assessment_administration_funding", sa.Float(precision=53), nullable=True),
        sa.Column("supplemental_educational_services_funds_spent", sa.Float(precision=53), nullable=True),
        sa.Column("supplemental_educational_services_per_pupil_expenditure", sa.Float(precision=53), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_local_education_agencies__federal_funds")
        ),
    )
    op.create_table(
        "local_education_agencies__indicators",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("indicator_descriptor", sa.String(length=306), nullable=True),
        sa.Column("indicator_group_descriptor", sa.String(length=306), nullable=True),
        sa.Column("indicator_level_descriptor", sa.String(length=306), nullable=True),
        sa.Column("designated_by", sa.String(length=60), nullable=True),
        sa.Column("indicator_value", sa.String(length=60), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_local_education_agencies__indicators")
        ),
    )
    op.create_table(
        "local_education_agencies__institution_telephones",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("institution_telephone_number_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("telephone_number", sa.String(length=24), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id",
            "record_id",
            "from_version",
            "ordinal",
            name=op.f("pk_local_education_agencies__institution_telephones"),
        ),
    )
    op.create_table(
        "local_education_agencies__international_addresses",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("address_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("country_descriptor", sa.String(length=306), nullable=True),
        sa.Column("address_line1", sa.String(length=150), nullable=True),
        sa.Column("address_line2", sa.String(length=150), nullable=True),
        sa.Column("address_line3", sa.String(length=150), nullable=True),
        sa.Column("address_line4", sa.String(length=150), nullable=True),
        sa.Column("begin_date", sa.Date(), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("latitude", sa.String(length=20), nullable=True),
        sa.Column("longitude", sa.String(length=20), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id",
            "record_id",
            "from_version",
            "ordinal",
            name=op.f("pk_local_education_agencies__international_addresses"),
        ),
    )
    op.create_table(
        "open_staff_position_events",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("to_version", sa.BigInteger(), nullable=True),
        sa.Column("source_id", sa.String(length=128), nullable=False),
        sa.Column("source_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("maintainer", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(length=32), nullable=False),
        sa.Column("open_staff_position_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("event_date", sa.Date(), nullable=True),
        sa.Column("open_staff_position_event_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("open_staff_position_education_organization_id", sa.BigInteger(), nullable=True),
        sa.Column("open_staff_position_requisition_number", sa.String(length=20), nullable=True),
        sa.Column("open_staff_position_event_status_descriptor", sa.String(length=306), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", name=op.f("pk_open_staff_position_events")),
    )
    op.create_index(
        "ix_open_staff_position_events_ends",
        "open_staff_position_events",
        ["provider_id", "to_version", "record_id"],
        unique=False,
    )
    op.create_table(
        "open_staff_positions",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("to_version", sa.BigInteger(), nullable=True),
        sa.Column("source_id", sa.String(length=128), nullable=False),
        sa.Column("source_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("maintainer", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(length=32), nullable=False),
        sa.Column("education_organization_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("requisition_number", sa.String(length=20), nullable=True),
        sa.Column("education_organization_education_organization_id", sa.BigInteger(), nullable=True),
        sa.Column("school_year_type_school_year", sa.BigInteger(), nullable=True),
        sa.Column("date_posted", sa.Date(), nullable=True),
        sa.Column("date_posting_removed", sa.Date(), nullable=True),
        sa.Column("employment_status_descriptor", sa.String(length=306), nullable=True),
        sa.Column("full_time_equivalency", sa.Float(precision=53), nullable=True),
        sa.Column("funding_source_descriptor", sa.String(length=306), nullable=True),
        sa.Column("high_need_academic_subject", sa.Boolean(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=True),
        sa.Column("max_salary", sa.Float(precision=53), nullable=True),
        sa.Column("min_salary", sa.Float(precision=53), nullable=True),
        sa.Column("open_staff_position_reason_descriptor", sa.String(length=306), nullable=True),
        sa.Column("position_control_number", sa.String(length=20), nullable=True),
        sa.Column("position_title", sa.String(length=100), nullable=True),
        sa.Column("posting_result_descriptor", sa.String(length=306), nullable=True),
        sa.Column("program_assignment_descriptor", sa.String(length=306), nullable=True),
        sa.Column("staff_classification_descriptor", sa.String(length=306), nullable=True),
        sa.Column("term_descriptor", sa.String(length=306), nullable=True),
        sa.Column("total_budgeted", sa.Float(precision=53), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", name=op.f("pk_open_staff_positions")),
    )
    op.create_index(
        "ix_open_staff_positions_ends", "open_staff_positions", ["provider_id", "to_version", "record_id"], unique=False
    )
    op.create_table(
        "open_staff_positions__academic_subjects",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("academic_subject_descriptor", sa.String(length=306), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_open_staff_positions__academic_subjects")
        ),
    )
    op.create_table(
        "open_staff_positions__instructional_grade_levels",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("grade_level_descriptor", sa.String(length=306), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id",
            "record_id",
            "from_version",
            "ordinal",
            name=op.f("pk_open_staff_positions__instructional_grade_levels"),
        ),
    )
    op.create_table(
        "opt_out",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("to_version", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "person_id", "from_version", name=op.f("pk_opt_out")),
    )
    op.create_table(
        "people",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("to_version", sa.BigInteger(), nullable=True),
        sa.Column("source_id", sa.String(length=128), nullable=False),
        sa.Column("source_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("maintainer", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(length=32), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("person_subject", sa.String(length=16), nullable=False),
        sa.Column("source_system_descriptor", sa.String(length=306), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", name=op.f("pk_people")),
    )
    op.create_index("ix_people_ends", "people", ["provider_id", "to_version", "record_id"], unique=False)
    op.create_table(
        "performance_evaluation_ratings",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("to_version", sa.BigInteger(), nullable=True),
        sa.Column("source_id", sa.String(length=128), nullable=False),
        sa.Column("source_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("maintainer", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(length=32), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("evaluatee_subject", sa.String(length=16), nullable=False),
        sa.Column("person_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("performance_evaluation_education_organization_id", sa.BigInteger(), nullable=True),
        sa.Column("performance_evaluation_evaluation_period_descriptor", sa.String(length=306), nullable=True),
        sa.Column("performance_evaluation_performance_evaluation_title", sa.String(length=50), nullable=True),
        sa.Column("performance_evaluation_performance_evaluation_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("performance_evaluation_school_year", sa.BigInteger(), nullable=True),
        sa.Column("performance_evaluation_term_descriptor", sa.String(length=306), nullable=True),
        sa.Column("person_source_system_descriptor", sa.String(length=306), nullable=True),
        sa.Column("actual_date", sa.Date(), nullable=True),
        sa.Column("actual_duration", sa.BigInteger(), nullable=True),
        sa.Column("actual_time", sa.Text(), nullable=True),
        sa.Column("announced", sa.Boolean(), nullable=True),
        sa.Column("coteaching_style_observed_descriptor", sa.String(length=306), nullable=True),
        sa.Column("performance_evaluation_rating_level_descriptor", sa.String(length=306), nullable=True),
        sa.Column("schedule_date", sa.Date(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", name=op.f("pk_performance_evaluation_ratings")),
    )
    op.create_index(
        "ix_performance_evaluation_ratings_ends",
        "performance_evaluation_ratings",
        ["provider_id", "to_version", "record_id"],
        unique=False,
    )
    op.create_table(
        "performance_evaluation_ratings__results",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("numeric_rating", sa.Float(precision=53), nullable=True),
        sa.Column("rating_result_title", sa.String(length=50), nullable=True),
        sa.Column("result_datatype_type_descriptor", sa.String(length=306), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_performance_evaluation_ratings__results")
        ),
    )
    op.create_table(
        "person_counter",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("last_person_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", name=op.f("pk_person_counter")),
    )
    op.create_table(
        "post_secondary_institutions",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("to_version", sa.BigInteger(), nullable=True),
        sa.Column("source_id", sa.String(length=128), nullable=False),
        sa.Column("source_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("maintainer", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(length=32), nullable=False),
        sa.Column("post_secondary_institution_id", sa.BigInteger(), nullable=True),
        sa.Column("administrative_funding_control_descriptor", sa.String(length=306), nullable=True),
        sa.Column("federal_locale_code_descriptor", sa.String(length=306), nullable=True),
        sa.Column("name_of_institution", sa.String(length=75), nullable=True),
        sa.Column("operational_status_descriptor", sa.String(length=306), nullable=True),
        sa.Column("post_secondary_institution_level_descriptor", sa.String(length=306), nullable=True),
        sa.Column("short_name_of_institution", sa.String(length=75), nullable=True),
        sa.Column("web_site", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", name=op.f("pk_post_secondary_institutions")),
    )
    op.create_index(
        "ix_post_secondary_institutions_ends",
        "post_secondary_institutions",
        ["provider_id", "to_version", "record_id"],
        unique=False,
    )
    op.create_table(
        "post_secondary_institutions__addresses",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("address_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("state_abbreviation_descriptor", sa.String(length=306), nullable=True),
        sa.Column("city", sa.String(length=30), nullable=True),
        sa.Column("postal_code", sa.String(length=17), nullable=True),
        sa.Column("street_number_name", sa.String(length=150), nullable=True),
        sa.Column("locale_descriptor", sa.String(length=306), nullable=True),
        sa.Column("apartment_room_suite_number", sa.String(length=50), nullable=True),
        sa.Column("building_site_number", sa.String(length=20), nullable=True),
        sa.Column("congressional_district", sa.String(length=30), nullable=True),
        sa.Column("county_f_i_p_s_code", sa.String(length=5), nullable=True),
        sa.Column("do_not_publish_indicator", sa.Boolean(), nullable=True),
        sa.Column("latitude", sa.String(length=20), nullable=True),
        sa.Column("longitude", sa.String(length=20), nullable=True),
        sa.Column("name_of_county", sa.String(length=30), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_post_secondary_institutions__addresses")
        ),
    )
    op.create_table(
        "post_secondary_institutions__categories",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("education_organization_category_descriptor", sa.String(length=306), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_post_secondary_institutions__categories")
        ),
    )
    op.create_table(
        "post_secondary_institutions__indicators",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("indicator_descriptor", sa.String(length=306), nullable=True),
        sa.Column("indicator_group_descriptor", sa.String(length=306), nullable=True),
        sa.Column("indicator_level_descriptor", sa.String(length=306), nullable=True),
        sa.Column("designated_by", sa.String(length=60), nullable=True),
        sa.Column("indicator_value", sa.String(length=60), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_post_secondary_institutions__indicators")
        ),
    )
    op.create_table(
        "post_secondary_institutions__institution_telephones",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("institution_telephone_number_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("telephone_number", sa.String(length=24), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id",
            "record_id",
            "from_version",
            "ordinal",
            name=op.f("pk_post_secondary_institutions__institution_telephones"),
        ),
    )
    op.create_table(
        "post_secondary_institutions__international_addresses",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("address_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("country_descriptor", sa.String(length=306), nullable=True),
        sa.Column("address_line1", sa.String(length=150), nullable=True),
        sa.Column("address_line2", sa.String(length=150), nullable=True),
        sa.Column("address_line3", sa.String(length=150), nullable=True),
        sa.Column("address_line4", sa.String(length=150), nullable=True),
        sa.Column("begin_date", sa.Date(), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("latitude", sa.String(length=20), nullable=True),
        sa.Column("longitude", sa.String(length=20), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id",
            "record_id",
            "from_version",
            "ordinal",
            name=op.f("pk_post_secondary_institutions__international_addresses"),
        ),
    )
    op.create_table(
        "post_secondary_institutions__medium_of_instructions",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("medium_of_instruction_descriptor", sa.String(length=306), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id",
            "record_id",
            "from_version",
            "ordinal",
            name=op.f("pk_post_secondary_institutions__medium_of_instructions"),
        ),
    )
    op.create_table(
        "promotion",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("resource", sa.String(length=100), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("inserted", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("deleted", sa.BigInteger(), nullable=False),
        sa.Column("unchanged", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "resource", "version", name=op.f("pk_promotion")),
    )
    op.create_table(
        "quarantine",
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("resource", sa.String(length=100), nullable=False),
        sa.Column("file", sa.String(length=400), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("column_name", sa.String(length=200), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "position", name=op.f("pk_quarantine")),
    )
    op.create_index(op.f("ix_quarantine_provider_id_resource"), "quarantine", ["provider_id", "resource"], unique=False)
    op.create_table(
        "resource_head",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("resource", sa.String(length=100), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("promoted_at", sa.String(length=32), nullable=False),
        sa.Column("stored_elements", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "resource", name=op.f("pk_resource_head")),
    )
    op.create_table(
        "schools",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("to_version", sa.BigInteger(), nullable=True),
        sa.Column("source_id", sa.String(length=128), nullable=False),
        sa.Column("source_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("maintainer", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(length=32), nullable=False),
        sa.Column("local_education_agency_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("post_secondary_institution_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("school_id", sa.BigInteger(), nullable=True),
        sa.Column("charter_approval_school_year_type_school_year", sa.BigInteger(), nullable=True),
        sa.Column("local_education_agency_local_education_agency_id", sa.BigInteger(), nullable=True),
        sa.Column("post_secondary_institution_post_secondary_institution_id", sa.BigInteger(), nullable=True),
        sa.Column("accreditation_status_descriptor", sa.String(length=306), nullable=True),
        sa.Column("administrative_funding_control_descriptor", sa.String(length=306), nullable=True),
        sa.Column("charter_approval_agency_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("charter_status_descriptor", sa.String(length=306), nullable=True),
        sa.Column("federal_locale_code_descriptor", sa.String(length=306), nullable=True),
        sa.Column("improving_school", sa.Boolean(), nullable=True),
        sa.Column("internet_access_descriptor", sa.String(length=306), nullable=True),
        sa.Column("magnet_special_program_emphasis_school_descriptor", sa.String(length=306), nullable=True),
        sa.Column("name_of_institution", sa.String(length=75), nullable=True),
        sa.Column("operational_status_descriptor", sa.String(length=306), nullable=True),
        sa.Column("school_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("short_name_of_institution", sa.String(length=75), nullable=True),
        sa.Column("title_i_part_a_school_designation_descriptor", sa.String(length=306), nullable=True),
        sa.Column("web_site", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", name=op.f("pk_schools")),
    )
    op.create_index("ix_schools_ends", "schools", ["provider_id", "to_version", "record_id"], unique=False)
    op.create_table(
        "schools__addresses",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("address_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("state_abbreviation_descriptor", sa.String(length=306), nullable=True),
        sa.Column("city", sa.String(length=30), nullable=True),
        sa.Column("postal_code", sa.String(length=17), nullable=True),
        sa.Column("street_number_name", sa.String(length=150), nullable=True),
        sa.Column("locale_descriptor", sa.String(length=306), nullable=True),
        sa.Column("apartment_room_suite_number", sa.String(length=50), nullable=True),
        sa.Column("building_site_number", sa.String(length=20), nullable=True),
        sa.Column("congressional_district", sa.String(length=30), nullable=True),
        sa.Column("county_f_i_p_s_code", sa.String(length=5), nullable=True),
        sa.Column("do_not_publish_indicator", sa.Boolean(), nullable=True),
        sa.Column("latitude", sa.String(length=20), nullable=True),
        sa.Column("longitude", sa.String(length=20), nullable=True),
        sa.Column("name_of_county", sa.String(length=30), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_schools__addresses")),
    )
    op.create_table(
        "schools__education_organization_categories",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("education_organization_category_descriptor", sa.String(length=306), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_schools__education_organization_categories")
        ),
    )
    op.create_table(
        "schools__grade_levels",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("grade_level_descriptor", sa.String(length=306), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_schools__grade_levels")),
    )
    op.create_table(
        "schools__indicators",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("indicator_descriptor", sa.String(length=306), nullable=True),
        sa.Column("indicator_group_descriptor", sa.String(length=306), nullable=True),
        sa.Column("indicator_level_descriptor", sa.String(length=306), nullable=True),
        sa.Column("designated_by", sa.String(length=60), nullable=True),
        sa.Column("indicator_value", sa.String(length=60), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_schools__indicators")),
    )
    op.create_table(
        "schools__institution_telephones",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("institution_telephone_number_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("telephone_number", sa.String(length=24), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_schools__institution_telephones")
        ),
    )
    op.create_table(
        "schools__international_addresses",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("address_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("country_descriptor", sa.String(length=306), nullable=True),
        sa.Column("address_line1", sa.String(length=150), nullable=True),
        sa.Column("address_line2", sa.String(length=150), nullable=True),
        sa.Column("address_line3", sa.String(length=150), nullable=True),
        sa.Column("address_line4", sa.String(length=150), nullable=True),
        sa.Column("begin_date", sa.Date(), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("latitude", sa.String(length=20), nullable=True),
        sa.Column("longitude", sa.String(length=20), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_schools__international_addresses")
        ),
    )
    op.create_table(
        "schools__school_categories",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("school_category_descriptor", sa.String(length=306), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_schools__school_categories")),
    )
    op.create_table(
        "staff_education_organization_assignment_associations",
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
        sa.Column("credential_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("education_organization_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("employment_staff_education_organization_employment_ass_9ff5de2f", sa.BigInteger(), nullable=True),
        sa.Column("staff_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("begin_date", sa.Date(), nullable=True),
        sa.Column("staff_classification_descriptor", sa.String(length=306), nullable=True),
        sa.Column("credential_state_of_issue_state_abbreviation_descriptor", sa.String(length=306), nullable=True),
        sa.Column("education_organization_education_organization_id", sa.BigInteger(), nullable=True),
        sa.Column("employment_staff_education_organization_employment_ass_ed2d081a", sa.BigInteger(), nullable=True),
        sa.Column("employment_staff_education_organization_employment_ass_d572aa5b", sa.String(length=306), nullable=True),
        sa.Column("employment_staff_education_organization_employment_ass_14f1b7c5", sa.Date(), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("full_time_equivalency", sa.Float(precision=53), nullable=True),
        sa.Column("order_of_assignment", sa.BigInteger(), nullable=True),
        sa.Column("position_title", sa.String(length=100), nullable=True),
        sa.Column("years_of_experience_at_current_education_organization", sa.Float(precision=53), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", name=op.f("pk_staff_education_organization_assignment_associations")
        ),
    )
    op.create_index(
        "ix_staff_education_organization_assignment_associations_ends",
        "staff_education_organization_assignment_associations",
        ["provider_id", "to_version", "record_id"],
        unique=False,
    )
    op.create_table(
        "staff_education_organization_employment_associations",
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
        sa.Column("credential_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("education_organization_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("staff_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("employment_status_descriptor", sa.String(length=306), nullable=True),
        sa.Column("hire_date", sa.Date(), nullable=True),
        sa.Column("credential_state_of_issue_state_abbreviation_descriptor", sa.String(length=306), nullable=True),
        sa.Column("education_organization_education_organization_id", sa.BigInteger(), nullable=True),
        sa.Column("annual_wage", sa.Float(precision=53), nullable=True),
        sa.Column("department", sa.String(length=60), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("full_time_equivalency", sa.Float(precision=53), nullable=True),
        sa.Column("hourly_wage", sa.Float(precision=53), nullable=True),
        sa.Column("length_of_contract_descriptor", sa.String(length=306), nullable=True),
        sa.Column("offer_date", sa.Date(), nullable=True),
        sa.Column("probation_complete_date", sa.Date(), nullable=True),
        sa.Column("salary_salary_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("salary_salary_amount", sa.Float(precision=53), nullable=True),
        sa.Column("salary_salary_max_range", sa.BigInteger(), nullable=True),
        sa.Column("salary_salary_min_range", sa.BigInteger(), nullable=True),
        sa.Column("separation_descriptor", sa.String(length=306), nullable=True),
        sa.Column("separation_reason_descriptor", sa.String(length=306), nullable=True),
        sa.Column("tenured", sa.Boolean(), nullable=True),
        sa.Column("tenure_track", sa.Boolean(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", name=op.f("pk_staff_education_organization_employment_associations")
        ),
    )
    op.create_index(
        "ix_staff_education_organization_employment_associations_ends",
        "staff_education_organization_employment_associations",
        ["provider_id", "to_version", "record_id"],
        unique=False,
    )
    op.create_table(
        "staff_education_organization_employment_associations___b935cfdc",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("credential_field_descriptor", sa.String(length=306), nullable=True),
        sa.Column("name_of_institution", sa.String(length=75), nullable=True),
        sa.Column("years_experience", sa.Float(precision=53), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id",
            "record_id",
            "from_version",
            "ordinal",
            name=op.f("pk_staff_education_organization_employment_associations___b935cfdc"),
        ),
    )
    op.create_table(
        "staff_education_organization_employment_associations___e8f7f96c",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("background_check_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("background_check_status_descriptor", sa.String(length=306), nullable=True),
        sa.Column("background_check_completed_date", sa.Date(), nullable=True),
        sa.Column("background_check_requested_date", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id",
            "record_id",
            "from_version",
            "ordinal",
            name=op.f("pk_staff_education_organization_employment_associations___e8f7f96c"),
        ),
    )
    op.create_table(
        "staff_educator_preparation_program_associations",
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
        sa.Column("educator_preparation_program_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("staff_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("educator_preparation_program_education_organization_id", sa.BigInteger(), nullable=True),
        sa.Column("educator_preparation_program_program_name", sa.String(length=255), nullable=True),
        sa.Column("educator_preparation_program_program_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("begin_date", sa.Date(), nullable=True),
        sa.Column("completer", sa.Boolean(), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", name=op.f("pk_staff_educator_preparation_program_associations")
        ),
    )
    op.create_index(
        "ix_staff_educator_preparation_program_associations_ends",
        "staff_educator_preparation_program_associations",
        ["provider_id", "to_version", "record_id"],
        unique=False,
    )
    op.create_table(
        "staffs",
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
        sa.Column("open_staff_position_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("person_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("open_staff_position_education_organization_id", sa.BigInteger(), nullable=True),
        sa.Column("open_staff_position_requisition_number", sa.String(length=20), nullable=True),
        sa.Column("person_source_system_descriptor", sa.String(length=306), nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("educator_research_research_experience_date", sa.Date(), nullable=True),
        sa.Column("highest_completed_level_of_education_descriptor", sa.String(length=306), nullable=True),
        sa.Column("highly_qualified_teacher", sa.Boolean(), nullable=True),
        sa.Column("years_of_prior_professional_experience", sa.Float(precision=53), nullable=True),
        sa.Column("years_of_prior_teaching_experience", sa.Float(precision=53), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", name=op.f("pk_staffs")),
    )
    op.create_index("ix_staffs_ends", "staffs", ["provider_id", "to_version", "record_id"], unique=False)
    op.create_table(
        "staffs__credentials",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("credential_state_of_issue_state_abbreviation_descriptor", sa.String(length=306), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_staffs__credentials")),
    )
    op.create_table(
        "staffs__educator_preparation_programs",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("educator_preparation_program_education_organization_id", sa.BigInteger(), nullable=True),
        sa.Column("educator_preparation_program_program_name", sa.String(length=255), nullable=True),
        sa.Column("educator_preparation_program_program_type_descriptor", sa.String(length=306), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_staffs__educator_preparation_programs")
        ),
    )
    op.create_table(
        "staffs__highly_qualified_academic_subjects",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("academic_subject_descriptor", sa.String(length=306), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_staffs__highly_qualified_academic_subjects")
        ),
    )
    op.create_table(
        "staffs__other_names",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("other_name_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_staffs__other_names")),
    )
    op.create_table(
        "staffs__recognitions",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("recognition_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("achievement_category_descriptor", sa.String(length=306), nullable=True),
        sa.Column("achievement_category_system", sa.String(length=60), nullable=True),
        sa.Column("criteria_u_r_l", sa.String(length=255), nullable=True),
        sa.Column("image_u_r_l", sa.String(length=255), nullable=True),
        sa.Column("issuer_name", sa.String(length=150), nullable=True),
        sa.Column("issuer_origin_u_r_l", sa.String(length=255), nullable=True),
        sa.Column("recognition_award_date", sa.Date(), nullable=True),
        sa.Column("recognition_award_expires_date", sa.Date(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_staffs__recognitions")),
    )
    op.create_table(
        "state_epoch",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_state_epoch_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_state_epoch")),
    )
    op.create_table(
        "survey_question_responses",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("to_version", sa.BigInteger(), nullable=True),
        sa.Column("source_id", sa.String(length=128), nullable=False),
        sa.Column("source_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("maintainer", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(length=32), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("respondent_subject", sa.String(length=16), nullable=False),
        sa.Column("survey_question_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("survey_response_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("survey_question_namespace", sa.String(length=255), nullable=True),
        sa.Column("survey_question_question_code", sa.String(length=120), nullable=True),
        sa.Column("survey_question_survey_identifier", sa.String(length=120), nullable=True),
        sa.Column("survey_response_namespace", sa.String(length=255), nullable=True),
        sa.Column("survey_response_survey_identifier", sa.String(length=120), nullable=True),
        sa.Column("no_response", sa.Boolean(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", name=op.f("pk_survey_question_responses")),
    )
    op.create_index(
        "ix_survey_question_responses_ends",
        "survey_question_responses",
        ["provider_id", "to_version", "record_id"],
        unique=False,
    )
    op.create_table(
        "survey_question_responses__survey_question_matrix_elem_f273a0b1",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("matrix_element", sa.String(length=255), nullable=True),
        sa.Column("max_numeric_response", sa.BigInteger(), nullable=True),
        sa.Column("min_numeric_response", sa.BigInteger(), nullable=True),
        sa.Column("no_response", sa.Boolean(), nullable=True),
        sa.Column("numeric_response", sa.BigInteger(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id",
            "record_id",
            "from_version",
            "ordinal",
            name=op.f("pk_survey_question_responses__survey_question_matrix_elem_f273a0b1"),
        ),
    )
    op.create_table(
        "survey_question_responses__values",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("survey_question_response_value_identifier", sa.BigInteger(), nullable=True),
        sa.Column("numeric_response", sa.BigInteger(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_survey_question_responses__values")
        ),
    )
    op.create_table(
        "survey_questions",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("to_version", sa.BigInteger(), nullable=True),
        sa.Column("source_id", sa.String(length=128), nullable=False),
        sa.Column("source_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("maintainer", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(length=32), nullable=False),
        sa.Column("survey_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("survey_section_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("question_code", sa.String(length=120), nullable=True),
        sa.Column("survey_namespace", sa.String(length=255), nullable=True),
        sa.Column("survey_survey_identifier", sa.String(length=120), nullable=True),
        sa.Column("survey_section_namespace", sa.String(length=255), nullable=True),
        sa.Column("survey_section_survey_identifier", sa.String(length=120), nullable=True),
        sa.Column("survey_section_survey_section_title", sa.String(length=255), nullable=True),
        sa.Column("question_form_descriptor", sa.String(length=306), nullable=True),
        sa.Column("question_text", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", name=op.f("pk_survey_questions")),
    )
    op.create_index("ix_survey_questions_ends", "survey_questions", ["provider_id", "to_version", "record_id"], unique=False)
    op.create_table(
        "survey_questions__matrices",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("matrix_element", sa.String(length=255), nullable=True),
        sa.Column("max_raw_score", sa.BigInteger(), nullable=True),
        sa.Column("min_raw_score", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_survey_questions__matrices")),
    )
    op.create_table(
        "survey_questions__response_choices",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("sort_order", sa.BigInteger(), nullable=True),
        sa.Column("numeric_value", sa.BigInteger(), nullable=True),
        sa.Column("text_value", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_survey_questions__response_choices")
        ),
    )
    op.create_table(
        "survey_response_person_target_associations",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("to_version", sa.BigInteger(), nullable=True),
        sa.Column("source_id", sa.String(length=128), nullable=False),
        sa.Column("source_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("maintainer", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(length=32), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("target_subject", sa.String(length=16), nullable=False),
        sa.Column("respondent_person_id", sa.BigInteger(), nullable=False),
        sa.Column("respondent_subject", sa.String(length=16), nullable=False),
        sa.Column("person_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("survey_response_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("person_source_system_descriptor", sa.String(length=306), nullable=True),
        sa.Column("survey_response_namespace", sa.String(length=255), nullable=True),
        sa.Column("survey_response_survey_identifier", sa.String(length=120), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", name=op.f("pk_survey_response_person_target_associations")
        ),
    )
    op.create_index(
        "ix_survey_response_person_target_associations_ends",
        "survey_response_person_target_associations",
        ["provider_id", "to_version", "record_id"],
        unique=False,
    )
    op.create_table(
        "survey_responses",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("to_version", sa.BigInteger(), nullable=True),
        sa.Column("source_id", sa.String(length=128), nullable=False),
        sa.Column("source_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("maintainer", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(length=32), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("respondent_subject", sa.String(length=16), nullable=False),
        sa.Column("person_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("staff_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("student_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("survey_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("person_source_system_descriptor", sa.String(length=306), nullable=True),
        sa.Column("survey_namespace", sa.String(length=255), nullable=True),
        sa.Column("survey_survey_identifier", sa.String(length=120), nullable=True),
        sa.Column("response_date", sa.Date(), nullable=True),
        sa.Column("response_time", sa.BigInteger(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", name=op.f("pk_survey_responses")),
    )
    op.create_index("ix_survey_responses_ends", "survey_responses", ["provider_id", "to_version", "record_id"], unique=False)
    op.create_table(
        "survey_responses__survey_levels",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("survey_level_descriptor", sa.String(length=306), nullable=True),
        sa.PrimaryKeyConstraint(
            "provider_id", "record_id", "from_version", "ordinal", name=op.f("pk_survey_responses__survey_levels")
        ),
    )
    op.create_table(
        "survey_sections",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("to_version", sa.BigInteger(), nullable=True),
        sa.Column("source_id", sa.String(length=128), nullable=False),
        sa.Column("source_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("maintainer", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(length=32), nullable=False),
        sa.Column("survey_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("survey_section_title", sa.String(length=255), nullable=True),
        sa.Column("evaluation_element_education_organization_id", sa.BigInteger(), nullable=True),
        sa.Column("evaluation_element_evaluation_element_title", sa.String(length=255), nullable=True),
        sa.Column("evaluation_element_evaluation_objective_title", sa.String(length=50), nullable=True),
        sa.Column("evaluation_element_evaluation_period_descriptor", sa.String(length=306), nullable=True),
        sa.Column("evaluation_element_evaluation_title", sa.String(length=50), nullable=True),
        sa.Column("evaluation_element_performance_evaluation_title", sa.String(length=50), nullable=True),
        sa.Column("evaluation_element_performance_evaluation_type_descriptor", sa.String(length=306), nullable=True),
        sa.Column("evaluation_element_school_year", sa.BigInteger(), nullable=True),
        sa.Column("evaluation_element_term_descriptor", sa.String(length=306), nullable=True),
        sa.Column("survey_namespace", sa.String(length=255), nullable=True),
        sa.Column("survey_survey_identifier", sa.String(length=120), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", name=op.f("pk_survey_sections")),
    )
    op.create_index("ix_survey_sections_ends", "survey_sections", ["provider_id", "to_version", "record_id"], unique=False)
    op.create_table(
        "surveys",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("to_version", sa.BigInteger(), nullable=True),
        sa.Column("source_id", sa.String(length=128), nullable=False),
        sa.Column("source_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("maintainer", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(length=32), nullable=False),
        sa.Column("education_organization_reference_id", sa.BigInteger(), nullable=True),
        sa.Column("namespace", sa.String(length=255), nullable=True),
        sa.Column("survey_identifier", sa.String(length=120), nullable=True),
        sa.Column("education_organization_education_organization_id", sa.BigInteger(), nullable=True),
        sa.Column("school_year_type_school_year", sa.BigInteger(), nullable=True),
        sa.Column("session_school_id", sa.BigInteger(), nullable=True),
        sa.Column("session_school_year", sa.BigInteger(), nullable=True),
        sa.Column("session_session_name", sa.String(length=120), nullable=True),
        sa.Column("number_administered", sa.BigInteger(), nullable=True),
        sa.Column("survey_category_descriptor", sa.String(length=306), nullable=True),
        sa.Column("survey_title", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", "record_id", "from_version", name=op.f("pk_surveys")),
    )
    op.create_index("ix_surveys_ends", "surveys", ["provider_id", "to_version", "record_id"], unique=False)
    op.create_table(
        "sync_run",
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("source_id", sa.String(length=128), nullable=False),
        sa.Column("resource", sa.String(length=100), nullable=False),
        sa.Column("started_at", sa.String(length=32), nullable=False),
        sa.Column("ended_at", sa.String(length=32), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("read", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("quarantined", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("failure", sa.String(length=400), nullable=True),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_sync_run")),
    )
    op.create_index(
        op.f("ix_sync_run_provider_id_resource_started_at"), "sync_run", ["provider_id", "resource", "started_at"], unique=False
    )
    op.create_table(
        "token_revoked",
        sa.Column("token_id", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token_id", name=op.f("pk_token_revoked")),
    )
    op.create_table(
        "wrapped_key",
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("owner_kind", sa.String(length=16), nullable=False),
        sa.Column("owner_id", sa.String(length=128), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("wrapped_by", sa.String(length=64), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.Column("retired_at", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_wrapped_key")),
    )
    op.create_index(
        op.f("ix_wrapped_key_owner_kind_owner_id_purpose"), "wrapped_key", ["owner_kind", "owner_id", "purpose"], unique=False
    )
    op.create_table(
        "agreement_grant",
        sa.Column("recipient_id", sa.String(length=64), nullable=False),
        sa.Column("resource", sa.String(length=100), nullable=False),
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("agreement_id", sa.String(length=128), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("schedule", sa.String(length=128), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement_id", "version"],
            ["agreement.agreement_id", "agreement.version"],
            name=op.f("fk_agreement_grant_agreement_id"),
        ),
        sa.PrimaryKeyConstraint(
            "recipient_id", "resource", "provider_id", "agreement_id", "version", "schedule", name=op.f("pk_agreement_grant")
        ),
    )
    op.create_index(op.f("ix_agreement_grant_provider_id_resource"), "agreement_grant", ["provider_id", "resource"], unique=False)
    op.create_table(
        "agreement_signature",
        sa.Column("agreement_id", sa.String(length=128), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("institution_id", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("method", sa.String(length=32), nullable=False),
        sa.Column("signer", sa.String(length=200), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement_id", "version"],
            ["agreement.agreement_id", "agreement.version"],
            name=op.f("fk_agreement_signature_agreement_id"),
        ),
        sa.PrimaryKeyConstraint("agreement_id", "version", "institution_id", name=op.f("pk_agreement_signature")),
    )
    op.create_table(
        "agreement_state",
        sa.Column("agreement_id", sa.String(length=128), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("to_version", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement_id", "version"],
            ["agreement.agreement_id", "agreement.version"],
            name=op.f("fk_agreement_state_agreement_id"),
        ),
        sa.PrimaryKeyConstraint("agreement_id", "version", "from_version", name=op.f("pk_agreement_state")),
    )
    op.create_table(
        "client_credential",
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("credential_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("public_jwk", sa.JSON(), nullable=True),
        sa.Column("secret_hash", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.Column("retired_at", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.client_id"], name=op.f("fk_client_credential_client_id")),
        sa.PrimaryKeyConstraint("client_id", "credential_id", name=op.f("pk_client_credential")),
    )
    op.bulk_insert(sa.table("state_epoch", sa.column("id", sa.Integer), sa.column("epoch", sa.BigInteger)), [{"id": 1, "epoch": 0}])
    _guard_the_log()


def _guard_the_log() -> None:
    """Entries and nodes of the log are only ever added. (Details are deleted when a register key's time is over.)"""
    message = "the audit log is append-only"
    if op.get_bind().dialect.name == "sqlite":
        for table in ("audit_entry", "audit_node"):
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{message}'); END"
                )
        return
    op.execute(
        f"CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{message}'; END $$"
    )
    for table in ("audit_entry", "audit_node"):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()"
        )


def downgrade() -> None:
    raise NotImplementedError("Migrations go forward only; restore the backup made before the upgrade.")
