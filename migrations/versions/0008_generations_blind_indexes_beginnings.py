"""Keys have generations, sealed identifiers blind indexes, and rows are found by the version that they began in

Revision: 0008, after 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BLIND_INDEXES = (
    # table, column, index
    ("applications", "application_identifier_index", "ix_applications_application_identifier_index"),
    (
        "applications",
        "applicant_profile_applicant_profile_identifier_index",
        "ix_applications_applicant_profile_applicant_profile_id_d13f4365",
    ),
    (
        "candidate_educator_preparation_program_associations",
        "application_applicant_profile_identifier_index",
        "ix_candidate_educator_preparation_program_associations_80bc221a",
    ),
    (
        "candidate_educator_preparation_program_associations",
        "application_application_identifier_index",
        "ix_candidate_educator_preparation_program_associations_c1dea312",
    ),
    (
        "candidate_educator_preparation_program_associations",
        "candidate_candidate_identifier_index",
        "ix_candidate_educator_preparation_program_associations_d7270a38",
    ),
    (
        "candidate_relationship_to_staff_associations",
        "candidate_candidate_identifier_index",
        "ix_candidate_relationship_to_staff_associations_candid_01cfa5ad",
    ),
    (
        "candidate_relationship_to_staff_associations",
        "staff_staff_unique_id_index",
        "ix_candidate_relationship_to_staff_associations_staff__e6fd88d2",
    ),
    ("candidates", "candidate_identifier_index", "ix_candidates_candidate_identifier_index"),
    ("candidates", "person_person_id_index", "ix_candidates_person_person_id_index"),
    ("candidates", "login_id_index", "ix_candidates_login_id_index"),
    (
        "candidates__electronic_mails",
        "electronic_mail_address_index",
        "ix_candidates__electronic_mails_electronic_mail_address_index",
    ),
    ("candidates__telephones", "telephone_number_index", "ix_candidates__telephones_telephone_number_index"),
    ("certification_exam_results", "person_person_id_index", "ix_certification_exam_results_person_person_id_index"),
    ("credentials", "credential_identifier_index", "ix_credentials_credential_identifier_index"),
    ("credentials", "person_person_id_index", "ix_credentials_person_person_id_index"),
    ("fieldwork_experiences", "fieldwork_identifier_index", "ix_fieldwork_experiences_fieldwork_identifier_index"),
    ("fieldwork_experiences", "student_student_unique_id_index", "ix_fieldwork_experiences_student_student_unique_id_index"),
    ("financial_aids", "student_student_unique_id_index", "ix_financial_aids_student_student_unique_id_index"),
    ("people", "person_id_index", "ix_people_person_id_index"),
    ("performance_evaluation_ratings", "person_person_id_index", "ix_performance_evaluation_ratings_person_person_id_index"),
    (
        "staff_education_organization_assignment_associations",
        "credential_credential_identifier_index",
        "ix_staff_education_organization_assignment_association_11b6870e",
    ),
    (
        "staff_education_organization_assignment_associations",
        "employment_staff_education_organization_employment_ass_fe280027",
        "ix_staff_education_organization_assignment_association_6f6ed3f5",
    ),
    (
        "staff_education_organization_assignment_associations",
        "staff_staff_unique_id_index",
        "ix_staff_education_organization_assignment_association_874f0903",
    ),
    (
        "staff_education_organization_employment_associations",
        "credential_credential_identifier_index",
        "ix_staff_education_organization_employment_association_482378cd",
    ),
    (
        "staff_education_organization_employment_associations",
        "staff_staff_unique_id_index",
        "ix_staff_education_organization_employment_association_eddfb791",
    ),
    (
        "staff_educator_preparation_program_associations",
        "staff_staff_unique_id_index",
        "ix_staff_educator_preparation_program_associations_sta_4aa31327",
    ),
    ("staffs", "staff_unique_id_index", "ix_staffs_staff_unique_id_index"),
    ("staffs", "person_person_id_index", "ix_staffs_person_person_id_index"),
    ("staffs", "login_id_index", "ix_staffs_login_id_index"),
    (
        "staffs__credentials",
        "credential_credential_identifier_index",
        "ix_staffs__credentials_credential_credential_identifier_index",
    ),
    (
        "survey_question_responses",
        "survey_response_survey_response_identifier_index",
        "ix_survey_question_responses_survey_response_survey_re_81633da8",
    ),
    (
        "survey_response_person_target_associations",
        "person_person_id_index",
        "ix_survey_response_person_target_associations_person_p_f46ff6b6",
    ),
    (
        "survey_response_person_target_associations",
        "survey_response_survey_response_identifier_index",
        "ix_survey_response_person_target_associations_survey_r_e9e59202",
    ),
    ("survey_responses", "survey_response_identifier_index", "ix_survey_responses_survey_response_identifier_index"),
    ("survey_responses", "contact_contact_unique_id_index", "ix_survey_responses_contact_contact_unique_id_index"),
    ("survey_responses", "person_person_id_index", "ix_survey_responses_person_person_id_index"),
    ("survey_responses", "staff_staff_unique_id_index", "ix_survey_responses_staff_staff_unique_id_index"),
    ("survey_responses", "student_student_unique_id_index", "ix_survey_responses_student_student_unique_id_index"),
    ("survey_responses", "electronic_mail_address_index", "ix_survey_responses_electronic_mail_address_index"),
)
BEGINNINGS = (
    # table, index
    ("applications", "ix_applications_begins"),
    ("candidate_educator_preparation_program_associations", "ix_candidate_educator_preparation_program_associations_begins"),
    ("candidate_relationship_to_staff_associations", "ix_candidate_relationship_to_staff_associations_begins"),
    ("candidates", "ix_candidates_begins"),
    ("certification_exam_results", "ix_certification_exam_results_begins"),
    ("credentials", "ix_credentials_begins"),
    ("educator_preparation_programs", "ix_educator_preparation_programs_begins"),
    ("evaluations", "ix_evaluations_begins"),
    ("fieldwork_experiences", "ix_fieldwork_experiences_begins"),
    ("financial_aids", "ix_financial_aids_begins"),
    ("local_education_agencies", "ix_local_education_agencies_begins"),
    ("open_staff_position_events", "ix_open_staff_position_events_begins"),
    ("open_staff_positions", "ix_open_staff_positions_begins"),
    ("people", "ix_people_begins"),
    ("performance_evaluation_ratings", "ix_performance_evaluation_ratings_begins"),
    ("post_secondary_institutions", "ix_post_secondary_institutions_begins"),
    ("schools", "ix_schools_begins"),
    ("staff_education_organization_assignment_associations", "ix_staff_education_organization_assignment_associations_begins"),
    ("staff_education_organization_employment_associations", "ix_staff_education_organization_employment_associations_begins"),
    ("staff_educator_preparation_program_associations", "ix_staff_educator_preparation_program_associations_begins"),
    ("staffs", "ix_staffs_begins"),
    ("survey_question_responses", "ix_survey_question_responses_begins"),
    ("survey_questions", "ix_survey_questions_begins"),
    ("survey_response_person_target_associations", "ix_survey_response_person_target_associations_begins"),
    ("survey_responses", "ix_survey_responses_begins"),
    ("survey_sections", "ix_survey_sections_begins"),
    ("surveys", "ix_surveys_begins"),
)


def upgrade() -> None:
    op.add_column("wrapped_key", sa.Column("generation", sa.Integer(), server_default="1", nullable=False))
    for table, column, index in BLIND_INDEXES:
        op.add_column(table, sa.Column(column, sa.LargeBinary(length=16), nullable=True))
        op.create_index(index, table, ["provider_id", column])
    for table, index in BEGINNINGS:
        op.create_index(index, table, ["provider_id", "from_version", "record_id"])


def downgrade() -> None:
    raise NotImplementedError("Migrations go forward only; restore the backup made before the upgrade.")
