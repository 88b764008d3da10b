# METADATA
# title: FERPA
# description: The rules of 34 CFR part 99 that a request can break. Ids are those of the project's checklist.
package ferpa

import data.agreement
import data.disclosure

# METADATA
# title: The agreement names no legal basis that the gateway knows for somebody in these records
# custom:
#   id: F-31-0
#   citation: 34 CFR 99.31(a)
deny contains rego.metadata.rule() if {
	agreement.chosen
	not every_basis_is_known
}

# METADATA
# title: A legal basis of the agreement has no citation
# custom:
#   id: GW-BAS-01
#   citation: 34 CFR 99.31(a)
deny contains rego.metadata.rule() if {
	agreement.chosen
	not every_basis_is_cited
}

# METADATA
# title: A legal basis of the agreement does not fit the people whom these records are about
# custom:
#   id: F-3-SUBJ
#   citation: 34 CFR 99.3 (Education records, (b)(3))
deny contains rego.metadata.rule() if {
	agreement.chosen
	not every_basis_fits
}

# METADATA
# title: The agreement releases as directory information an element that cannot be directory information
# custom:
#   id: F-3-DIR
#   citation: 34 CFR 99.3 (Directory information)
deny contains rego.metadata.rule() if {
	agreement.chosen
	not directory_elements_only
}

# METADATA
# title: The agreement has no redisclosure notice to send with these records
# custom:
#   id: F-33-D
#   citation: 34 CFR 99.33(d)
deny contains rego.metadata.rule() if {
	agreement.chosen
	notice_needed
	not notice_at_hand
}

# METADATA
# title: No official has determined that a release under this agreement is de-identified
# custom:
#   id: F-31-B1
#   citation: 34 CFR 99.31(b)(1)
deny contains rego.metadata.rule() if {
	agreement.chosen
	deidentified
	not determined
}

# METADATA
# title: De-identified records answer no question about a known person, so they are not filtered
# custom:
#   id: F-3-PIIg
#   citation: 34 CFR 99.3 (Personally identifiable information, (g))
deny contains rego.metadata.rule() if {
	agreement.chosen
	deidentified
	not asks_for_nobody
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

# A school's records of these are education records; records of the others as employees or applicants are not.
students := {"candidate", "alumnus", "k12_student"}

not_students := {"applicant", "employee", "nobody"}

persons := data.catalog.resources[input.request.resource].persons

bases[role] := agreement.chosen.persons[role] if some role, _ in persons

every_basis_is_known if {
	agreement.chosen.legal_basis.basis in grounds
	every role, _ in persons { agreement.chosen.persons[role].basis in grounds }
}

every_basis_is_cited if {
	disclosure.is_text(agreement.chosen.legal_basis.citation)
	every role, _ in persons { disclosure.is_text(agreement.chosen.persons[role].citation) }
}

every_basis_fits if {
	is_object(agreement.chosen.persons)
	every role, named in agreement.chosen.persons { fits(named.basis, persons[role].subject_types) }
}

fits("none_not_education_record", types) if all_of(types, not_students)

fits("a11_directory", types) if all_of(types, students)

fits(basis, types) if {
	not basis in {"none_not_education_record", "a11_directory"}
	all_of(types, students | not_students)
}

all_of(types, wanted) if {
	count(types) > 0
	every type in types { type in wanted }
}

directory_elements_only if count(excluded_opt_outs) == 0

directory_elements_only if {
	every path, _ in disclosure.released { not_by_directory_alone(path) }
}

not_by_directory_alone(path) if disclosure.catalog_elements[path].directory == true

not_by_directory_alone(path) if disclosure.catalog_elements[path].person == null

not_by_directory_alone(path) if {
	role := disclosure.catalog_elements[path].person
	agreement.chosen.persons[role].basis != "a11_directory"
}

# METADATA
# title: Who opted out of directory information is absent
# custom:
#   id: F-37-B
#   citation: 34 CFR 99.37(a)(2) and (b)
excluded_opt_outs := sort([role | some role, _ in persons; agreement.chosen.persons[role].basis == "a11_directory"])

deidentified if {
	some role, _ in persons
	agreement.chosen.persons[role].basis in {"b1_deidentified", "b2_coded_research"}
}

determined if {
	is_number(agreement.chosen.release.version)
	is_number(agreement.chosen.release.smallest_class)
	is_array(quasi_identifiers)
}

asks_for_nobody if input.request.filters == []

quasi_identifiers := agreement.chosen.legal_basis.details.quasi_identifiers

default release := null

# The promoted version that the determination was made on, and what its classes are made of.
release := {
	"version": agreement.chosen.release.version,
	"smallest_class": agreement.chosen.release.smallest_class,
	"quasi_identifiers": quasi_identifiers,
} if {
	deidentified
}

# No K-12 student is served record by record, whatever an agreement says.
excluded_subjects[role] := ["k12_student"] if {
	some role, person in persons
	"k12_student" in person.subject_types
}

consents[role] := agreement.chosen.persons[role].details.form.id if {
	some role, _ in persons
	agreement.chosen.persons[role].basis == "consent"
}

# METADATA
# title: The client is authenticated and belongs to the party that the agreement names as recipient
# description: >-
#   Authentication comes before the decision; a permit is only found among agreements of the client's own institution.
# custom:
#   id: F-31-C
#   citation: 34 CFR 99.31(c)
bound_to_the_party if agreement.chosen.recipient == input.principal.institution

default notice_needed := false

notice_needed if {
	some role, _ in persons
	not needs_no_notice(role)
}

needs_no_notice(role) if agreement.chosen.persons[role].basis in {"none_not_education_record", "b1_deidentified"}

notice_at_hand if disclosure.is_text(agreement.chosen.redisclosure.notice)
