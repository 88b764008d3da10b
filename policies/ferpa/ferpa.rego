# METADATA
# title: FERPA
# description: >-
#   The rules of 34 CFR part 99 about whose record it is and on which ground it flows. Ids are those of the project's checklist.
#   A `fault` is the agreement's: the check of a file tells it, and each request is refused for it.
package ferpa

import data.agreement
import data.disclosure

# METADATA
# title: The agreement names no legal basis that the gateway knows for somebody in these records
# custom:
#   id: F-31-0
#   citation: 34 CFR 99.31(a)
#   fix: Name one legal basis of the list for the schedule, the resource or each person of a row
fault contains agreement.told(rego.metadata.rule(), case, ["legal_basis"], "") if {
	some case in agreement.judged
	not every_basis_is_known(case)
}

# METADATA
# title: A legal basis of the agreement has no citation
# custom:
#   id: GW-BAS-01
#   citation: 34 CFR 99.31(a)
#   fix: Add citation, as in "34 CFR 99.31(a)(6)", with the agreement's own section where there is one
fault contains agreement.told(rego.metadata.rule(), case, ["legal_basis"], "") if {
	some case in agreement.judged
	not every_basis_is_cited(case)
}

# METADATA
# title: A legal basis of the agreement does not fit the people whom these records are about
# custom:
#   id: F-3-SUBJ
#   citation: 34 CFR 99.3 (Education records, (b)(3))
#   fix: >-
#     Name under persons a basis that fits. A student's record is an education record; an employee's or applicant's is
#     under state law (none_not_education_record), or flows with consent, under a court's order or de-identified;
#     directory information is a student's
fault contains agreement.told(rego.metadata.rule(), case, ["persons"], "") if {
	some case in agreement.judged
	not every_basis_fits(case)
}

# METADATA
# title: The agreement has no redisclosure notice to send with these records
# custom:
#   id: F-33-D
#   citation: 34 CFR 99.33(d)
#   fix: Add redisclosure with a notice that every answer carries
fault contains agreement.told_of_file(rego.metadata.rule(), ["redisclosure"]) if {
	some case in agreement.judged
	identifies_somebody(case)
	not notice_at_hand(case)
}

grounds := {
	"consent",
	"a1_school_official",
	"a2_enrollment",
	"a3_audit_eval",
	"a6_study",
	"a7_accreditation",
	"a9_order_or_subpoena",
	"a10_emergency",
	"a11_directory",
	"a12_self",
	"b1_deidentified",
	"b2_coded_research",
	"none_not_education_record",
}

deidentified := {"b1_deidentified", "b2_coded_research"}

# On which grounds a record of each subject type may flow: a school's records of students are education records, those of
# its employees and applicants are not. No K-12 student is served record by record, whatever an agreement says.
grounds_of := {
	"candidate": grounds_of_students,
	"alumnus": grounds_of_students,
	"k12_student": set(),
	"employee": grounds_of_others,
	"applicant": grounds_of_others,
	"nobody": grounds - {"a11_directory"},
}

grounds_of_students := grounds - {"none_not_education_record"}

grounds_of_others := deidentified | {"consent", "a9_order_or_subpoena", "none_not_education_record"}

every_basis_is_known(case) if {
	case.entry.legal_basis.basis in grounds
	every role, _ in case.persons { case.entry.persons[role].basis in grounds }
}

every_basis_is_cited(case) if {
	disclosure.is_text(case.entry.legal_basis.citation)
	every role, _ in case.persons { disclosure.is_text(case.entry.persons[role].citation) }
}

every_basis_fits(case) if {
	is_object(case.entry.persons)
	every role, _ in case.entry.persons { count(served(case, role)) > 0 }
}

# METADATA
# description: >-
#   The subject types of a role whose rows are served: those whom the basis fits, and no employee who is rated: in records that
#   have ratings of an evaluation, whether they are shown or not, so that taking a rating out of an agreement lets nobody in; and
#   on a list that a rating chooses. On a personnel ground `modules` refuses the ratings.
served(case, role) := {type |
	some type in case.persons[role].subject_types
	case.entry.persons[role].basis in grounds_of[type]
	not is_rated(case, role, type)
}

is_rated(case, role, "employee") if {
	case.entry.persons[role].basis != "none_not_education_record"
	some element in case.elements
	element.floor == "evaluation"
	element.person == role
}

is_rated(case, role, "employee") if {
	case.entry.persons[role].basis != "none_not_education_record"
	some shown in case.read
	shown.element.floor == "evaluation"
	shown.role == role
}

# Whether somebody in the records can be told by them, so that a notice must go with them.
identifies_somebody(case) if {
	some role, _ in case.persons
	not needs_no_notice(case, role)
}

needs_no_notice(case, role) if case.entry.persons[role].basis in (deidentified | {"none_not_education_record"})

notice_at_hand(case) if disclosure.is_text(case.entry.redisclosure.notice)
