package ferpa

import data.agreement

persons := data.catalog.resources[input.request.resource].persons

bases[role] := agreement.chosen.persons[role] if some role, _ in persons

# METADATA
# title: Who opted out of directory information is absent
# custom:
#   id: F-37-B
#   citation: 34 CFR 99.37(a)(2) and (b)
excluded_opt_outs := sort([role | some role, _ in persons; agreement.chosen.persons[role].basis == "a11_directory"])

# METADATA
# title: Nobody whom the legal basis does not fit, and no K-12 student, is served
# custom:
#   id: GW-SUB-01
#   citation: 34 CFR 99.3 (Education records, (b)(3))
excluded_subjects[role] := sort(others) if {
	some case in agreement.judged
	some role, person in persons
	others := {type | some type in person.subject_types} - served(case, role)
	count(others) > 0
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

notice_needed if identifies_somebody(agreement.judged[0])

default release := null

# What a de-identified view is frozen at. Its quasi-identifiers are those that the agreement lists for each person.
release := {
	"version": agreement.chosen.release.version,
	"smallest_class": agreement.chosen.release.smallest_class,
	"quasi_identifiers": sort(listed_quasi_identifiers(agreement.judged[0])),
} if {
	is_deidentified(agreement.judged[0])
}

# The rules that a permit on these bases has satisfied.
held contains rule if {
	some case in agreement.judged
	some stated in case.stated
	some rule in held_on[stated.basis.basis]
}

held_on := {
	"consent": {"F-30-1"},
	"a1_school_official": {"F-31-A1ii", "GW-FIT-02"},
	"a2_enrollment": {"F-31-A2"},
	"a3_audit_eval": {"F-35-3", "F-EXP"},
	"a6_study": {"F-31-A6-2", "F-EXP"},
	"a7_accreditation": {"GW-FIT-01"},
	"a11_directory": {"F-3-DIR", "F-37-A", "F-37-B", "F-37-D", "F-37-E", "GW-DIR-01"},
	"b1_deidentified": held_of_deidentified,
	"b2_coded_research": (held_of_deidentified | {"F-31-B2ii", "F-31-B2iii"}),
}

held_of_deidentified := {
	"F-3-PIIg",
	"F-31-B1",
	"GW-DEI-01",
	"GW-DEI-02",
	"GW-DEI-03",
	"GW-DEI-04",
	"GW-DEI-05",
	"GW-DEI-06",
}
